"""Training steps side by side: time, operations, distance to the floor, peak memory.

Command line: `python -m benchmarks.speed --help`.
"""

import argparse
import dataclasses
import statistics
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from benchmarks import floor, grpo, machine, memory, table
from benchmarks.shapes import SHAPES
from benchmarks.steps import VARIANTS, Seconds, Step, prepare
from warmup.files import write_json, write_text
from warmup.flops import count_flops


def compare(
    steps: dict[str, Step], options: argparse.Namespace, title: str
) -> tuple[dict[str, list[Seconds]], dict[str, int]]:
    """Time steps in turn, so that what else the machine does falls on all of them.

    Returns:
        What each step took in each round, and the operations of one step as PyTorch counts them.
    """
    counts: dict[str, int] = {}
    for name, step in steps.items():
        with count_flops() as counter:
            step(0)
        counts[name] = counter.get_total_flops()
    for number in range(1, options.warm_up):
        for step in steps.values():
            step(number)
    times: dict[str, list[Seconds]] = {name: [] for name in steps}
    began = said = time.perf_counter()
    while (
        done := len(times["sft"])
    ) < options.rounds or time.perf_counter() < began + options.seconds:
        for name, step in steps.items():
            times[name].append(step(options.warm_up + done))
        if time.perf_counter() > said + 5:
            said = time.perf_counter()
            shown = "  ".join(f"{name} {1000 * all_[-1].total:.0f}" for name, all_ in times.items())
            _say(f"{title}  round {done + 1}, ms: {shown}")
    return times, counts


def measure(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of one shape, one for each variant."""
    shape, device, dtype = SHAPES[name], options.device, options.dtype
    missing = {"grpo": reason} if (reason := grpo.unavailable(shape)) else {}
    variants = [variant for variant in options.variants if variant not in missing]
    _say(f"{name}  {', '.join(variants)}")
    model, steps = prepare(shape, variants, device, dtype)
    times, counts = compare(steps, options, name)
    network = floor.measure(model.network)
    del model, steps
    reference = [one.total for one in times["sft"]]
    update = statistics.median(one.update for one in times["sft"])
    rows = []
    for variant in variants:
        total = [one.total for one in times[variant]]
        row = {
            "shape": name,
            "variant": variant,
            "ms": spread([1000 * value for value in total]),
            "rounds": len(total),
            "ratio": spread([a / b for a, b in zip(total, reference, strict=True)]),
            "flops": counts[variant],
            "flops_ratio": counts[variant] / counts["sft"],
        }
        if variant in floor.FLOORS:
            works = floor.FLOORS[variant](network, shape)
            row["floor_flops"] = floor.flops(works)
            row["floor_ms"] = 1000 * (floor.seconds(network, works, device, dtype) + update)
            row["floor_distance"] = row["ms"]["median"] / row["floor_ms"]
        rows.append(row)
    if options.memory:
        _add_memory(rows, options)
    absent = [v for v in options.variants if v in missing]
    return rows + [{"shape": name, "variant": v, "note": missing[v]} for v in absent]


def _add_memory(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Add each variant's peak memory."""
    for row in rows:
        row["mib"] = memory.peak_of(
            row["shape"],
            row["variant"],
            device=options.device,
            dtype=options.dtype,
            threads=options.threads,
        )
        shown = f"{row['mib']['peak']:.0f} MiB" if row["mib"] else "failed"
        _say(f"{row['shape']}  {row['variant']}  {shown}")


def spread(values: list[float]) -> dict[str, float]:
    """Return median and quartiles."""
    if len(values) == 1:
        return dict.fromkeys(("median", "lower", "upper"), values[0])
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "lower": lower, "upper": upper}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=main.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES), help="networks and batches")
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="with sft")
    add("--rounds", type=int, default=7, help="timed steps of each variant, in turn, at least")
    add(
        "--seconds",
        type=float,
        default=20,
        help="more rounds until so much time is spent on a shape",
    )
    add("--warm-up", type=int, default=2, help="steps before; the first counts operations")
    add("--threads", type=int, default=1, help="CPU threads")
    add("--device", choices=["cpu", "cuda"], default="cpu", help="where the network is")
    add("--dtype", choices=["float32", "bfloat16"], default="float32", help="type of the weights")
    add("--memory", action=argparse.BooleanOptionalAction, default=True, help="measure peak memory")
    add("--out", type=Path, default=Path("results/benchmarks"), help="folder for the results")
    options = parser.parse_args()
    if options.rounds < 1 or options.warm_up < 1 or "sft" not in options.variants:
        parser.error("at least one round, one warm-up step and the variant sft are needed")
    return options


def main() -> None:
    """Time training steps side by side; write speed.json and speed.tsv and print the table."""
    options = parse()
    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    result: dict[str, Any] = {
        "provenance": machine.describe(options),
        "shapes": {name: dataclasses.asdict(SHAPES[name]) for name in options.shapes},
        "rows": [],
    }
    for name in options.shapes:
        result["rows"] += measure(name, options)
        write_json(options.out / "speed.json", result)  # what is there stays if the rest fails
        write_text(options.out / "speed.tsv", table.tsv(result))
    print(table.markdown(result))


if __name__ == "__main__":
    main()
