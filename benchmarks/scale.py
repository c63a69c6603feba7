"""Time and memory of each command by the number of training pairs.

Pairs of made-up sentences are written as a TSV file and go through `prepare`, `train-tokenizer`,
`train` and `generate`, each in a process of its own. The network is tiny and makes few updates, so
that the time of `train` is that of its start: once with the token file to be made, once with the
file that is there.

Command line: `python -m benchmarks.scale --help`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from warmup.common.errors import InputError, run
from warmup.common.files import read_json, read_lines, write_json
from warmup.config import conversion, experiment

WORDS = 50_000
HELD_OUT = 1000
"""Pairs of `valid` and of `test`."""
INPUTS_PER_PAIR = 0.01
"""Inputs that outputs are generated for, per pair."""
SPLITS = ("train", "valid", "test")
TABLE = {"type": "local", "format": "tsv", "fields": {"en": 0, "de": 1}}
EXPERIMENT: dict[str, Any] = {
    "experiment": "scale",
    "models": {
        "tiny": {
            "architecture": "encoder_decoder",
            "tokenizer": {"type": "bpe", "vocab_size": 8000},
            "scratch": {
                **{"model_type": "t5", "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1},
                **{"num_decoder_layers": 1, "num_heads": 2, "dropout_rate": 0.0},
            },
        }
    },
    "datasets": {
        "made_up": {
            "task": "translation",
            "pairs": ["en-de"],
            "splits": {split: {**TABLE, "file": f"{split}.tsv"} for split in SPLITS},
            **{"max_source_tokens": 64, "max_target_tokens": 64},
        }
    },
    "methods": {
        "sft": {
            **{"objective": "likelihood", "start": "scratch", "budget": {"updates": 10}},
            **{"batch_size": 32, "validate_every": 10, "log_every": 10},
        }
    },
    "runs": [{"datasets": ["made_up"], "models": ["tiny"], "methods": ["sft"], "seeds": [1, 2]}],
}


def pairs(count: int, seed: int) -> Iterator[str]:
    """Yield lines of two sentences of 5 to 35 made-up words, some of which are frequent."""
    draw = np.random.default_rng(seed)
    letters = draw.choice(list("abcdefghijklmnopqrstuvwxyz"), (2, WORDS, 9)).tolist()
    words = [["".join(one[: 2 + i % 8]) for i, one in enumerate(side)] for side in letters]
    for _ in range(count):
        # the logarithm of the rank is uniform: Zipf's law
        chosen = (WORDS ** draw.random(draw.integers(5, 36))).astype(int) - 1
        yield "\t".join(" ".join(side[i] for i in chosen) + "." for side in words) + "\n"


def measure(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    """Yield time and memory of each command.

    Args:
        folder: an empty folder.
        count: number of training pairs.

    Raises:
        InputError: a command fails.
    """
    for number, split in enumerate(SPLITS):
        with (folder / f"{split}.tsv").open("w", encoding="utf-8") as stream:
            stream.writelines(pairs(count if split == "train" else HELD_OUT, number))
    write_json(folder / "experiment.yaml", EXPERIMENT)  # JSON is YAML
    config = experiment.load(folder / "experiment.yaml")
    data = EXPERIMENT["datasets"]["made_up"]
    entry = {key: data[key] for key in ("task", "pairs", "splits")}

    def command(name: str, *arguments: Any, what: str = "") -> dict[str, Any]:
        return {"pairs": count, "command": f"{name}{what}"} | _run(folder, name, *arguments)

    yield command(
        "prepare", "--dataset", json.dumps(entry), "--pair", "en-de",
        "--data-root", folder, "--output-dir", folder / "data",
    )  # fmt: skip
    train, valid = (folder / "data" / f"{split}.jsonl" for split in ("train", "valid"))
    tiny = EXPERIMENT["models"]["tiny"]
    yield command(
        "train-tokenizer", "--train", train, "--task", data["task"], "--spec",
        json.dumps(tiny["tokenizer"]), "--architecture", tiny["architecture"],
        "--output", folder / "tokenizer",
    )  # fmt: skip
    for seed, what in [(1, ", first start"), (2, ", tokenised before")]:
        settings = experiment.resolve(config, f"made_up/en-de/tiny/sft/seed{seed}")
        yield command(
            "train", "--config", json.dumps(conversion.to_json(settings)), "--train", train,
            "--valid", valid, "--start", folder / "tokenizer", "--tokens", folder / "tokens",
            "--work", folder / f"work{seed}", "--output-dir", folder / f"run{seed}",
            what=what,
        )  # fmt: skip
    inputs = folder / "inputs.jsonl"
    number = int(INPUTS_PER_PAIR * count)
    with inputs.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in islice(read_lines(train), number))
    yield {
        **command(
            "generate", "--model", folder / "run1/model", "--input", inputs, "--output",
            folder / "predictions.jsonl", "--batch-size", 256,
        ),
        "inputs": number,
    }  # fmt: skip


def _run(folder: Path, name: str, *arguments: Any) -> dict[str, Any]:
    result, log = folder / "used.json", folder / f"{name}.log"
    command = [sys.executable, "-m", "benchmarks.peak", result, name, *arguments]
    with log.open("w") as stream:
        done = subprocess.run([*map(str, command)], stdout=stream, stderr=stream, check=False)
    if done.returncode:
        raise InputError(f"{name}: failed: {log.read_text().strip().splitlines()[-1]}")
    used: dict[str, Any] = read_json(result)
    print(f"{name}: {used}", file=sys.stderr, flush=True)
    return used


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table: one row per command, a group of columns per number of pairs."""
    counts = sorted({row["pairs"] for row in rows})
    heads = [f"{count:,} pairs: s | per million | MiB" for count in counts]
    lines = [f"| command | {' | '.join(heads)} |", "| --- |" + " ---: |" * 3 * len(counts)]
    for name in dict.fromkeys(row["command"] for row in rows):
        cells = [name]
        for row in (row for row in rows if row["command"] == name):
            items = row.get("inputs", row["pairs"])
            seconds = row["processor"]
            cells += [f"{seconds:.0f}", f"{seconds / items * 1e6:.0f}", f"{row['mib']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the commands with several numbers of pairs; write scale.json, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=main.__doc__)
    add = parser.add_argument
    add("--pairs", type=int, nargs="+", default=[50_000, 500_000, 5_000_000], help="training pairs")
    add("--folder", type=Path, default=Path("work/scale"), help="for the files, 1 GB per million")
    add("--out", type=Path, default=Path("results/benchmarks"), help="folder for the result")
    options = parser.parse_args()
    options.device, options.threads = "cpu", 1
    rows: list[dict[str, Any]] = []
    began = time.monotonic()
    for count in options.pairs:
        folder = options.folder / str(count)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for row in measure(folder, count):
            rows.append(row)
            result = {"provenance": machine.describe(options), "rows": rows}
            write_json(options.out / "scale.json", result)
        shutil.rmtree(folder)
    print(f"{time.monotonic() - began:.0f} s in all", file=sys.stderr)
    print(markdown(rows))


if __name__ == "__main__":
    run(main)
