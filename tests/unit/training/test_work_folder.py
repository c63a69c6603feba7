"""The work folder: one process at a time, one run."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.training import work_folder

HOLDER = """
import sys, time
from pathlib import Path
from warmup.training import work_folder
with work_folder.lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def checkpoint(folder, number):
    path = folder / f"checkpoint-{number}"
    path.mkdir(parents=True)
    (path / "model.safetensors").write_text("weights")
    return path


def test_a_folder_that_another_process_holds_is_refused_with_its_name(tmp_path, holder):
    with (
        pytest.raises(InputError, match=rf"in use by process {holder.pid} on "),
        work_folder.lock(tmp_path),
    ):
        pytest.fail("two processes hold the folder")


def test_the_name_of_the_process_tells_its_slurm_job(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    with work_folder.lock(tmp_path):
        assert (tmp_path / "lock").read_text().endswith(", Slurm job 17\n")


def test_a_file_system_without_locks_is_named_as_the_reason(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(InputError, match=r"its file system has no locks \(Function not impl"),
        work_folder.lock(tmp_path),
    ):
        pytest.fail("held without a lock")


def test_the_lock_ends_with_the_process_even_if_it_is_killed(tmp_path, holder):
    holder.kill()
    holder.wait()
    with work_folder.lock(tmp_path):
        assert f"process {os.getpid()} on " in (tmp_path / "lock").read_text()
        assert str(holder.pid) not in (tmp_path / "lock").read_text()
    with work_folder.lock(tmp_path):  # and once more
        pass


def test_the_same_run_may_go_on(tmp_path):
    work_folder.check_fingerprint(tmp_path, {"config": {"a": 1}}, "code", fresh=False)
    path = checkpoint(tmp_path, 5)
    work_folder.check_fingerprint(tmp_path, {"config": {"a": 1}}, "code", fresh=False)
    assert path.exists()
    assert read_json(tmp_path / "fingerprint.json") == {"config": {"a": 1}, "code": "code"}


def test_another_version_of_the_code_goes_on_with_a_warning(tmp_path, capsys):
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "old", fresh=False)
    path = checkpoint(tmp_path, 5)
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "new", fresh=False)
    assert path.exists()
    assert "another version of the code" in capsys.readouterr().err


def test_another_run_is_refused_with_what_differs(tmp_path):
    work_folder.check_fingerprint(
        tmp_path, {"config": {"rate": 1, "seed": {"x": 2}}, "updates": 8}, "code", False
    )
    path = checkpoint(tmp_path, 5)
    with pytest.raises(InputError) as refused:
        work_folder.check_fingerprint(
            tmp_path, {"config": {"rate": 3, "seed": {"x": 2}}, "data": "f"}, "code", False
        )
    message = str(refused.value)
    assert "config.rate was 1 and is 3" in message
    assert "data was None and is 'f'" in message
    assert "updates was 8 and is None" in message
    assert "seed" not in message
    assert "on_mismatch: fresh" in message
    assert path.exists()
    assert read_json(tmp_path / "fingerprint.json")["updates"] == 8


def test_another_run_may_begin_afresh(tmp_path):
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
    path = checkpoint(tmp_path, 5)
    work_folder.check_fingerprint(tmp_path, {"seed": 2}, "code", fresh=True)
    assert not path.exists()
    assert read_json(tmp_path / "fingerprint.json") == {"seed": 2, "code": "code"}


@pytest.mark.parametrize("text", [None, "", "[1, 2]", "null", '"x"', "{}"])
def test_checkpoints_that_do_not_say_which_run_they_are_of_are_refused_or_dropped(tmp_path, text):
    path, fingerprint = checkpoint(tmp_path, 5), tmp_path / "fingerprint.json"
    if text is not None:
        fingerprint.write_text(text)
    with pytest.raises(InputError) as refused:
        work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
    reason = "seed was None and is 1" if text == "{}" else "fingerprint.json is missing or damaged"
    assert reason in str(refused.value)
    assert "on_mismatch: fresh" in str(refused.value)
    assert path.exists()
    assert fingerprint.exists() == (text is not None)

    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=True)
    assert not path.exists()
    assert read_json(fingerprint) == {"seed": 1, "code": "code"}


def test_a_lower_max_tokens_per_microbatch_is_kept_for_the_same_run_only(tmp_path):
    path = tmp_path / work_folder.MICROBATCH_LIMIT
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
    path.write_text("{}")
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
    assert path.exists()
    work_folder.check_fingerprint(tmp_path, {"seed": 2}, "code", fresh=False)
    assert not path.exists()


def test_fresh_keeps_the_checkpoints_of_the_same_run(tmp_path):
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=True)
    path = checkpoint(tmp_path, 5)
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=True)
    assert path.exists()


def test_a_run_that_left_no_checkpoint_does_not_matter(tmp_path):
    work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
    work_folder.check_fingerprint(tmp_path, {"seed": 2}, "code", fresh=False)
    assert read_json(tmp_path / "fingerprint.json") == {"seed": 2, "code": "code"}


def test_a_finished_run_leaves_nothing_but_its_lock(tmp_path):
    with work_folder.lock(tmp_path):
        work_folder.check_fingerprint(tmp_path, {"seed": 1}, "code", fresh=False)
        checkpoint(tmp_path, 5)
        work_folder.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    work_folder.clear(tmp_path)  # twice does no harm
