"""What a job says of itself in Slurm: which run it is of, its task included.

The executor plug-in makes comments of a rule's wildcards, which do not have the task, and gives all
tasks of an array the comment of the first. So each job corrects its own when it begins.
"""

import argparse
import os
import re
import subprocess
from collections.abc import Mapping, Sequence

PATIENCE = 5
"""Seconds that Slurm has to answer each of a job's two Snakemakes, of the job and of its step."""
_WILDCARD = re.compile(r'([^=,]+)=("[^"]*"|[^,]*)')


def comment(rule: str, wildcards: Mapping[str, str], tasks: Mapping[str, str]) -> str:
    """Return what a job says: `rule_train,task=translation,dataset=flores,pair=de-en,…`.

    Args:
        rule: its name; `warmup slurm-check` and the plug-in know their jobs by what stands
            before it.
        wildcards: of the job, in their order.
        tasks: of the data sets, by their names.
    """
    task = tasks.get(wildcards.get("dataset", ""))
    known = ({"task": task} if task else {}) | dict(wildcards)
    return ",".join([f"rule_{rule}", *(f"{key}={value}" for key, value in known.items())])


def target(arguments: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return rule and wildcards of the job that a Snakemake is to run, of a group of the first.

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


def tell_slurm(arguments: Sequence[str], tasks: Mapping[str, str]) -> None:
    """Comment on the Slurm job that this process is of, if it is of one, and if Slurm lets it.

    Args:
        arguments: of this Snakemake.
        tasks: of the data sets, by their names.
    """
    number, job = os.environ.get("SLURM_JOB_ID"), target(arguments)
    if not number or job is None:
        return
    if array := os.environ.get("SLURM_ARRAY_JOB_ID"):  # which alone would be all of its tasks
        number = f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    command = ["scontrol", "update", f"JobId={number}", f"Comment={comment(*job, tasks)}"]
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return  # a job without its comment is better than none
