"""What the tests on Slurm share: a small experiment, a Snakemake that can be ended, the queue."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from helpers import tiny

ROOT = Path(__file__).parents[2]
RUN = "shell_game/en/t5/sft/seed1"
FOLDER = f"results/tiny/runs/{RUN}"
TRAINING = f"{FOLDER}/training.json"
WORK = f"work/tiny/{RUN}"
LOG = f"logs/tiny/train/{RUN}.log"
RESOURCES = {"threads": 1, "gpus": 1, "mem_mb": 1500, "runtime": 60}
PROFILE = [
    "--workflow-profile", str(ROOT / "profiles" / "slurm"),
    "--slurm-partition-config", str(ROOT / "profiles" / "slurm" / "partitions.yaml"),
    "--slurm-init-seconds-before-status-checks", "1",  # 40 by default; the rest is as people use it
]  # fmt: skip
started = []


def experiment(**changes):
    """Return an experiment of one training that takes some seconds behind its first checkpoint."""
    config = tiny.experiment()
    config["runs"] = [{"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]}]
    config["methods"]["sft"] |= {"budget": {"updates": 200}, "validate_every": 10, "log_every": 10}
    config["resources"] = RESOURCES
    return config | changes


class Start:
    """A Snakemake on the login node, as people start it."""

    def __init__(self, folder, *arguments, config=None, profile=PROFILE):
        folder.mkdir(exist_ok=True)
        path = folder / "config.yaml"
        if config or not path.exists():
            path.write_text(yaml.safe_dump(config or experiment()))
        self.log = folder / f"snakemake.{len(started)}.log"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile",
                 "--directory", folder, *profile, *arguments, "--configfile", path],
                stdout=stream, stderr=subprocess.STDOUT, env=environment(),
            )  # fmt: skip
        started.append(self)

    @property
    def output(self):
        return self.log.read_text()

    def end(self, number):
        """Send a signal to Snakemake alone, and wait until it has ended."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds=3600):
        """Return the exit status, and all that was printed."""
        return self.process.wait(seconds), self.output

    def until(self, happened):
        """Wait until something is the case while Snakemake runs."""

        def happened_while_it_runs():
            assert self.process.poll() is None, f"Snakemake ended:\n{self.output}"
            return happened()

        until(happened_while_it_runs)


def until(happened, seconds=3600):
    """Wait until something is the case."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.1)


def environment():
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}


def train_here(folder, config=None):
    """Train the run of `experiment`, or another one, on this machine, without Slurm."""
    start = Start(folder, "--cores", "1", TRAINING, profile=[], config=config)
    status, output = start.wait()
    assert status == 0, output


def only_prepared(trained, folder):
    """Copy what precedes the training, as it was before the training began."""
    for part in ("results/tiny/data", "results/tiny/tokenizers", ".snakemake/metadata"):
        shutil.copytree(trained / part, folder / part)
    for record in (folder / ".snakemake/metadata").rglob("*"):
        if record.is_file() and json.loads(record.read_text())["rule"] == "train":
            record.unlink()
    shutil.copy(trained / "config.yaml", folder)
    return folder


def slurm(*command):
    """Run a command of Slurm and return what it prints."""
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout


def answers():
    """Return whether the controller of Slurm answers."""
    done = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, check=False)
    return "is UP" in done.stdout


def jobs(*states):
    """Return all jobs of Slurm, or those in some states, as `scontrol` describes them."""
    lines = slurm("scontrol", "show", "job", "--oneliner").splitlines()
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if line.startswith("JobId")]
    return [job for job in found if not states or job["JobState"] in states]


def queued():
    return jobs("PENDING", "RUNNING", "COMPLETING")


def submitted(folder):
    """Return the jobs that were submitted from a folder, in their order."""
    return sorted(
        (job for job in jobs() if job["WorkDir"] == str(folder)), key=lambda job: int(job["JobId"])
    )


def checkpoint(folder):
    return list((folder / WORK).glob("checkpoint-*/complete"))


def trainings(folder):
    """Return the processes of the training in a folder, those of all nodes."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            # started by itself, or by torchrun
            if (
                b"warmup" in words[2:4]
                and b"train" in words[3:5]
                and (path / "cwd").resolve() == folder
            ):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def hold(start, folder):
    """Stop the training behind its first checkpoint, so that it outlasts whatever a test does."""
    start.until(lambda: checkpoint(folder))
    processes = trainings(folder)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    return processes


def end_all():
    """End everything that a test has left."""
    for start in started:
        start.process.kill()
        start.process.wait()
    slurm("scancel", f"--user={os.getuid()}")
    until(lambda: not queued())
