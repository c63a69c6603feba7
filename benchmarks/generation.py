"""Generation side by side: `warmup generate` and plain `generate()` on the same inputs.

Both generate warmup and output in one pass, by greedy or beam search, and keep the form `c SEP y`.
Ours sorts inputs by length and adds log-probabilities; plain takes them in the order of the file.
Both load the checkpoint each time, as a command does.

Command line: `python -m benchmarks.generation --help`.
"""

import argparse
import contextlib
import io
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from benchmarks import machine, plain
from benchmarks.shapes import SEED, SHAPES, Shape, build
from benchmarks.timing import spread
from warmup.common.errors import run
from warmup.common.files import write_json
from warmup.config.settings import CheckpointFormat
from warmup.data import tokenizer_training
from warmup.data.records import Record, Unlabelled
from warmup.generation.prediction import predict, read_inputs
from warmup.models import loading
from warmup.models.checkpoint_format import write_format

Texts = list[str]
"""Warmup and output of each record as one text."""


def ours(folder: Path, records: list[Record], batch_size: int, beams: int) -> Texts:
    """Generate as `warmup generate` does."""
    with contextlib.redirect_stderr(io.StringIO()):  # its progress
        rows = list(predict(folder, records, task=None, beams=beams, batch_size=batch_size))
    return [f"{row.warmup} | {row.output}" for row in rows]


WAYS: dict[str, Callable[[Path, list[Record], int, int], Texts]] = {
    "ours": ours,
    "plain": plain.generate,
}


def write_random_checkpoint(shape: Shape, folder: Path) -> None:
    """Write a network with random weights as training would."""
    model = build(shape)
    loading.save(model, folder)
    form = CheckpointFormat(
        architecture=shape.architecture,
        separator=tokenizer_training.RESERVED[0],
        prompt_end=tokenizer_training.RESERVED[1],
        dtype="float32",
        task="summarization",
        max_warmup_tokens=shape.warmup,
        max_source_tokens=shape.source,
        max_target_tokens=shape.target,
    )
    write_format(folder, form)


def random_records(shape: Shape, size: int) -> list[Record]:
    """Return records of 1 to S random words."""
    draw = random.Random(SEED)
    words = [f"w{i}" for i in range(shape.vocabulary - 5)]
    return [
        Unlabelled(id=str(i), source=" ".join(draw.choices(words, k=draw.randint(1, shape.source))))
        for i in range(size)
    ]


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generation",
        description=main.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--shape", choices=SHAPES, default="t5_small", help="network with random weights")
    add("--model", type=Path, help="a trained checkpoint instead, with --input")
    add("--input", type=Path, help="records for --model (JSON lines)")
    add("--size", type=int, default=64, help="sequences")
    add("--batch-size", type=int, default=32, help="inputs at once")
    add("--beams", type=int, nargs="+", default=[1, 4], help="beam widths; 1 is greedy")
    add("--rounds", type=int, default=3, help="runs of each, in turn, after one that is not timed")
    add("--threads", type=int, default=1, help="CPU threads")
    add("--out", type=Path, default=Path("results/benchmarks"), help="folder for the result")
    options = parser.parse_args()
    if (options.model is None) != (options.input is None):
        parser.error("--model and --input belong together")
    options.device = "cuda" if torch.cuda.is_available() else "cpu"
    return options


def main() -> None:
    """Time `warmup generate` and plain generate(); write generation.json, print the speeds."""
    options = parse()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.model or Path(temporary)
        if options.model:
            records = list(read_inputs(options.input))[: options.size]
        else:
            write_random_checkpoint(SHAPES[options.shape], folder)
            records = random_records(SHAPES[options.shape], options.size)
        rows = [compare(folder, records, options, beams) for beams in options.beams]
    write_json(
        options.out / "generation.json",
        {"provenance": machine.describe(options), "sequences": len(records), "rows": rows},
    )
    for row in rows:
        speeds = "  ".join(
            f"{name} {values['median']:.1f}" for name, values in row["per_second"].items()
        )
        print(
            f"beams {row['beams']}: sequences per second: {speeds}; ratio "
            f"{row['ratio']['median']:.2f}; {row['equal']} of {len(records)} outputs are equal"
        )


def compare(
    folder: Path, records: list[Record], options: argparse.Namespace, beams: int
) -> dict[str, Any]:
    """Return the sequences per second of both, timed in turn, and how many outputs are equal."""
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    for number in range(options.rounds + 1):
        texts = {}
        for name, way in WAYS.items():
            began = time.perf_counter()
            texts[name] = way(folder, records, options.batch_size, beams)
            if number:
                rates[name].append(len(records) / (time.perf_counter() - began))
    return {
        "beams": beams,
        "per_second": {name: spread(values) for name, values in rates.items()},
        "ratio": spread([a / b for a, b in zip(rates["ours"], rates["plain"], strict=True)]),
        "equal": sum(a == b for a, b in zip(texts["ours"], texts["plain"], strict=True)),
    }


if __name__ == "__main__":
    run(main)
