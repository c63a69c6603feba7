"""Generation side by side: `warmup.generate` and plain `generate()` on the same inputs.

Both write warmup and output in one greedy pass and keep the form `c SEP y`. Ours sorts inputs by
length and adds log-probabilities; plain takes them in the order of the file and adds nothing.
Both load the checkpoint each time, as a command line does.

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
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList
from transformers.utils import logging

from benchmarks import direct, machine
from benchmarks.shapes import SEED, SHAPES, Shape, build
from benchmarks.speed import spread
from warmup import models, plugins, tokenizer
from warmup.examples import encode_sources, pad
from warmup.files import read_json, write_json
from warmup.generate import predict, read_inputs
from warmup.models import FORMAT_FILE, LanguageModel
from warmup.records import Record, Unlabelled

Texts = list[str]
"""Warmup and output of each record as one text."""


def ours(folder: Path, records: list[Record], batch_size: int) -> Texts:
    """Generate as `python -m warmup.generate` does."""
    with contextlib.redirect_stderr(io.StringIO()):  # its progress
        rows = list(predict(folder, records, task=None, beams=1, batch_size=batch_size))
    return [f"{row['warmup']} | {row['output']}" for row in rows]


class Form(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Keeps the form `c SEP y` with at most K tokens in c; anything else is plain."""

    def __init__(self, model: LanguageModel, prompt: int, longest: int) -> None:
        self.separator = model.tokens.separator
        self.banned = torch.tensor(model.tokens.banned, device=model.network.device)
        self.prompt, self.longest = prompt, longest

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Return scores [R, V], those of forbidden tokens -inf."""
        written = input_ids[:, self.prompt :]
        ended = (written == self.separator).any(-1)
        inside = (~ended).nonzero()
        scores[ended, self.separator] = float("-inf")
        if written.shape[1] < self.longest:
            scores[inside, self.banned] = float("-inf")
        else:
            scores[inside[:, 0]] = float("-inf")
            scores[inside[:, 0], self.separator] = 0.0
        return scores


@torch.no_grad()
def plain(folder: Path, records: list[Record], batch_size: int) -> Texts:
    """Generate as a loop over the file with `generate()` of `transformers` does."""
    form = read_json(folder / FORMAT_FILE)
    model = models.load(folder, form)
    model.network.eval()
    if torch.cuda.is_available():
        model.network.to("cuda")
    tokens, limit = model.tokens, form["max_warmup_tokens"]
    task = plugins.load("tasks", form["task"])
    found = []
    for first in range(0, len(records), batch_size):
        texts = [task.input_text(record) for record in records[first : first + batch_size]]
        ids = encode_sources(texts, model.tokenizer, form["max_source_tokens"])
        mask = pad([[1] * len(row) for row in ids], 0, model.pads_left)
        inputs, prompt = direct.generation_inputs(
            model,
            pad(ids, tokens.pad, model.pads_left).to(model.network.device),
            mask.to(model.network.device),
        )
        config = GenerationConfig(
            max_new_tokens=limit + 1 + form["max_target_tokens"],
            do_sample=False,
            pad_token_id=tokens.pad,
            eos_token_id=tokens.end,
            decoder_start_token_id=tokens.start,
        )
        written = model.network.generate(
            **inputs,
            generation_config=config,
            logits_processor=LogitsProcessorList([Form(model, prompt, limit)]),
        )
        for row in written[:, prompt:].tolist():
            edge = row.index(tokens.separator)
            y = model.tokenizer.decode(row[edge + 1 :], skip_special_tokens=True).strip()
            found.append(f"{model.tokenizer.decode(row[:edge])} | {y}")
    return found


def write_random_checkpoint(shape: Shape, folder: Path) -> None:
    """Write a network with random weights as training would."""
    model = build(shape)
    models.save(model, folder)
    form = {
        "architecture": shape.architecture,
        "separator": tokenizer.RESERVED[0],
        "prompt_end": tokenizer.RESERVED[1],
        "dtype": "float32",
        "task": "summarization",
        "max_warmup_tokens": shape.warmup,
        "max_source_tokens": shape.source,
        "max_target_tokens": shape.target,
    }
    write_json(folder / FORMAT_FILE, form)


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
    add("--model", type=Path, help="a trained checkpoint in its place, with --input")
    add("--input", type=Path, help="records for --model (JSON lines)")
    add("--size", type=int, default=128, help="sequences")
    add("--batch-size", type=int, default=32, help="inputs at once")
    add("--rounds", type=int, default=3, help="runs of each, in turn, after one that is not timed")
    add("--threads", type=int, default=1, help="CPU threads")
    add("--out", type=Path, default=Path("results/benchmarks"), help="folder for the result")
    options = parser.parse_args()
    if (options.model is None) != (options.input is None):
        parser.error("--model and --input belong together")
    options.device = "cuda" if torch.cuda.is_available() else "cpu"
    return options


def main() -> None:
    """Time warmup.generate beside plain generate(); write generation.json and print a line each."""
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
        ways: dict[str, Callable[[Path, list[Record], int], Texts]] = {"ours": ours, "plain": plain}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(options.rounds + 1):
            texts = {}
            for name, way in ways.items():
                began = time.perf_counter()
                texts[name] = way(folder, records, options.batch_size)
                if number:
                    rates[name].append(len(records) / (time.perf_counter() - began))
    equal = sum(a == b for a, b in zip(texts["ours"], texts["plain"], strict=True))
    result: dict[str, Any] = {
        "provenance": machine.describe(options),
        "sequences_per_second": {name: spread(values) for name, values in rates.items()},
        "ratio": spread([a / b for a, b in zip(rates["ours"], rates["plain"], strict=True)]),
        "sequences": len(records),
        "equal": equal,
    }
    write_json(options.out / "generation.json", result)
    for name, values in result["sequences_per_second"].items():
        print(f"{name:6} {values['median']:.1f} sequences per second")
    print(f"ratio  {result['ratio']['median']:.2f}; {equal} of {len(records)} outputs are equal")


if __name__ == "__main__":
    main()
