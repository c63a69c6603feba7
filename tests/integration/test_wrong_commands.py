"""Wrong inputs to every command: one line that begins with `error:`, no traceback, status not 0."""

import json
import subprocess
import sys

import pytest
from arguments import dataset, generating, preparing, resolved, tokenizing, training
from wrong_inputs import assert_explained

RUN = {
    "experiment": "tiny", "task": "multiple_choice", "dataset": "shell_game", "pair": "en",
    "model": "t5", "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
    "target_lang": "en",
}  # fmt: skip
TSV = ["--scores-tsv", "s.tsv", "--curves-tsv", "c.tsv"]
LOCAL = {"type": "local", "format": "jsonl", "path": "nowhere.jsonl"}
COMMANDS = {
    # config
    "config: no file": ("config runs", ["--configfile", "nowhere.yaml"], "nowhere.yaml: cannot"),
    "config: a folder": ("config runs", ["--configfile", "empty-folder"], "empty-folder: cannot"),
    "config: no text": ("config runs", ["--configfile", "broken.bin"], "broken.bin: not YAML"),
    "config: not YAML": ("config runs", ["--configfile", "not-yaml.yaml"], "yaml.yaml: not YAML"),
    "config: a list": ("config runs", ["--configfile", "list.json"], "list.json: expected keys"),
    # prepare, fetch data, fetch model
    "prepare: not JSON": ("prepare", preparing("{"), "--dataset: not JSON"),
    "prepare: no file": ("prepare", preparing("nowhere.json"), "nowhere.json: cannot read"),
    "prepare: missing key": ("prepare", preparing('{"task": "x"}'), "data set: 'pairs' is a req"),
    "prepare: another pair": ("prepare", preparing(dataset(), "de"), "unknown pair 'de'"),
    "prepare: no pair": ("prepare", preparing(dataset(), "English"), "is neither a language code"),
    "prepare: unknown generator": (
        "prepare",
        preparing(dataset("splits.train.generator", "dice")),
        "unknown generator 'dice'; choose from: agreement, shell_game, tally",
    ),
    "prepare: unknown setting": (
        "prepare",
        preparing(dataset("splits.train.settings", {"cups": 3})),
        "unknown setting 'cups'; choose from: places, swaps",
    ),
    "prepare: no records": (
        "prepare",
        preparing(dataset("splits.train.size", 0)),
        "size",
    ),
    "prepare: no local file": (
        "prepare",
        preparing(dataset("splits.train", LOCAL)),
        "splits.train",
    ),
    "fetch data: not JSON": (
        "fetch data",
        ["--dataset", "[", "--pair", "en", "--output", "o.json"],
        "cannot read",
    ),
    "fetch model: no revision": (
        "fetch model",
        ["--model", '{"hub": "a/b"}', "--output", "m"],
        "revision",
    ),
    # train-tokenizer
    "tokenizer: no records": ("train-tokenizer", tokenizing(train="no.jsonl"), "no.jsonl: cannot"),
    "tokenizer: unknown task": ("train-tokenizer", tokenizing(task="chat"), "unknown task 'chat'"),
    "tokenizer: unknown type": (
        "train-tokenizer",
        tokenizing(spec='{"type": "char", "vocab_size": 50}'),
        "--spec: type: 'char' is not one of: word, symbol, bpe, unigram",
    ),
    "tokenizer: not JSON": ("train-tokenizer", tokenizing(spec="{word"), "--spec: not JSON"),
    "tokenizer: no size": ("train-tokenizer", tokenizing(spec='{"type": "word"}'), "vocab_size"),
    "tokenizer: architecture": ("train-tokenizer", tokenizing(architecture="gpt"), "'gpt'"),
    # train
    "train: config not JSON": ("train", [*training(), "--config", "{x"], "--config: not JSON"),
    "train: config a list": ("train", [*training(), "--config", "list.json"], "expected a JSON"),
    "train: incomplete config": ("train", [*training(), "--config", "{}"], "--config: missing key"),
    "train: config without a setting": (
        "train",
        training(resolved("sft", "method.patience", None)),
        "--config: missing key 'method.patience'",
    ),
    "train: config with a wrong type": (
        "train",
        training(resolved("sft", "method.batch_size", "8")),
        "--config: method.batch_size: '8' is not of type 'integer'",
    ),
    "train: no data": ("train", training(train="nowhere.jsonl"), "nowhere.jsonl: cannot read"),
    "train: no validation data": ("train", training(valid="nowhere.jsonl"), "cannot read"),
    "train: no records": ("train", training(train="empty.jsonl"), "empty.jsonl: no records"),
    "train: another task": ("train", training(train="translation.jsonl"), "needs 2 to 26"),
    "train: unknown key": ("train", training(train="unknown-key.jsonl"), ":1: unknown key 'sauce'"),
    "train: missing source": ("train", training(train="no-source.jsonl"), ":1: missing key 'so"),
    "train: number as source": ("train", training(train="wrong-type.jsonl"), "source must be text"),
    "train: answer of no choice": ("train", training(train="wrong-answer.jsonl"), "answer 7 is"),
    "train: the same id": ("train", training(train="twice.jsonl"), ":2: id '1' was used before"),
    "train: not UTF-8": ("train", training(train="latin.jsonl"), "latin.jsonl:1: not UTF-8"),
    "train: no gzip": ("train", training(train="broken.gz"), "broken.gz: broken gzip"),
    "train: no start": ("train", training(start="nowhere"), "nowhere"),
    "train: no checkpoint": (
        "train",
        training("warmup", start="empty-folder"),
        "empty-folder: not a checkpoint",
    ),
    "train: budget without its reference": (
        "train",
        training("sft_continued", start="model"),
        "--reference training.json is needed",
    ),
    "train: budget without its baseline": (
        "train",
        training("sft_compute", start="model", reference="training.json"),
        "--baseline training.json is needed",
    ),
    "train: reference that is none": (
        "train",
        training("sft_continued", start="model", reference="broken.json"),
        "broken.json: not JSON",
    ),
    "train: one sample": (
        "train",
        training(resolved("warmup", "method.sampling.samples", 1), start="model"),
        "sampling.samples: reweighted needs at least 2, got 1",
    ),
    "train: no warmup for an objective that needs it": (
        "train",
        training(resolved("sft", "method.objective", "reweighted")),
        "reweighted needs at least 2",
    ),
    "train: unknown setting of an objective": (
        "train",
        training(resolved("sft", "method.objective_settings", {"tau": 2})),
        "objective_settings",
    ),
    "train: unknown model type": (
        "train",
        training(resolved("sft", "model.scratch.model_type", "t6")),
        "transformers has no type 't6'",
    ),
    "train: unknown setting of a model": (
        "train",
        training(resolved("sft", "model.scratch.depth", 3)),
        "scratch.depth: not a setting of t5",
    ),
    "train: impossible model": (
        "train",
        training(resolved("sft", "model.scratch.dropout_rate", 2.0)),
        "scratch: no encoder_decoder network of type t5",
    ),
    "train: separator": (
        "train",
        training(resolved("sft", "model.separator", "<sep>")),
        "separator: '<sep>' is not in the vocabulary",
    ),
    # generate
    "generate: no checkpoint": ("generate", generating(model="nowhere"), "nowhere"),
    "generate: another task": ("generate", generating(task="translation"), "was trained for mult"),
    "generate: unknown task": ("generate", generating(task="chat"), "invalid choice: 'chat'"),
    "generate: no input": ("generate", generating(input="nowhere.jsonl"), "nowhere.jsonl: cannot"),
    "generate: not JSON": ("generate", generating(input="not-json.jsonl"), "jsonl:2: not JSON"),
    "generate: no object": ("generate", generating(input="list.jsonl"), "jsonl:1: expected a J"),
    "generate: unknown key": ("generate", generating(input="unknown-key.jsonl"), "key 'sauce'"),
    "generate: no choices": ("generate", generating(input="no-choices.jsonl"), "needs 2 to 26"),
    "generate: no beam": ("generate", generating(beams="0"), "--beams: must be at least 1"),
    "generate: beams not a number": ("generate", generating(beams="many"), "invalid int value"),
    "generate: no batch": ("generate", generating(batch_size="0"), "--batch-size: must be"),
    # score
    "score-text: fewer outputs": (
        "score-text",
        ["--task", "summarization", "--hyp", "one.txt", "--ref", "two.txt"],
        "two.txt",
    ),
    "score-text: unknown metric": (
        "score-text",
        ["--task", "summarization", "--hyp", "one.txt", "--ref", "one.txt", "--metrics", "blue"],
        "'blue'",
    ),
    "score-text: unknown task": (
        "score-text",
        ["--task", "chat", "--hyp", "one.txt", "--ref", "one.txt"],
        "'chat'",
    ),
    "score-text: no file": (
        "score-text",
        ["--task", "summarization", "--hyp", "nowhere.txt", "--ref", "one.txt"],
        "nowhere.txt: cannot read",
    ),
    "score: incomplete run": (
        "score",
        ["--predictions", "predictions.jsonl", "--run", '{"seed": 1}', "--output", "x.json"],
        "--run: missing key",
    ),
    "score: incomplete prediction": (
        "score",
        ["--predictions", "predictions.jsonl", "--run", json.dumps(RUN), "--output", "x.json"],
        "predictions.jsonl:1",
    ),
    # collect, tables, figures, report, show
    "collect: nothing": ("collect", TSV, "nothing to collect"),
    "collect: incomplete scores": ("collect", ["--scores", "scores.json", *TSV], "missing key"),
    "collect: incomplete training": (
        "collect",
        ["--training", "training.json", *TSV],
        "training.json: missing key",
    ),
    "tables: no file": (
        "tables",
        ["--scores", "nowhere.tsv", "--output-dir", "t"],
        "nowhere.tsv: cannot read",
    ),
    "tables: missing column": (
        "tables",
        ["--scores", "columns.tsv", "--output-dir", "t"],
        "columns.tsv:1: missing column 'experiment'",
    ),
    "tables: no scores": (
        "tables",
        ["--scores", "header.tsv", "--output-dir", "t"],
        "header.tsv: no scores",
    ),
    "figures: unknown figure": (
        "figures",
        ["--scores", "header.tsv", "--curves", "curves.tsv", "--output-dir", "f", "--only", "pie"],
        "'pie'",
    ),
    "report: no scores": (
        "report",
        ["--scores", "header.tsv", "--curves", "curves.tsv", "--figures-dir", "f",
         "--tables-dir", "t", "--output", "r.html"],
        "header.tsv: no scores",
    ),
    "tables: unknown table": (
        "tables",
        ["--scores", "header.tsv", "--output-dir", "t", "--only", "pie"],
        "unknown table 'pie'",
    ),
    "tables: not an experiment": (
        "tables",
        ["--scores", "header.tsv", "--output-dir", "t", "--experiment", "{}"],
        "{}: cannot read",
    ),
    "show: no scores": ("show", ["--scores", "header.tsv"], "header.tsv: no scores"),
    "train: option missing": ("train", [], "the following arguments are required"),
    "generate: unknown option": ("generate", [*generating(), "--beam-search"], "unrecognized arg"),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(call, case):
    command, arguments, message = COMMANDS[case]
    status, error = call(command, arguments)
    lines = assert_explained(status, error, message)
    if lines[0].startswith("usage:"):  # argparse shows the usage first
        assert ": error: " in lines[-1]
    else:
        assert lines[-1].startswith("error: ")
        assert len([line for line in lines if line.startswith("error:")]) == 1


@pytest.mark.parametrize("case", ["generate: another task", "score-text: unknown metric"])
def test_commands_as_processes(inputs, case):
    command, arguments, message = COMMANDS[case]
    done = subprocess.run(
        [sys.executable, "-m", "warmup", *command.split(), *arguments],
        cwd=inputs, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(assert_explained(done.returncode, done.stderr, message)) == 1
