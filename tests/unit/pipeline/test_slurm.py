"""Jobs that an earlier start left in Slurm, with a `squeue` that stands in for Slurm's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from warmup.common.errors import InputError
from warmup.pipeline import slurm

ROOT = Path(__file__).parents[3]
RUN = "rule_train,task=multiple_choice,dataset=shell_game,pair=en,model=t5,method=sft,seed=1"


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Let `squeue` print lines."""

    def prints(*lines, status=0):
        program = tmp_path / "bin" / "squeue"
        program.parent.mkdir(exist_ok=True)
        (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines))
        program.write_text(f"#!/bin/sh\ncat '{tmp_path}/lines'\nexit {status}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return prints


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "a folder | with a bar"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def test_jobs_of_an_earlier_start_are_named_with_what_ends_them(folder, squeue):
    squeue(
        f"13|warmup_a|RUNNING|{RUN}|{folder}",
        f"14|warmup_a|PENDING|rule_prepare|{folder}",
        *(f"{number}|warmup_b|PENDING|rule_prepare|{folder}" for number in range(15, 20)),
    )
    with pytest.raises(InputError) as error:
        slurm.check(Path())
    message = str(error.value)
    assert f"13 running ({RUN}), 14 pending (rule_prepare), 15 pending (rule_prepare), 4 more" in (
        message
    )
    assert "scancel --name=warmup_a,warmup_b" in message


def test_other_jobs_do_not_matter(folder, squeue):
    squeue(
        f"13|warmup_a|RUNNING|{RUN}|{folder.parent}",  # another folder
        f"14|interactive|RUNNING||{folder}",  # no comment: not of the executor plug-in
        f"15|mine|RUNNING|a rule_|{folder}",
    )
    slurm.check(Path())


def test_a_link_leads_to_the_same_folder(folder, squeue, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    squeue(f"13|warmup_a|RUNNING|{RUN}|{tmp_path / 'link'}")
    with pytest.raises(InputError):
        slurm.check(Path())


def test_slurm_that_does_not_answer_is_no_reason_to_refuse(folder, squeue):
    squeue(f"13|warmup_a|RUNNING|{RUN}|{folder}", status=1)
    slurm.check(Path())


def test_without_slurm_there_is_nothing_to_check(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    slurm.check(Path())


def test_a_start_is_refused_in_one_line(folder, squeue):
    squeue(f"13|warmup_a|RUNNING|{RUN}|{folder}")
    done = subprocess.run(
        [sys.executable, "-m", "warmup", "slurm-check"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: Slurm still has jobs of an earlier start")
    assert done.stderr.count("\n") == 1
