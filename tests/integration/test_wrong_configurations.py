"""Wrong configurations: one line that begins with `error: config:`, no traceback, status not 0."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from wrong_inputs import assert_explained, change

from helpers import tiny

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CONFIG = {
    "unknown key": ("mdoels", {}, "unknown key 'mdoels'; valid keys: colours, data_root, datasets"),
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
        "unknown 'chat'; choose from: multiple_choice, summarization, text_to_text, "
        "transduction, translation",
    ),
    "unknown source": (
        "datasets.shell_game.splits.train.type",
        "ftp",
        "unknown 'ftp'; choose from: hub, local, packaged, synthetic, url",
    ),
    "wrong pair": ("datasets.shell_game.pairs", ["english"], "'english' is neither"),
    "a pair of one language": ("datasets.shell_game.pairs", ["en-en"], "'en-en' is neither"),
    "no test split": ("datasets.shell_game.splits.test", None, "splits"),
    "run of an unknown model": ("runs.0.models", ["bert"], "unknown 'bert'; choose from: bart"),
    "run of an unknown method": ("runs.0.methods", ["sftt"], "unknown 'sftt'; choose from: sft"),
    "start that the run lacks": (
        "runs.0.methods",
        ["warmup"],
        "start: unknown 'sft'; choose from: pretrained, scratch, warmup",
    ),
    "start from itself": ("methods.sft.start", "warmup", "waits for the next: sft, warmup, sft"),
    "budgets in a circle": (
        "methods.warmup.budget",
        {"same_updates_as": "sft_compute"},
        "waits for the next: sft_compute, warmup, sft_compute",
    ),
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
        "log_every (3) must divide validate_every (4)",
    ),
    "unknown key of a source": (
        "datasets.shell_game.splits.train.sizes",
        3,
        "config: datasets.shell_game: splits.train (synthetic): unknown key 'sizes'; valid keys: ",
    ),
    "missing local file": (
        "datasets.shell_game.splits.train",
        {"type": "local", "format": "tsv", "file": "x.tsv", "fields": {"source": 0, "target": 1}},
        "splits.train (local): no such file: data/x.tsv (data root: data)",
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
    status, error = call("config check", [str(file)])
    assert len(assert_explained(status, error, message)) == 1
    assert error.startswith("error: config: ")


def test_a_right_configuration_is_accepted(call, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tiny.experiment()))
    assert call("config check", [str(file)]) == (0, "")


def dry_run(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(folder), "--cores", "1", "-n", *arguments],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--configfile", "nowhere.yaml"], "No such file or directory: 'nowhere.yaml'"),
        (["--configfile", "."], "Is a directory: '.'"),
        (["--configfile", "{folder}/bytes.yaml"], "invalid start byte"),
        (["--config", "seeds"], "Config entries have to be defined as name=value pairs"),
    ],
)
def test_what_snakemake_refuses_before_it_reads_our_rules(tmp_path, arguments, message):
    (tmp_path / "bytes.yaml").write_bytes(b"\x94\xff")
    done = dry_run(tmp_path, *(argument.format(folder=tmp_path) for argument in arguments))
    assert done.returncode == 1
    assert message in done.stdout.strip().splitlines()[-1]  # where its tracebacks go
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("case", ["unknown key", "experiment name with a path"])
def test_snakemake_says_in_one_line_what_is_wrong_with_a_configuration(tmp_path, case):
    path, value, message = CONFIG[case]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(change(tiny.experiment(), path, value)))
    done = dry_run(tmp_path, "--configfile", str(file))
    assert done.returncode == 2
    (line,) = [
        line for line in done.stderr.splitlines() if not line.startswith("Using workflow specific")
    ]
    assert line.startswith("error: config: ")
    assert message in line
    assert not (tmp_path / "results").exists()


def test_snakemake_reads_the_files_as_the_command_does(tmp_path):
    """Jobs are given files with their settings, which are there after any start."""
    changes = {"methods": {"sft_continued": {"budget": {"updates": 3}}}}
    files = [tmp_path / "config.yaml", tmp_path / "changes.yaml"]
    for file, value in zip(files, (tiny.experiment(), changes), strict=True):
        file.write_text(yaml.safe_dump(value))
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
        "--directory", str(tmp_path), "--cores", "1",
        "--configfile", *map(str, files), "--config", "seeds=[5]",
    ]  # fmt: skip
    path = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    dry = subprocess.run(
        [*command, "-n", "-p", "shell_game/en/t5/sft_continued/seed5"],
        capture_output=True, text=True, check=False, env=path,
    )  # fmt: skip
    assert dry.returncode == 0, dry.stderr
    settings = "work/tiny/settings/runs/shell_game/en/t5/sft_continued/seed5.json"
    assert f"warmup train --config {settings}" in dry.stdout
    assert "learning_rate" not in dry.stdout  # no configuration on a command line
    assert not (tmp_path / "work").exists()
    subprocess.run([*command, "--list"], check=True, capture_output=True, env=path)
    assert json.loads((tmp_path / settings).read_text())["method"]["budget"] == {"updates": 3}


def test_changes_to_the_default_experiment_work_from_another_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(tmp_path), "--cores", "1", "-n", "--config", "methods=3"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: config: methods: 3 is not of type 'object'" in done.stderr


def copy_of_the_project(folder):
    folder.mkdir()
    for name in ("Snakefile", "workflow", "config", "config.yaml", "src", "profiles"):
        (folder / name).symlink_to(ROOT / name)
    return folder / "Snakefile"


def test_folders_may_have_almost_any_name(tmp_path):
    snakefile, folder = copy_of_the_project(tmp_path / "it's [v2] of 'mine'"), tmp_path / "{run} $a"
    folder.mkdir()
    summary = "results/2024_01/data/shell_game/en/summary.json"
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tiny.experiment()))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile),
         "--directory", str(folder), "--cores", "1", summary,
         "--configfile", str(file), "--config", "experiment=2024_01"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / summary).exists()
