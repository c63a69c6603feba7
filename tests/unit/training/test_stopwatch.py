"""What provenance says of a run that was killed and started again, and edited meanwhile."""

import json
import time

import pytest

from helpers import tiny
from warmup.__main__ import main
from warmup.common import provenance
from warmup.common.files import read_json
from warmup.training.trainer import WarmupTrainer


@pytest.fixture
def command(data, tmp_path):
    """Start `warmup train` in this process; return its provenance."""
    config = tiny.resolved("sft")
    config["method"]["start"] = "scratch"
    options = {
        "config": json.dumps(config), "train": data["train"], "valid": data["valid"],
        "start": data["t5"], "work": tmp_path / "work", "output-dir": tmp_path / "out",
    }  # fmt: skip
    arguments = [str(text) for key, value in options.items() for text in (f"--{key}", value)]

    def start():
        main(["train", *arguments])
        return read_json(tmp_path / "out" / "provenance.json")

    return start


def killed_at(monkeypatch, update, happens):
    """Let something happen in an update, in the place of the update."""
    plain = WarmupTrainer.training_step

    def step(self, *args, **kwargs):
        if self.state.global_step == update:
            happens()
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(WarmupTrainer, "training_step", step)


def test_the_time_is_that_of_all_starts(command, tmp_path, monkeypatch):
    def kill():
        raise KeyboardInterrupt

    true = time.perf_counter
    with monkeypatch.context() as patch:
        killed_at(patch, 6, kill)  # the checkpoint is of update 4
        with pytest.raises(SystemExit):
            command()
    path = tmp_path / "work" / "stopwatch.json"
    before = read_json(path)
    assert before["seconds"] > 0
    before = {"started": "2026-01-01T00:00:00+00:00", "seconds": before["seconds"] + 1000}
    path.write_text(json.dumps(before))
    began = true()
    found = command()
    assert found["started"] == before["started"]
    assert 0 < found["seconds"] - before["seconds"] <= true() - began
    assert not path.exists()
    assert command()["seconds"] < 1000  # a run of its own


def test_the_revision_is_that_from_before_training(command, monkeypatch):
    def edit():
        monkeypatch.setattr(provenance, "code_sha256", lambda: "edited")
        monkeypatch.setattr(provenance, "revision", lambda: {"revision": "later", "dirty": True})

    expected = {"code_sha256": provenance.code_sha256(), "git": provenance.revision()}
    with monkeypatch.context() as patch:
        killed_at(patch, 2, edit)
        found = command()
    assert {key: found[key] for key in expected} == expected


def test_a_folder_of_something_else_is_not_replaced(command, tmp_path, capsys):
    dear = tmp_path / "out" / "model" / "dear.txt"
    dear.parent.mkdir(parents=True)
    dear.write_text("years of work")
    with pytest.raises(SystemExit):
        command()
    assert "model: is not empty; delete it" in capsys.readouterr().err
    assert dear.exists()
    dear.unlink()
    command()
    command()  # its own is replaced
