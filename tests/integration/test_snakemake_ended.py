"""Snakemake and its jobs, ended on one machine in every way: the same command goes on."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from helpers import tiny

ROOT = Path(__file__).parents[2]
NAME = "shell_game/en/t5/sft/seed1"
TARGET = f"results/tiny/runs/{NAME}/training.json"
WORK = f"work/tiny/{NAME}"
EVERY = 20
"""Updates between two checkpoints."""
DEADLINE = 300


class Start:
    """A Snakemake as a terminal starts it: in a group of its own, which Ctrl-C ends as a whole."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.before = newest(folder)
        self.log = folder / "snakemake.log"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
                 "--directory", str(folder), "--cores", "1", TARGET,
                 "--configfile", str(folder / "config.yaml"), *options],
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip

    def until_a_checkpoint(self):
        """Wait for a checkpoint that was not there before; return the process of the training."""
        deadline = time.monotonic() + DEADLINE
        while newest(self.folder) == self.before:
            assert self.process.poll() is None, f"Snakemake ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, "no checkpoint"
            time.sleep(0.02)
        return training(self.folder)

    def wait(self):
        """Return the exit status, and all that was printed."""
        status = self.process.wait(DEADLINE)
        return status, self.log.read_text()


def newest(folder):
    found = (folder / WORK).glob("checkpoint-*/complete")
    return max((int(path.parent.name.rpartition("-")[2]) for path in found), default=0)


def training(folder):
    """Return the process of the training in a folder."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if words[1:4] == [b"-m", b"warmup", b"train"] and (path / "cwd").resolve() == folder:
                return int(path.name)
        except OSError:
            continue
    return None


def experiment(folder):
    """Write a configuration with one run to a folder; return the folder."""
    config = tiny.experiment()
    config["runs"] = [{"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]}]
    # some seconds between the first checkpoint and the end
    config["methods"]["sft"] |= {
        "budget": {"updates": 240},
        "validate_every": EVERY,
        "log_every": EVERY,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return experiment(tmp_path_factory.mktemp("ended").resolve())


def test_ended_in_every_way_a_training_comes_to_the_model_of_an_uninterrupted_one(folder):
    # the kernel ends the training, for want of memory
    start = Start(folder)
    os.kill(start.until_a_checkpoint(), signal.SIGKILL)
    status, said = start.wait()
    assert status == 1
    assert "error: Training sft: t5 on shell_game (en), seed 1: it ended without an error" in said
    assert "Traceback" not in said

    # Ctrl-C ends all that the terminal has started
    start = Start(folder)
    start.until_a_checkpoint()
    os.killpg(start.process.pid, signal.SIGINT)
    status, said = start.wait()
    assert status == 1
    assert "resuming from checkpoint-" in said
    assert "Terminating processes on user request" in said
    assert "Traceback" not in said
    assert newest(folder) > start.before
    assert newest(folder) % EVERY, "the training wrote none at its end"
    assert training(folder) is None

    # a job that ended half-way has left no output, and nobody is locked out
    assert not (folder / TARGET).exists()
    assert not list((folder / ".snakemake/locks").glob("*"))

    # told to end, Snakemake waits for what runs
    start = Start(folder)
    start.until_a_checkpoint()
    start.process.terminate()
    _, said = start.wait()
    assert "Will exit after finishing currently running jobs" in said
    assert "resuming from checkpoint-" in said
    assert "update 240/240" in said
    assert (folder / TARGET).exists()
    assert Start(folder).wait()[0] == 0
    assert "Nothing to be done" in (folder / "snakemake.log").read_text()

    from warmup.common.files import sha256
    from warmup.config import experiment
    from warmup.training.training_job import TrainingJob

    config = yaml.safe_load((folder / "config.yaml").read_text())
    data = folder / "results/tiny/data/shell_game/en"
    inputs = {
        "start": folder / "results/tiny/tokenizers/shell_game/en/t5",
        "train": data / "train.jsonl",
        "valid": data / "valid.jsonl",
    }
    run = experiment.resolve(experiment.check(config), NAME)
    model, _ = TrainingJob(run, inputs, 240, folder / "whole").train()
    model.network.save_pretrained(folder / "whole/model")
    made = (folder / TARGET).parent / "model/model.safetensors"
    assert sha256(made) == sha256(folder / "whole/model/model.safetensors")


def test_what_a_killed_snakemake_left_unfinished_is_made_again(folder):
    """A job that Snakemake did not see the end of is marked; whatever is there is not trusted."""
    before = (folder / TARGET).read_text()
    (folder / TARGET).write_text("half of the n")
    mark = folder / ".snakemake/incomplete"
    mark.mkdir(exist_ok=True)
    (mark / base64.b64encode(TARGET.encode()).decode()).write_text("{}")
    status, said = Start(folder).wait()
    assert status == 0, said
    assert "Training sft" in said
    made = json.loads((folder / TARGET).read_text())
    assert made["validation"] == json.loads(before)["validation"]


def test_a_run_is_trained_once_at_a_time_even_if_snakemake_alone_was_killed(tmp_path):
    from warmup.common.files import sha256

    folder = experiment(tmp_path.resolve())
    first = Start(folder)
    pid = first.until_a_checkpoint()
    os.kill(pid, signal.SIGSTOP)  # it holds its lock for as long as other starts take
    in_use = f"in use by process {pid} on "

    # two Snakemakes in one folder
    status, said = Start(folder).wait()
    assert status != 0
    assert f"error: work/tiny/settings: in use by process {first.process.pid} on " in said
    assert "Traceback" not in said
    assert first.process.poll() is None

    # Snakemake alone is killed
    first.process.kill()
    first.process.wait(DEADLINE)
    status, said = Start(folder).wait()
    assert status == 1
    assert in_use in said
    assert "Traceback" not in said

    # the training lives on, and finishes
    assert training(folder) == pid
    os.kill(pid, signal.SIGCONT)
    until_it_ends(folder)
    model = (folder / TARGET).parent / "model/model.safetensors"
    made = sha256(model)

    # nobody has seen its end, but it counts: a start that was refused has taken the mark away
    status, said = Start(folder).wait()
    assert status == 0, said
    assert "Nothing to be done" in said
    assert json.loads((folder / TARGET).read_text())["updates"] == 240
    assert sha256(model) == made

    # Snakemake has no record of it, and yet other settings are noticed
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["methods"]["sft"]["learning_rate"] = 0.02
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    assert "Training sft" in Start(folder, "--dry-run").wait()[1]


def test_a_training_that_ended_after_its_snakemake_was_killed_is_put_in_place(tmp_path):
    from warmup.common.files import sha256

    folder = experiment(tmp_path.resolve())
    results, kept = (folder / TARGET).parent, folder / WORK / "finished"
    names = ("model/model.safetensors", "provenance.json")
    log = folder / f"logs/tiny/train/{NAME}.log"
    first = Start(folder)
    first.until_a_checkpoint()
    first.process.kill()
    first.process.wait(DEADLINE)
    until_it_ends(folder)
    made = {name: sha256(results / name) for name in names}
    said = log.read_text()
    assert "update 240/240" in said

    # Snakemake takes what is there for incomplete, deletes it, and starts the training again
    status, printed = Start(folder).wait()
    assert status == 0, printed
    assert "Training sft" in printed
    assert f"{NAME}  was finished before: put in place" in log.read_text()
    assert log.read_text().startswith(said)
    assert log.read_text().count("update 240/240") == 1
    assert {name: sha256(results / name) for name in names} == made
    assert json.loads((folder / TARGET).read_text())["updates"] == 240

    # it was seen now: nothing is kept any longer, and nothing is due
    assert not kept.exists()
    assert not (folder / WORK / "train.log").exists()
    assert "Nothing to be done" in Start(folder).wait()[1]
    (folder / TARGET).unlink()
    status, printed = Start(folder).wait()
    assert status == 0, printed
    assert "was finished before" not in log.read_text()
    assert sha256(results / names[0]) == made[names[0]]


def until_it_ends(folder):
    """Wait for the end of a training, and of the shell that has started it."""
    deadline = time.monotonic() + DEADLINE
    while training(folder):
        assert time.monotonic() < deadline, "does not end"
        time.sleep(0.1)
    time.sleep(1)
