"""The script that starts a training: as one process, as several, on several nodes."""

import os
import subprocess
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[3] / "workflow" / "scripts" / "launch.sh"


@pytest.fixture
def launch(tmp_path):
    """Return a function that launches; `python` and `srun` only say what they were given."""
    for name in ("python", "srun"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@"\nexit 3\n')
        program.chmod(0o755)

    def call(*arguments, **environment):
        inherited = {key: value for key, value in os.environ.items() if "SLURM" not in key}
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", LAUNCH, *arguments, "warmup", "train", "--config", "{}"],
            env={**inherited, "PATH": path, **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return call


@pytest.mark.parametrize("gpus", ["0", "1"])
def test_one_process_is_started_as_it_is(launch, gpus):
    done = launch("1", gpus, "4")
    assert done.stdout == "python -m warmup train --config {}\n"
    assert done.returncode == 3


def test_torchrun_starts_a_process_for_each_gpu(launch):
    done = launch("1", "2", "4")
    assert done.stdout.startswith("python -m torch.distributed.run ")
    assert done.stdout.endswith("--nproc-per-node=2 --standalone -m -- warmup train --config {}\n")
    assert done.returncode == 3


def test_srun_starts_this_on_each_node(launch):
    done = launch("2", "0", "4", SLURM_JOB_ID="7")
    assert done.stdout.startswith("srun --nodes=2 --ntasks=2 --ntasks-per-node=1 --cpus-per-task=4")
    assert done.stdout.endswith(f"bash {LAUNCH} 2 0 4 warmup train --config {{}}\n")
    assert done.returncode == 3


def test_several_nodes_without_slurm_are_refused(launch):
    done = launch("2", "0", "4")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: resources.nodes is 2, and a training on more than one node"
    )
    assert done.stderr.count("\n") == 1
    assert not done.stdout
