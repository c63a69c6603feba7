"""A plain `pip install`: every command works from any folder, with nothing but the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from warmup.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which the package is installed from its wheel, without what it depends on."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", source / "src", ignore=left_out)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--quiet", "--no-deps", "--no-index"]
    for command in (
        ["wheel", *offline, "--no-build-isolation", "--wheel-dir", source, source],
        ["install", *offline, "--target", folder, "--find-links", source, "warmup-generations"],
    ):
        subprocess.run([*pip, *map(str, command)], check=True, cwd=source)
    return folder


@pytest.fixture
def call(installed, tmp_path):
    """A function that runs a command of the installed package in an empty folder."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "warmup", *map(str, arguments)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_all_files_of_the_package_are_installed(installed):
    there = {p.relative_to(installed) for p in installed.rglob("*")}
    tracked = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git repository")
    present = [Path(name).relative_to("src") for name in tracked if (ROOT / name).exists()]
    assert not {str(path) for path in present if path not in there}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_its_help(call, command):
    done = call(*command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: warmup {command}" in done.stdout


def test_a_configuration_is_checked(call):
    done = call("config", "runs", "--configfile", ROOT / "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "shell_game/en/t5_tiny/warmup/seed11" in done.stdout.splitlines()


def test_changes_need_a_configuration_that_they_change(call, tmp_path):
    change = tmp_path / "change.yaml"
    change.write_text("seeds: [7]\n")
    done = call("config", "runs", "--configfile", change)
    assert done.returncode == 2
    assert done.stderr.startswith("error: config.yaml: missing; without models the other files")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    done = call("config", "runs", "--configfile", change)
    assert "shell_game/en/t5_tiny/warmup/seed7" in done.stdout.splitlines()


def test_texts_are_scored(call, tmp_path):
    (tmp_path / "a.txt").write_text("ein Haus\n")
    files = ("--hyp", "a.txt", "--ref", "a.txt")
    done = call("score-text", "--task", "translation", *files, "--target-lang", "de")
    assert done.returncode == 0, done.stderr
    assert "BLEU" in done.stdout


def test_data_are_prepared(call, tmp_path):
    source = {"type": "synthetic", "generator": "shell_game", "size": 5, "seed": 1}
    splits = dict.fromkeys(("train", "valid", "test"), source)
    dataset = {"task": "multiple_choice", "pairs": ["en"], "splits": splits}
    done = call("prepare", "--dataset", json.dumps(dataset), "--pair", "en",
                "--output-dir", "out")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 5


def test_tables_figures_and_the_report_are_made(call, tmp_path):
    kept = ROOT / "results" / "reference" / "default"
    numbers = ("--scores", kept / "scores.tsv", "--comparisons", kept / "comparisons.tsv")
    curves = ("--curves", kept / "curves.tsv")
    for command in (
        ("tables", *numbers, "--output-dir", "tables"),
        ("figures", *numbers, *curves, "--output-dir", "figures"),
        ("report", *numbers, *curves, "--tables-dir", "tables",
         "--figures-dir", "figures", "--output", "report.html"),
        ("show", *numbers),
    ):  # fmt: skip
        done = call(*command)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").read_text().startswith("<!")
