"""What is known to fail before the first job."""

import os
import subprocess

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.pipeline import readiness

LLAMA = {
    "architecture": "decoder_only", "hub": "meta-llama/Llama-3.2-1B", "revision": "0" * 40,
    "separator": "<s>", "prompt_end": "<e>",
}  # fmt: skip
MUCH = 10**15


@pytest.fixture
def restricted():
    value = tiny.experiment()
    value["models"]["t5"] = LLAMA
    for method in value["methods"].values():
        if method["start"] == "scratch":
            method["start"] = "pretrained"
    return experiment.check(value)


@pytest.fixture
def runs(restricted):
    return list(experiment.runs(restricted))


def test_a_restricted_model_needs_a_token(restricted, runs, tmp_path):
    home = {"HF_HOME": str(tmp_path / "home")}
    (problem,) = readiness.problems(restricted, runs, tmp_path, home, MUCH)
    assert problem.startswith("models.t5: meta-llama/Llama-3.2-1B is restricted: agree to")
    for more in ({"HF_TOKEN": "x"}, {"HF_HUB_OFFLINE": "1"}):
        assert list(readiness.problems(restricted, runs, tmp_path, home | more, MUCH)) == []


def test_a_token_may_be_in_the_file_of_the_hub(restricted, runs, tmp_path):
    (tmp_path / "token").write_text("x")
    assert (
        list(readiness.problems(restricted, runs, tmp_path, {"HF_HOME": str(tmp_path)}, MUCH)) == []
    )


def test_a_model_that_was_downloaded_needs_no_token(restricted, runs, tmp_path):
    (tmp_path / "downloads/models/t5").mkdir(parents=True)
    assert list(readiness.problems(restricted, runs, tmp_path, {"HF_HOME": "nowhere"}, MUCH)) == []


def test_a_disk_that_is_too_small_is_noticed(restricted, runs, tmp_path):
    token = {"HF_TOKEN": "x"}
    (problem,) = readiness.problems(restricted, runs, tmp_path, token, 10**9)
    assert "has 1 GB free, and the experiment needs about" in problem
    assert "`warmup plan` says" in problem


@pytest.mark.parametrize("place", ["results", "results/tiny", "work", "logs/tiny"])
def test_a_folder_that_cannot_be_made_is_noticed(restricted, runs, tmp_path, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    (problem,) = readiness.problems(restricted, runs, tmp_path, {"HF_TOKEN": "x"}, MUCH)
    assert problem == f"{path}: is a file, and a folder is needed there"


def test_a_read_only_folder_of_results_is_noticed(restricted, runs, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(results)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        (problem,) = readiness.problems(restricted, runs, tmp_path, {"HF_TOKEN": "x"}, MUCH)
    finally:
        subprocess.run(["umount", "--lazy", str(results)], check=True)
    assert problem.startswith(f"{results}: cannot be written (a read-only file system")


def test_runs_that_are_not_due_need_no_room(restricted, runs, tmp_path):
    one = readiness.bytes_of(restricted, runs[:1], tmp_path)
    assert readiness.bytes_of(restricted, [], tmp_path) == 0 < one
    assert readiness.bytes_of(restricted, runs, tmp_path) > one


def test_a_start_is_refused_in_one_line(restricted, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10}))
    monkeypatch.setattr(readiness, "has_token", lambda environment: False)
    message = r"models\.t5: .* is restricted.*; the disk of .*--no-hooks"
    with pytest.raises(InputError, match=message):
        readiness.check(restricted, runs)


@pytest.mark.parametrize(
    ("printed", "said"), [("", ""), ("GPU 0: A\n", "has a GPU."), ("GPU 0\nGPU 1\n", "has 2 GPUs.")]
)
def test_gpus_that_are_not_used_are_mentioned(tmp_path, monkeypatch, printed, said):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{printed}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert said in readiness.unused_gpus()
    assert bool(readiness.unused_gpus()) == bool(said)
    program.write_text("#!/bin/sh\nexit 9\n")
    assert readiness.unused_gpus() == ""
