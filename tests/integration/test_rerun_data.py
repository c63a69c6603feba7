"""What is due again when data are prepared anew, or a folder is copied: contents count, not time.

By itself, Snakemake compares files above 1 MB, and folders, by their time.
"""

import re
import shutil

import pytest
from pipeline import planned, snakemake

from helpers import tiny
from warmup.common.files import read_json

RUNS = "results/tiny/runs/shell_game/en/t5"
DATA = "results/tiny/data/shell_game/en"
SCORES = "results/tiny/scores.tsv"
"""What is run. Tables and figures are made of it, and `test_rerun.py` is about them."""


def experiment():
    config = tiny.experiment()
    config["datasets"]["shell_game"]["splits"]["train"] = {
        "type": "local", "format": "jsonl", "file": "train.jsonl",
        "fields": {"source": "source", "choices": "choices", "answer": "answer"},
    }  # fmt: skip
    config["runs"][0]["methods"] = ["sft", "warmup"]
    return config


@pytest.fixture(scope="module")
def trained(tmp_path_factory, warm):
    """The folder of a finished experiment with training data of more than 1 MB."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "data").mkdir()
    tiny.write_shell_game(folder / "data/train.jsonl", 12000, 1, swaps=[1, 6])
    status, output = snakemake(folder, experiment(), SCORES, programs=warm)
    assert status == 0, output
    assert (folder / DATA / "train.jsonl").stat().st_size > 1_000_000
    return folder


@pytest.fixture
def moved(trained, tmp_path):
    """A copy of it, as `cp -r` makes it: all files are new, in any order."""
    shutil.copytree(trained, tmp_path / "moved", copy_function=shutil.copy)
    for path in (tmp_path / "moved").rglob("*"):
        path.touch()
    return tmp_path / "moved"


def written(folder):
    """Return when models and scores were last written."""
    names = ("training.json", "test.greedy.scores.json", "test.greedy.statistics.json")
    paths = [f"{method}/seed1/{name}" for method in ("sft", "warmup") for name in names]
    return {path: (folder / RUNS / path).stat().st_mtime_ns for path in paths}


def texts(folder):
    """Return all predictions of all runs, by file."""
    found = (folder / RUNS).glob("*/seed1/*.predictions.jsonl")
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def generated(folder):
    """Return what the last start generated for the run of warmup, and what it had before."""
    said = (folder / "logs/tiny/generate/shell_game/en/t5/warmup/seed1.log").read_text()
    name = r"seed1/(\S+)\.predictions\.jsonl: "
    return re.findall(name + r"30 predictions", said), re.findall(name + "was generated", said)


def test_a_copy_of_a_folder_has_nothing_to_do(moved, warm):
    (moved / "data/train.jsonl").touch()  # newer than all that was made of it
    status, output = snakemake(moved, experiment(), "--dry-run", SCORES, programs=warm)
    assert status == 0, output
    assert "Nothing to be done" in output


def test_a_new_test_split_has_its_own_jobs_and_no_others(moved, warm):
    config = experiment()
    splits = config["datasets"]["shell_game"]["splits"]
    splits["more"] = {**splits["test"], "seed": 4}
    status, output = snakemake(moved, config, "--dry-run", SCORES, programs=warm)
    assert status == 0, output
    assert planned(output) == {
        "prepare": 1, "generate": 2, "score": 2, "experiment": 1, "collect": 1,
    }  # fmt: skip

    before, predictions = written(moved), texts(moved)
    status, output = snakemake(moved, config, SCORES, programs=warm)
    assert status == 0, output
    assert (moved / RUNS / "warmup/seed1/more.greedy.scores.json").exists()
    assert written(moved) == before
    assert texts(moved).items() >= predictions.items()
    assert generated(moved) == (["more.greedy"], ["test.greedy"])
    assert "Nothing to be done" in snakemake(moved, config, "--dry-run", SCORES, programs=warm)[1]

    # one more decoding: for both splits, and nothing else is generated or scored again
    config["decodings"] = {"greedy": {}, "beam2": {"beams": 2}}
    own = {"generate": 2, "score": 4}
    output = snakemake(moved, config, "--dry-run", SCORES, programs=warm)[1]
    assert planned(output) == own | {"experiment": 1, "collect": 1}
    before, predictions = written(moved), texts(moved)
    status, output = snakemake(moved, config, SCORES, programs=warm)
    assert status == 0, output
    assert written(moved) == before
    assert texts(moved).items() >= predictions.items()
    assert len(texts(moved)) == 2 * len(predictions) == 8
    of_greedy, of_beam = (["more." + name, "test." + name] for name in ("greedy", "beam2"))
    assert generated(moved) == (of_beam, of_greedy)

    # another batch size of one decoding: its outputs only
    config["decodings"]["beam2"]["batch_size"] = 7
    jobs = planned(snakemake(moved, config, "--dry-run", SCORES, programs=warm)[1])
    assert {rule: jobs[rule] for rule in own} == own


def test_other_training_data_are_trained_on_in_the_same_start(moved, warm):
    before, data = written(moved), read_json(moved / DATA / "summary.json")
    tiny.write_shell_game(moved / "data/train.jsonl", 12000, 2, swaps=[1, 6])
    status, output = snakemake(moved, experiment(), SCORES, programs=warm)
    assert status == 0, output
    assert read_json(moved / DATA / "summary.json") != data
    after = written(moved)
    assert all(after[name] != before[name] for name in before)
    for method in ("sft", "warmup"):
        made = read_json(moved / RUNS / method / "seed1/provenance.json")
        splits = read_json(moved / DATA / "summary.json")["splits"]
        assert made["data_sha256"]["train"] == splits["train"]["sha256"]
    assert (
        "Nothing to be done"
        in snakemake(moved, experiment(), "--dry-run", SCORES, programs=warm)[1]
    )
