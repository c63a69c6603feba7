"""Wrong inputs to every command: one line that begins with `error:`, no traceback, status not 0."""

import copy
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import tiny
from warmup import errors
from warmup.aggregate import SCORE_COLUMNS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
RUN = {
    "experiment": "tiny", "task": "multiple_choice", "dataset": "shell_game", "pair": "en",
    "model": "t5", "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
    "target_lang": "en",
}  # fmt: skip
RECORD = {"id": "1", "source": "start A swap AB", "choices": ["A", "B", "C"], "answer": 1}
SHELL_GAME = tiny.experiment()["datasets"]["shell_game"]


def change(value, path, new):
    """Return a copy of a nested value in which the key or index at a dotted path is replaced."""
    changed = copy.deepcopy(value)
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    if new is None:
        del place[last]
    else:
        place[last] = new
    return changed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files that are right, and some that are wrong; cases name them."""
    from warmup import models, train
    from warmup.files import write_json

    folder = tmp_path_factory.mktemp("inputs")
    tiny.write_shell_game(folder / "train.jsonl", 60, 1)
    tiny.write_shell_game(folder / "valid.jsonl", 20, 2)
    tiny.tokenizer(folder / "tokenizer", "t5")
    models.save(tiny.model("t5"), folder / "model")
    write_json(folder / "model" / models.FORMAT_FILE, train.model_format(tiny.resolved("warmup")))
    (folder / "empty-folder").mkdir()
    (folder / "folder-without-form").mkdir()
    lines = {
        "empty.jsonl": "",
        "not-json.jsonl": '{"id": "1", "source": "x"}\n{"id": \n',
        "list.jsonl": "[1, 2]\n",
        "unknown-key.jsonl": json.dumps({**RECORD, "sauce": "x"}),
        "no-source.jsonl": json.dumps({"id": "1", "targets": ["x"]}),
        "wrong-type.jsonl": json.dumps({**RECORD, "source": 3}),
        "wrong-answer.jsonl": json.dumps({**RECORD, "answer": 7}),
        "twice.jsonl": f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}\n",
        "translation.jsonl": json.dumps({"id": "1", "source": "x", "targets": ["y"]}),
        "no-choices.jsonl": json.dumps({"id": "1", "source": "x"}),
        "one.txt": "a\n",
        "two.txt": "a\nb\n",
        "predictions.jsonl": json.dumps({"id": "1"}),
        "broken.json": "{",
        "list.json": "[]",
        "scores.json": json.dumps({"run": {"seed": 1}, "scores": []}),
        "training.json": json.dumps({"config": {}, "updates": 3}),
        "columns.tsv": "task\tdataset\n",
        "header.tsv": "\t".join(SCORE_COLUMNS) + "\n",
        "curves.tsv": "task\tdataset\tpair\tmodel\tmethod\tseed\tupdate\tquantity\tvalue\n",
        "not-yaml.yaml": "a: [1\n",
    }
    for name, text in lines.items():
        (folder / name).write_text(text)
    (folder / "latin.jsonl").write_bytes(b'{"id": "1", "source": "caf\xe9"}\n')
    (folder / "broken.gz").write_bytes(b"no gzip")
    return folder


@pytest.fixture
def call(folder, capsys, monkeypatch):
    """Run a command as `python -m` does, in the folder of inputs."""
    monkeypatch.chdir(folder)

    def run(module, arguments):
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        try:
            errors.run(importlib.import_module(f"warmup.{module}").main)
            status = 0
        except SystemExit as stop:
            status = stop.code
        return status, capsys.readouterr().err

    return run


def assert_explained(status, error, message):
    lines = [line for line in error.splitlines() if line.strip()]
    assert status not in (0, None)
    assert "Traceback" not in error
    assert lines, "nothing was said"
    assert message in lines[-1]
    return lines


CONFIG = {
    "unknown key": ("mdoels", {}, "unknown key 'mdoels'; valid keys: data_root, datasets"),
    "unknown key of a method": ("methods.sft.epochs", 3, "methods.sft: unknown key 'epochs'"),
    "unknown key of a model": ("models.t5.sratch", {}, "models.t5: unknown key 'sratch'"),
    "missing key": ("runs", None, "'runs' is a required property"),
    "text for a number": ("methods.sft.batch_size", "8", "batch_size: '8' is not of type"),
    "number below its range": ("methods.sft.batch_size", 0, "0 is less than the minimum of 1"),
    "negative rate": ("methods.sft.learning_rate", -1, "methods.sft.learning_rate: -1 is less"),
    "negative seed": ("seeds", [-1], "seeds.0: -1 is less than the minimum of 0"),
    "the same seed twice": ("seeds", [1, 1], "seeds: [1, 1] has non-unique elements"),
    "no experiment name": ("experiment", "", "config: experiment: '' does not match"),
    "experiment name with a path": ("experiment", "../x", "experiment: '../x' does not match"),
    "experiment name absolute": ("experiment", "/x", "'/x' does not match"),
    "method name with a path": (
        "methods.a/b",
        tiny.METHODS["sft"],
        "config: methods: 'a/b' does not match",
    ),
    "unknown schedule": ("methods.sft.lr_schedule", "fast", "is not one of: constant, "),
    "unknown precision": ("models.t5.dtype", "float16", "is not one of: float32, bfloat16"),
    "unknown architecture": (
        "models.t5.architecture",
        "encoder",
        "unknown 'encoder'; choose from: decoder_only, encoder_decoder",
    ),
    "unknown objective": (
        "methods.sft.objective",
        "ppo",
        "objective: unknown 'ppo'; choose from: concatenation, expected",
    ),
    "unknown task": (
        "datasets.shell_game.task",
        "chat",
        "unknown 'chat'; choose from: multiple_choice, summarization, translation",
    ),
    "unknown source": (
        "datasets.shell_game.splits.train.type",
        "ftp",
        "unknown 'ftp'; choose from: hub, local, synthetic, url",
    ),
    "wrong pair": ("datasets.shell_game.pairs", ["english"], "'english' does not match"),
    "a pair of one language": ("datasets.shell_game.pairs", ["en-en"], "'en-en' is neither"),
    "no test split": ("datasets.shell_game.splits.test", None, "splits"),
    "run of an unknown model": ("runs.0.models", ["bert"], "unknown 'bert'; choose from: bart"),
    "run of an unknown method": ("runs.0.methods", ["sftt"], "unknown 'sftt'; choose from: sft"),
    "start that the run lacks": (
        "runs.0.methods",
        ["warmup"],
        "start: unknown 'sft'; choose from: pretrained, scratch, warmup",
    ),
    "start from itself": ("methods.sft.start", "warmup", "starts from itself in the end"),
    "budget of an unknown method": (
        "methods.sft_continued.budget",
        {"same_updates_as": "nobody"},
        "budget.same_updates_as: unknown 'nobody'",
    ),
    "two budgets": (
        "methods.sft.budget",
        {"updates": 3, "same_updates_as": "warmup"},
        "config: methods.sft.budget",
    ),
    "pretrained weights of a model from scratch": (
        "methods.sft.start",
        "pretrained",
        "model t5 has no pretrained weights; use start: scratch",
    ),
    "hub without a revision": (
        "models.t5",
        {"architecture": "encoder_decoder", "hub": "google-t5/t5-small"},
        "models.t5: hub and revision go together",
    ),
    "two origins of a model": (
        "models.t5.local",
        "somewhere",
        "models.t5: needs exactly one of hub, local, scratch",
    ),
    "log that does not divide validation": (
        "methods.sft.log_every",
        3,
        "log_every must divide validate_every (4)",
    ),
    "override of a method that is not run": (
        "runs.0.override",
        {"nobody": {}},
        "runs.0.override: unknown 'nobody'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFIG)
def test_configurations(call, tmp_path, case):
    path, value, message = CONFIG[case]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(change(tiny.experiment(), path, value)))
    status, error = call("config", ["--configfile", str(file)])
    assert len(assert_explained(status, error, message)) == 1
    assert error.startswith("error: config: ")


def test_a_right_configuration_is_accepted(call, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tiny.experiment()))
    assert call("config", ["--configfile", str(file)]) == (0, "")


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


TSV = ["--scores-tsv", "s.tsv", "--curves-tsv", "c.tsv"]
LOCAL = {"type": "local", "format": "jsonl", "path": "nowhere.jsonl"}
COMMANDS = {
    # config
    "config: no file": ("config", ["--configfile", "nowhere.yaml"], "nowhere.yaml: cannot read"),
    "config: not YAML": ("config", ["--configfile", "not-yaml.yaml"], "not-yaml.yaml: not YAML"),
    "config: a list": ("config", ["--configfile", "list.json"], "[] is not of type 'object'"),
    # prepare, fetch, fetch_model
    "prepare: not JSON": ("prepare", preparing("{"), "--dataset: not JSON"),
    "prepare: no file": ("prepare", preparing("nowhere.json"), "nowhere.json: cannot read"),
    "prepare: missing key": ("prepare", preparing('{"task": "x"}'), "missing key 'pairs'"),
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
    "fetch: not JSON": (
        "fetch",
        ["--dataset", "[", "--pair", "en", "--output", "o.json"],
        "cannot read",
    ),
    "fetch_model: no revision": (
        "fetch_model",
        ["--model", '{"hub": "a/b"}', "--output", "m"],
        "revision",
    ),
    # tokenizer
    "tokenizer: no records": ("tokenizer", tokenizing(train="nowhere.jsonl"), "nowhere.jsonl: can"),
    "tokenizer: unknown task": ("tokenizer", tokenizing(task="chat"), "unknown task 'chat'"),
    "tokenizer: unknown type": (
        "tokenizer",
        tokenizing(spec='{"type": "char", "vocab_size": 50}'),
        "unknown tokenizer type 'char'; choose from: bpe, unigram, word",
    ),
    "tokenizer: not JSON": ("tokenizer", tokenizing(spec="{word"), "--spec: not JSON"),
    "tokenizer: no size": ("tokenizer", tokenizing(spec='{"type": "word"}'), "vocab_size"),
    "tokenizer: architecture": ("tokenizer", tokenizing(architecture="gpt"), "'gpt'"),
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
        "--config: method: batch_size: '8' is not of type 'integer'",
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
        "empty-folder: no checkpoint there",
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
        training(resolved("warmup", "method.warmup.samples", 1), start="model"),
        "warmup.samples: reweighted needs at least 2, got 1",
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
        "transformers knows no 't6'",
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
    "score: fewer outputs": (
        "score",
        ["--task", "summarization", "--hyp", "one.txt", "--ref", "two.txt"],
        "two.txt",
    ),
    "score: unknown metric": (
        "score",
        ["--task", "summarization", "--hyp", "one.txt", "--ref", "one.txt", "--metrics", "blue"],
        "'blue'",
    ),
    "score: unknown task": (
        "score",
        ["--task", "chat", "--hyp", "one.txt", "--ref", "one.txt"],
        "'chat'",
    ),
    "score: no file": (
        "score",
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
    # aggregate, tables, figures, report, show
    "aggregate: nothing": ("aggregate", TSV, "nothing to collect"),
    "aggregate: incomplete scores": ("aggregate", ["--scores", "scores.json", *TSV], "missing key"),
    "aggregate: incomplete training": (
        "aggregate",
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
        "figures.__main__",
        ["--scores", "header.tsv", "--curves", "curves.tsv", "--output-dir", "f", "--only", "pie"],
        "'pie'",
    ),
    "report: no tables": (
        "report.__main__",
        ["--scores", "header.tsv", "--curves", "curves.tsv", "--figures-dir", "f",
         "--tables-dir", "t", "--output", "r.html"],
        ".svg: missing; make it with",
    ),
    "tables: circle of methods": (
        "tables",
        ["--scores", "header.tsv", "--output-dir", "t", "--methods", "a=b", "b=a"],
        "--methods: 'a' starts from itself by way of 'b'",
    ),
    "show: no scores": ("show", ["--scores", "header.tsv"], "header.tsv: no scores"),
    "train: option missing": ("train", [], "the following arguments are required"),
    "generate: unknown option": ("generate", [*generating(), "--beam-search"], "unrecognized arg"),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(call, case):
    module, arguments, message = COMMANDS[case]
    status, error = call(module, arguments)
    lines = assert_explained(status, error, message)
    if lines[0].startswith("usage:"):  # argparse shows the usage first
        assert ": error: " in lines[-1]
    else:
        assert lines[-1].startswith("error: ")
        assert len([line for line in lines if line.startswith("error:")]) == 1


@pytest.mark.parametrize("case", ["generate: another task", "score: unknown metric"])
def test_commands_as_processes(folder, case):
    module, arguments, message = COMMANDS[case]
    done = subprocess.run(
        [sys.executable, "-m", f"warmup.{module}", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(assert_explained(done.returncode, done.stderr, message)) == 1


@pytest.mark.parametrize("case", ["unknown key", "experiment name with a path"])
def test_snakemake_says_in_one_line_what_is_wrong_with_a_configuration(tmp_path, case):
    path, value, message = CONFIG[case]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(change(tiny.experiment(), path, value)))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(tmp_path), "--configfile", str(file), "--cores", "1", "-n"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = [
        line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific")
    ]
    assert line.startswith("error: config: ")
    assert message in line
    assert not (tmp_path / "results").exists()


def test_changes_to_the_default_experiment_work_from_another_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(tmp_path), "--cores", "1", "-n", "--config", "methods=3"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: config: methods: 3 is not of type 'object'" in done.stderr
