"""Jobs of this folder that Slurm has: before a start, those that an earlier one left.

A Snakemake that was killed leaves its jobs in Slurm. A second start would submit them once more,
and a job that begins deletes what another one has finished in the meantime.
"""

import argparse
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from warmup.common.errors import InputError

SHOWN = 3
"""Jobs that a message names."""


@dataclass(frozen=True)
class Job:
    """A job of Slurm, as `squeue` tells of it."""

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
        # all jobs have a comment, of the executor plug-in or of `warmup.pipeline.job_comment`
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command: it has none."""


def run(options: argparse.Namespace) -> None:
    """Refuse a start while Slurm has jobs of an earlier one in the current folder."""
    check(Path())
