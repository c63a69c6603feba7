"""Slurm: the resources of jobs, the comments of jobs, and jobs that an earlier start left.

A Snakemake that was killed leaves its jobs in Slurm. A second start would submit them once more,
and a job that begins deletes what another one has finished in the meantime. `check` refuses such
a start.

The executor plug-in makes the comment of a job from its wildcards, which do not name the task, and
gives all tasks of an array the comment of the first. So each job corrects its own comment when it
begins, with `write_comment`.
"""

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from warmup.common.errors import InputError

SHOWN = 3
"""Jobs that a message names."""
PATIENCE = 5
"""Seconds to wait for Slurm's answer. Each job asks twice: once for the job, once for its step."""
_WILDCARD = re.compile(r'([^=,]+)=("[^"]*"|[^,]*)')


def training_devices(nodes: int, gpus: int) -> dict[str, int | str]:
    """Return nodes and GPUs of a training run, as the executor plug-in for Slurm wants them.

    Args:
        nodes: number of nodes.
        gpus: GPUs on each node.
    """
    if nodes == 1:
        return {"gpu": gpus}
    # With `mpi` the rule itself starts a process on each node. `gpu` would be the GPUs of all
    # nodes, which Slurm could spread unevenly; `tasks` would be those of each GPU.
    several: dict[str, int | str] = {"nodes": nodes, "tasks": nodes, "mpi": "srun"}
    return several | ({"gres": f"gpu:{gpus}", "tasks_per_gpu": 0} if gpus else {})


def growing(amount: int) -> Callable[[object, int], int]:
    """Return a resource of a rule, such as memory: the n-th attempt asks for n times the amount."""

    def of_attempt(wildcards: object, attempt: int) -> int:
        return amount * attempt

    return of_attempt


@dataclass(frozen=True)
class Job:
    """A job of Slurm, as `squeue` describes it."""

    id: str
    name: str
    state: str
    comment: str
    folder: str


def jobs(folder: Path) -> list[Job]:
    """Return the jobs that Snakemake submitted from a folder and that wait or run."""
    if not shutil.which("squeue"):
        return []
    command = ["squeue", f"--user={os.getuid()}", "--noheader", "--format=%i|%j|%T|%k|%Z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except subprocess.SubprocessError:
        return []  # Slurm does not answer, so nothing can be submitted either
    found = [Job(*line.split("|", 4)) for line in done.stdout.splitlines()]
    return [
        job
        for job in found
        # all jobs have a comment, from the executor plug-in or from `write_comment`
        if job.comment.startswith("rule_") and Path(job.folder).resolve() == folder.resolve()
    ]


def check(folder: Path) -> None:
    """Refuse a folder in which an earlier start still has jobs.

    Raises:
        InputError: naming the jobs, and how to end them.
    """
    left = jobs(folder)
    if not left:
        return
    shown = [f"{job.id} {job.state.lower()} ({job.comment})" for job in left[:SHOWN]]
    if more := len(left) - len(shown):
        shown.append(f"{more} more")
    names = ",".join(sorted({job.name for job in left}))
    raise InputError(
        f"Slurm still has jobs of an earlier start in this folder: {', '.join(shown)}. Wait until "
        f"they are done, or end them with: scancel --name={names}"
    )


def comment(rule: str, wildcards: Mapping[str, str], tasks: Mapping[str, str]) -> str:
    """Return a job's comment: `rule_train,task=translation,dataset=flores,pair=de-en,…`.

    Args:
        rule: its name; `check` and the plug-in recognise their jobs by the `rule_` before it.
        wildcards: of the job, in their order.
        tasks: data set -> its task.
    """
    task = tasks.get(wildcards.get("dataset", ""))
    known = ({"task": task} if task else {}) | dict(wildcards)
    return ",".join([f"rule_{rule}", *(f"{key}={value}" for key, value in known.items())])


def target(arguments: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return rule and wildcards of the job that a Snakemake is to run; of a group the first job's.

    Args:
        arguments: of its command line, with `--target-jobs train:dataset=flores,pair=de-en,…`.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--target-jobs", nargs="+", default=[])
    found = parser.parse_known_args(arguments)[0].target_jobs
    if not found:
        return None
    rule, _, wildcards = found[0].partition(":")
    return rule, dict(_WILDCARD.findall(wildcards))


def write_comment(arguments: Sequence[str], tasks: Mapping[str, str]) -> None:
    """Write the comment of the Slurm job that this process belongs to, if it belongs to one.

    A job without its comment is better than none, so failures of Slurm are ignored.

    Args:
        arguments: of this Snakemake.
        tasks: data set -> its task.
    """
    number, job = os.environ.get("SLURM_JOB_ID"), target(arguments)
    if not number or job is None:
        return
    if array := os.environ.get("SLURM_ARRAY_JOB_ID"):  # alone it would name all tasks of the array
        number = f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    command = ["scontrol", "update", f"JobId={number}", f"Comment={comment(*job, tasks)}"]
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command: it has none."""


def run(options: argparse.Namespace) -> None:
    """Refuse a start while Slurm has jobs of an earlier one in the current folder."""
    check(Path())
