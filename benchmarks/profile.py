"""Where the time of a step goes: its operations by the time that each takes itself.

Command line: `python -m benchmarks.profile --help`.
"""

import argparse
import warnings

import torch
from torch.profiler import ProfilerActivity, profile
from transformers.utils import logging

from benchmarks.shapes import SHAPES
from benchmarks.steps import prepare
from benchmarks.variants import VARIANTS
from warmup.common.errors import run

WARM_UP = 2


def shares(shape: str, variant: str, device: str, dtype: str) -> list[tuple[str, float, int]]:
    """Return each operation of one step with its share of the time and its number of calls."""
    _, steps = prepare(SHAPES[shape], [variant], device, dtype)
    for number in range(WARM_UP):
        steps[variant](number)
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device == "cuda")
    with profile(activities=kinds) as found:
        steps[variant](WARM_UP)
    events = found.key_averages()
    times = {
        event.key: event.self_device_time_total if device == "cuda" else event.self_cpu_time_total
        for event in events
    }
    total = sum(times.values())
    counts = {event.key: event.count for event in events}
    ranked = sorted(times, key=lambda name: -times[name])
    return [(name, times[name] / total, counts[name]) for name in ranked]


def main() -> None:
    """Print the operations of a training step that take the most time, as a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile",
        description=main.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--shape", choices=SHAPES, default="t5_small", help="network and batch")
    add("--variant", choices=VARIANTS, default="exact", help="step")
    add("--threads", type=int, default=torch.get_num_threads(), help="CPU threads")
    add("--device", choices=["cpu", "cuda"], default="cpu", help="where the network is")
    add("--dtype", choices=["float32", "bfloat16"], default="float32", help="type of the weights")
    add("--rows", type=int, default=12, help="operations to show")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    print("| operation | time | calls |\n| --- | ---: | ---: |")
    rows = shares(options.shape, options.variant, options.device, options.dtype)
    for name, share, count in rows[: options.rows]:
        print(f"| `{name}` | {100 * share:.1f}% | {count:,} |")


if __name__ == "__main__":
    run(main)
