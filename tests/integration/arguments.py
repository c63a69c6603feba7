"""Arguments of commands that would work but for what is given."""

import json

from wrong_inputs import change

from helpers import tiny

SHELL_GAME = tiny.experiment()["datasets"]["shell_game"]


def dataset(path="task", value="multiple_choice"):
    entry = {key: SHELL_GAME[key] for key in ("task", "pairs", "splits")}
    return json.dumps(change(entry, path, value))


def training(config="sft", **files):
    """Arguments of a training that would work but for what is given."""
    paths = {
        "config": json.dumps(tiny.resolved(config) if isinstance(config, str) else config),
        "train": "train.jsonl", "valid": "valid.jsonl", "start": "tokenizer", "work": "work",
        "output-dir": "output",
    }  # fmt: skip
    paths |= {name.replace("_", "-"): path for name, path in files.items()}
    return [part for name, path in paths.items() for part in (f"--{name}", path)]


def resolved(method, path, value):
    return change(tiny.resolved(method), path, value)


def generating(**options):
    paths = {"model": "model", "input": "valid.jsonl", "output": "predictions-made.jsonl"}
    paths |= {name.replace("_", "-"): value for name, value in options.items()}
    return [part for name, value in paths.items() for part in (f"--{name}", value)]


def tokenizing(**options):
    paths = {
        "train": "train.jsonl", "task": "multiple_choice", "architecture": "encoder_decoder",
        "spec": '{"type": "word", "vocab_size": 50}', "output": "tokenizer-made",
    }  # fmt: skip
    return [part for name, value in (paths | options).items() for part in (f"--{name}", value)]


def preparing(entry, pair="en"):
    return ["--dataset", entry, "--pair", pair, "--output-dir", "data"]
