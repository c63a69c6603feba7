"""A run from its start to its results: time over all starts, provenance, what is in the way."""

import json
import time

import pytest

from helpers import tiny
from helpers.trainings import At, KilledError
from warmup.__main__ import main
from warmup.common import provenance
from warmup.common.files import read_json
from warmup.training.training_job import TrainingJob


@pytest.fixture
def config():
    config = tiny.resolved("sft")
    config["method"]["start"] = "scratch"
    return config


@pytest.fixture
def provenance_of_run(config, data, tmp_path):
    """Return a function that does the job, with some callbacks, and returns its provenance."""
    inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}

    def start(*callbacks):
        TrainingJob(tiny.typed(config), inputs, 8, tmp_path / "work", callbacks=callbacks).run(
            tmp_path / "out"
        )
        return read_json(tmp_path / "out" / "provenance.json")

    return start


def test_the_time_is_that_of_all_starts(provenance_of_run, tmp_path):
    with pytest.raises(KilledError):
        provenance_of_run(At("on_step_begin", 6))  # the checkpoint is of update 4
    path = tmp_path / "work" / "run_clock.json"
    before = read_json(path)
    assert before["seconds"] > 0
    before = {"started": "2026-01-01T00:00:00+00:00", "seconds": before["seconds"] + 1000}
    path.write_text(json.dumps(before))
    began = time.perf_counter()
    after = provenance_of_run()
    assert after["started"] == before["started"]
    assert 0 < after["seconds"] - before["seconds"] <= time.perf_counter() - began
    assert not path.exists()
    assert provenance_of_run()["seconds"] < 1000  # a run of its own


def test_the_revision_is_that_from_before_training(provenance_of_run, monkeypatch):
    expected = {"code_sha256": provenance.code_sha256(), "git": provenance.revision()}

    def edit():
        monkeypatch.setattr(provenance, "code_sha256", lambda: "edited")
        monkeypatch.setattr(provenance, "revision", lambda: {"revision": "later", "dirty": True})

    found = provenance_of_run(At("on_step_begin", 2, edit))
    assert {key: found[key] for key in expected} == expected


def test_a_folder_of_something_else_is_not_replaced(config, data, tmp_path, capsys):
    options = {
        "--config": json.dumps(config), "--train": data["train"], "--valid": data["valid"],
        "--start": data["t5"], "--work": tmp_path / "work", "--output-dir": tmp_path / "out",
    }  # fmt: skip
    command = ["train", *(str(text) for option in options.items() for text in option)]
    file = tmp_path / "out" / "model" / "mine.txt"
    file.parent.mkdir(parents=True)
    file.write_text("years of work")
    with pytest.raises(SystemExit):
        main(command)
    assert "model: is not empty; delete it" in capsys.readouterr().err
    assert file.exists()
    file.unlink()
    main(command)
    main(command)  # its own model is replaced
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model", "provenance.json", "training.json"
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["lock"]


def test_a_finished_run_whose_end_was_not_seen_is_only_copied(config, data, tmp_path, capsys):
    inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}
    job = TrainingJob(tiny.typed(config), inputs, 8, tmp_path / "work")
    job.run(tmp_path / "one", keep_finished=True)
    capsys.readouterr()
    job.run(tmp_path / "other")
    assert "was finished before: put in place" in capsys.readouterr().err
    for name in ("model/model.safetensors", "training.json", "provenance.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["lock"]


@pytest.fixture
def job(config, data, tmp_path):
    """Return a function that makes a job of another experiment, with a common register."""
    inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}

    def make(experiment, *, on_nan="stop", **changes):
        run = config | changes
        run["run"] = run["run"] | {"experiment": experiment}
        work = tmp_path / "work" / experiment
        register = tmp_path / "register"
        return TrainingJob(tiny.typed(run), inputs, 8, work, on_nan=on_nan, register=register)

    return make


def test_an_identical_run_of_another_experiment_is_copied(job, tmp_path, capsys):
    job("one").run(tmp_path / "one")
    (tmp_path / "one" / "model" / ".snakemake_timestamp").touch()  # as Snakemake does
    capsys.readouterr()
    job("other").run(tmp_path / "other")
    printed = capsys.readouterr().err
    assert f"is identical to {tmp_path / 'one'}: its results are copied" in printed
    weights = [tmp_path / name / "model" / "model.safetensors" for name in ("one", "other")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    one, other = (read_json(tmp_path / name / "training.json") for name in ("one", "other"))
    assert other["config"]["run"]["experiment"] == "other"
    assert other | {"config": None} == one | {"config": None}
    origin = read_json(tmp_path / "other" / "provenance.json")
    assert origin["shared_from"] == str(tmp_path / "one")
    assert origin["config_sha256"] == provenance.digest(other["config"])


@pytest.mark.parametrize(
    "change",
    ["seed", "method", "on_nan", "code", "deleted", "edited", "added", "damaged register"],
)
def test_a_run_that_differs_is_trained(job, config, tmp_path, monkeypatch, change):
    job("one").run(tmp_path / "one")
    others = {
        "seed": {"seed": 2},
        "method": {"method": config["method"] | {"learning_rate": 0.5}},
        "on_nan": {"on_nan": "skip"},
    }
    if change == "code":
        monkeypatch.setattr(provenance, "code_sha256", lambda: "edited")
    if change == "deleted":
        (tmp_path / "one" / "training.json").unlink()
    if change == "edited":
        (tmp_path / "one" / "model" / "config.json").write_text("{}")
    if change == "added":
        (tmp_path / "one" / "model" / "adapter_config.json").write_text("{}")
    if change == "damaged register":
        (entry,) = (tmp_path / "register").iterdir()
        entry.write_text(json.dumps(read_json(entry) | {"sha256": {}}))
    job("other", **others.get(change, {})).run(tmp_path / "other")
    assert "shared_from" not in read_json(tmp_path / "other" / "provenance.json")
