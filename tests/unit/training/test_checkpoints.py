"""Checkpoints: marked as complete, checked, and never all lost at once."""

import json
import os

import pytest

from warmup.training import checkpoints

WEIGHTS = "model.safetensors"


def make(folder, number, best=None, complete=True):
    """Write a checkpoint whose best one, at that time, was number `best` (None: itself)."""
    path = folder / f"checkpoint-{number}"
    path.mkdir(parents=True)
    (path / WEIGHTS).write_bytes(os.urandom(1000))
    (path / "optimizer.pt").write_bytes(b"moments")
    state = {"best_model_checkpoint": f"anywhere/checkpoint-{best or number}"}
    (path / checkpoints.STATE).write_text(json.dumps(state))
    if complete:
        checkpoints.mark_complete(path)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


DAMAGES = {"truncated": truncate, "altered": alter, "empty": empty, "gone": os.unlink}


def test_the_newest_complete_one_is_used_and_incomplete_ones_are_deleted_silently(tmp_path, capsys):
    assert checkpoints.latest_valid(tmp_path) is None
    make(tmp_path, 900)
    newest = make(tmp_path, 1000)  # the number counts, not the text
    make(tmp_path, 1100, complete=False)
    assert checkpoints.latest_valid(tmp_path) == newest
    assert names(tmp_path) == ["checkpoint-1000", "checkpoint-900"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("file", [WEIGHTS, "optimizer.pt", checkpoints.STATE])
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_is_used(
    tmp_path, capsys, kind, file
):
    before, damaged = make(tmp_path, 4), make(tmp_path, 8)
    DAMAGES[kind](damaged / file)
    assert checkpoints.latest_valid(tmp_path) == before
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert f"{damaged}: {file} is " in printed
    assert "going back to checkpoint-4" in printed
    assert names(tmp_path) == ["checkpoint-4"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sha256": 3}', '{"sha256": {"../x": ""}}'])
def test_a_checkpoint_whose_mark_is_damaged_is_damaged(tmp_path, capsys, text):
    before, damaged = make(tmp_path, 4), make(tmp_path, 8)
    (damaged / checkpoints.MARK).write_text(text)
    assert checkpoints.latest_valid(tmp_path) == before
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_valid_one_training_starts_from_the_beginning(tmp_path, capsys):
    truncate(make(tmp_path, 4) / WEIGHTS)
    truncate(make(tmp_path, 8) / WEIGHTS)
    assert checkpoints.latest_valid(tmp_path) is None
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "checkpoint-8" in printed
    assert "starting from the beginning" in printed
    assert names(tmp_path) == []


def test_a_checkpoint_is_not_valid_without_the_best_one(tmp_path, capsys):
    alter(make(tmp_path, 4) / WEIGHTS)
    make(tmp_path, 8, best=4)
    assert checkpoints.latest_valid(tmp_path) is None
    assert "needs checkpoint-4: model.safetensors is damaged" in capsys.readouterr().err


def test_a_file_that_is_added_does_no_harm(tmp_path):
    path = make(tmp_path, 4)
    (path / "notes.txt").write_text("mine")
    assert checkpoints.latest_valid(tmp_path) == path


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ([(4, 4)], [4]),
        ([(4, 4), (8, 8)], [4, 8]),  # should 8 be damaged, there is 4
        ([(4, 4), (8, 4), (12, 4)], [4, 12]),
        ([(4, 4), (8, 8), (12, 12)], [8, 12]),
        ([(4, 4), (8, 4), (12, 12)], [4, 12]),  # 8 would need 4
        ([(4, 4), (8, 4), (12, 12), (16, 12)], [12, 16]),
    ],
)
def test_two_are_kept_and_training_can_resume_from_each(tmp_path, written, left):
    for number, best in written:
        make(tmp_path, number, best=best)
        # a clock that was set back: the newest seems to be the oldest
        os.utime(tmp_path / f"checkpoint-{number}", (1e9 - number, 1e9 - number))
        checkpoints.prune(tmp_path)
    assert names(tmp_path) == sorted(f"checkpoint-{number}" for number in left)
    alter(tmp_path / f"checkpoint-{left[-1]}" / WEIGHTS)
    going = checkpoints.latest_valid(tmp_path)
    assert (going is None) == (len(left) == 1)


def test_a_deletion_that_is_interrupted_leaves_no_complete_one(tmp_path, monkeypatch, capsys):
    path = make(tmp_path, 4)
    monkeypatch.setattr(checkpoints.shutil, "rmtree", lambda _: None)
    checkpoints.delete(path)
    monkeypatch.undo()
    assert checkpoints.latest_valid(tmp_path) is None
    assert capsys.readouterr().err == ""
