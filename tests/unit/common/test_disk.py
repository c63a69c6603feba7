"""A disk that is full, or that cannot be written: one line, nothing half-written, and a way on."""

import errno
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from helpers import tiny
from warmup.__main__ import main
from warmup.common import errors
from warmup.common.files import write_json, write_jsonl, write_text
from warmup.data.sources import _download
from warmup.evaluation.result_tables import SCORES
from warmup.pipeline import snapshot


def said(capsys, action):
    """Return the one line that an action ends with, as a command."""
    with pytest.raises(SystemExit) as stop:
        errors.run(action)
    assert stop.value.code == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("error: ")
    return line


@pytest.fixture
def small(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(small, capsys):
    path = small / "a.json"
    write_json(path, {"old": 1})
    line = said(capsys, lambda: write_text(path, "x" * 2_000_000))
    assert f"{path}: cannot write: the disk is full" in line
    assert "start again to go on" in line
    assert path.read_text() == '{\n  "old": 1\n}\n'
    assert list(small.iterdir()) == [path]


def test_a_full_disk_in_the_middle_of_many_rows(small, capsys):
    rows = ({"text": "x" * 1000} for _ in range(2000))
    assert "the disk is full" in said(capsys, lambda: write_jsonl(small / "a.jsonl", rows))
    assert not list(small.iterdir())


def test_a_full_disk_in_a_checkpoint_costs_the_updates_since_the_one_before(run, small, capsys):
    from helpers.trainings import At, same

    whole, _ = run("sft")
    taken = small / "taken"

    def fill_the_disk():
        left = os.statvfs(small)
        taken.write_bytes(b"x" * (left.f_bavail * left.f_frsize))  # another program's file

    after_a_checkpoint = At("on_step_begin", 4, fill_the_disk)
    with pytest.raises(SystemExit) as stop:
        errors.run(lambda: run("sft", work=small / "work", callbacks=[after_a_checkpoint]))
    line = capsys.readouterr().err.splitlines()[-1]
    assert stop.value.code == 1
    assert line.startswith("error: ")
    assert "the disk is full" in line
    taken.unlink()
    resumed, _ = run("sft", work=small / "work")
    assert "resuming from checkpoint-4" in capsys.readouterr().err
    assert same(whole, resumed)


def test_a_limit_on_the_size_of_files(tmp_path, capsys):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(SystemExit):
            errors.run(lambda: write_text(tmp_path / "a", "x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "a limit on its use is reached" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    line = said(capsys, lambda: write_text(file / "a.json", "x"))
    assert str(file) in line
    assert "Not a directory" in line or "File exists" in line


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT])
def test_what_the_system_says_of_a_disk_is_one_line(capsys, number):
    def fail():
        raise OSError(number, os.strerror(number), "results/x")

    assert said(capsys, fail) == f"error: results/x: {os.strerror(number)}\n"


def test_a_read_only_file_system(small, capsys):
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    line = said(capsys, lambda: write_text(small / "a.json", "x"))
    assert "Read-only file system" in line
    assert str(small) in line


def test_a_full_disk_in_a_download_is_not_taken_for_the_network(small, capsys, monkeypatch):
    class Answer(io.BytesIO):
        status, length = 200, 2_000_000

    tries = []

    def urlopen(request, timeout):
        tries.append(request)
        return Answer(b"x" * 2_000_000)

    monkeypatch.setattr(_download, "urlopen", urlopen)
    line = said(capsys, lambda: _download.download("http://a/b", small / "b", lambda path: None))
    assert f"{small}/partial-b: cannot write: the disk is full" in line
    assert len(tries) == 1
    assert (small / "partial-b").stat().st_size > 0  # the next start goes on with it


def test_a_temporary_folder_that_fills_up_is_named(small, tmp_path, capsys, monkeypatch):
    predictions = tmp_path / "kept" / "a.predictions.jsonl"
    write_jsonl(predictions, [{"output": os.urandom(1_000_000).hex()}])
    snapshot.pack(
        tmp_path / "kept" / "predictions.tar.xz", tmp_path / "kept", [Path(predictions.name)]
    )
    row = dict.fromkeys(SCORES.columns, "1") | {"metric": "bleu"}
    lines = ("\t".join(row), "\t".join(map(str, row.values())))
    (tmp_path / "kept" / "scores.tsv").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(tempfile, "tempdir", str(small))
    line = said(capsys, lambda: main(["verify", str(tmp_path / "kept")]))
    assert line.startswith(f"error: {small}/")
    assert "cannot write: the disk is full" in line
    assert not list(small.iterdir())


@pytest.mark.parametrize("command", ["train", "generate", "train-tokenizer"])
def test_without_any_room_for_temporary_files_commands_end_with_one_line(small, command, data):
    (small / "x").write_bytes(b"x" * os.statvfs(small).f_bavail * os.statvfs(small).f_frsize)
    arguments = {
        "train": {"config": json.dumps(tiny.resolved("sft")), "train": data["train"],
                  "valid": data["valid"], "start": data["t5"], "work": small / "work",
                  "output-dir": small / "out"},
        "generate": {"model": small, "input": data["valid"], "output": small / "out"},
        "train-tokenizer": {"train": data["train"], "task": "multiple_choice",
                            "output": small / "out", "spec": '{"type": "word", "vocab_size": 50}',
                            "architecture": "encoder_decoder"},
    }  # fmt: skip
    options = [str(x) for name, value in arguments[command].items() for x in (f"--{name}", value)]
    code = f"""
import sys, tempfile
tempfile._candidate_tempdir_list = lambda: [{str(small)!r}]
from warmup.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, command, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: ")
    assert "TMPDIR" in done.stderr or "the disk is full" in done.stderr
