"""Training steps side by side: time, operations, distance to the floor, peak memory.

Command line: `python -m benchmarks.speed --help`.
"""

import argparse
import dataclasses
import statistics
import warnings
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from benchmarks import floor, grpo, machine, memory, table, weights
from benchmarks.shapes import SHAPES
from benchmarks.steps import prepare
from benchmarks.timing import compare, say, spread
from benchmarks.variants import VARIANTS
from warmup.common.errors import run
from warmup.common.files import write_json, write_text


def measure(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of one shape, one per variant."""
    shape, device, dtype = SHAPES[name], options.device, options.dtype
    threads = min(options.threads, shape.threads or options.threads)
    torch.set_num_threads(threads)
    missing = {"grpo": reason} if (reason := grpo.unavailable(shape)) else {}
    variants = [variant for variant in options.variants if variant not in missing]
    say(f"{name}  {', '.join(variants)}")
    model, steps = prepare(shape, variants, device, dtype)
    times, counts = compare(steps, options, name)
    network = weights.measure(model.network)
    del model, steps
    update = statistics.median(one.update for one in times["sft"])
    rows = []
    for variant in variants:
        pairs = list(zip(times[variant], times["sft"], strict=True))
        row = {
            "shape": name,
            "variant": variant,
            "threads": threads,
            "rounds": len(pairs),
            "ms": spread([1000 * one.total for one, _ in pairs]),
            "processor_ms": spread([1000 * one.processor for one, _ in pairs]),
            "ratio": spread([one.total / sft.total for one, sft in pairs]),
            "processor_ratio": spread([one.processor / sft.processor for one, sft in pairs]),
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
            threads=row["threads"],
        )
        shown = f"{row['mib']['peak']:.0f} MiB" if row["mib"] else "failed"
        say(f"{row['shape']}  {row['variant']}  {shown}")


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
    threads = torch.get_num_threads()
    add("--threads", type=int, default=threads, help="CPU threads; tiny networks take one")
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
    run(main)
