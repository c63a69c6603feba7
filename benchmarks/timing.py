"""Time steps in turn, so that other load on the machine affects all of them alike."""

import argparse
import statistics
import sys
import time

from benchmarks.steps import Seconds, Step
from warmup.training.flops import count_flops


def compare(
    steps: dict[str, Step], options: argparse.Namespace, title: str
) -> tuple[dict[str, list[Seconds]], dict[str, int]]:
    """Return the time of each step in each round, and its operations as PyTorch counts them.

    Args:
        steps: by variant, `sft` among them.
        options: `warm_up` is the number of untimed steps, of which the first counts operations.
            Timing goes on until `rounds` rounds are done and `seconds` seconds have passed.
        title: begins each line of progress.
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
            say(f"{title}  round {done + 1}, ms: {shown}")
    return times, counts


def spread(values: list[float]) -> dict[str, float]:
    """Return median and quartiles."""
    if len(values) == 1:
        return dict.fromkeys(("median", "lower", "upper"), values[0])
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "lower": lower, "upper": upper}


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)
