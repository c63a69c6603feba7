"""What a job says of itself in Slurm, with an `scontrol` that stands in for Slurm's."""

import os
import time

import pytest
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args

from warmup.pipeline import slurm
from warmup.pipeline.slurm import comment, target, write_comment

TASKS = {"shell_game": "multiple_choice", "flores": "translation"}
RUN = {"dataset": "flores", "pair": "de-en", "model": "mt5", "method": "warmup", "seed": "3"}
TRAINING = [
    "--snakefile", "Snakefile", "--target-jobs",
    *encode_target_jobs_cli_args([TargetSpec("train", RUN), TargetSpec("score", {"pair": "x"})]),
    "--allowed-rules", "train", "score", "--mode", "remote",
]  # fmt: skip
"""Arguments of the Snakemake that the plug-in lets Slurm start."""


@pytest.fixture
def scontrol(tmp_path, monkeypatch):
    """Let `scontrol` do something; return what it was asked for."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    asked = tmp_path / "asked"

    def does(line):
        program = tmp_path / "bin" / "scontrol"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho \"$*\" >> '{asked}'\n{line}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return asked

    return does


def test_a_comment_names_the_rule_the_task_and_the_run():
    assert comment("train", RUN, TASKS) == (
        "rule_train,task=translation,dataset=flores,pair=de-en,model=mt5,method=warmup,seed=3"
    )


def test_a_rule_without_a_data_set_has_what_it_has():
    assert comment("collect", {}, TASKS) == "rule_collect"
    assert comment("fetch", {"name": "flores"}, TASKS) == "rule_fetch,name=flores"


def test_the_job_is_the_first_that_snakemake_is_to_run():
    assert target(TRAINING) == ("train", RUN)
    alone = encode_target_jobs_cli_args([TargetSpec("collect", {})])
    assert target(["--target-jobs", *alone]) == ("collect", {})
    assert target(["--cores", "2"]) is None


def test_slurm_is_told(scontrol):
    asked = scontrol("exit 0")
    write_comment(TRAINING, TASKS)
    assert asked.read_text() == f"update JobId=17 Comment={comment('train', RUN, TASKS)}\n"


def test_a_task_of_an_array_speaks_of_itself_alone(scontrol, monkeypatch):
    asked = scontrol("exit 0")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "17")  # the last task has the number of the array
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    write_comment(TRAINING, TASKS)
    assert asked.read_text().startswith("update JobId=17_3 Comment=rule_train,task=translation,")


def test_outside_slurm_nothing_is_said(scontrol, monkeypatch):
    asked = scontrol("exit 0")
    monkeypatch.delenv("SLURM_JOB_ID")
    write_comment(TRAINING, TASKS)
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    write_comment(["--cores", "2"], TASKS)  # a Snakemake that somebody started within a job
    assert not asked.exists()


def test_a_job_goes_on_whatever_slurm_says(scontrol, monkeypatch, capfd):
    monkeypatch.setattr(slurm, "PATIENCE", 0.2)
    scontrol("echo refused >&2; exit 1")
    write_comment(TRAINING, TASKS)
    scontrol("exec sleep 60")
    began = time.monotonic()
    write_comment(TRAINING, TASKS)
    assert time.monotonic() - began < 30
    monkeypatch.setenv("PATH", "/nowhere")
    write_comment(TRAINING, TASKS)
    assert capfd.readouterr() == ("", "")
