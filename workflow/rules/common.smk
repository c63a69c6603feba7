# The checked configuration as a plan of jobs; what rules need to know is in src/warmup/pipeline/plan.py.

import sys
from pathlib import Path
from shlex import quote
from types import SimpleNamespace

# This repository. Where another workflow uses this one as a module, basedir is that one's folder.
ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from snakemake.io import IOFile
from snakemake.settings.types import DeploymentMethod
from warmup.common import code_digest
from warmup.config import files
from warmup.pipeline import job_comment
from warmup.common.errors import run
from warmup.common.files import write_json
from warmup.pipeline.plan import Plan, check_project

# made by `make metrics-env`; jobs use it without activating anything
METRICS_PYTHON = ROOT / "build/metrics/bin/python"


def plan():
    """Return the plan."""
    check_project(ROOT)
    settings, default = workflow.config_settings, ROOT / "config" / "config.yaml"
    # a module gets its configuration from the workflow that uses it
    if workflow.modifier.namespace:
        whole, given = files.merge([config], default), {}
    else:
        whole = files.read(settings.configfiles, default)
        given = files.parse_assignments(settings.config_args or [])
    return Plan(
        whole,
        given=given,
        metrics_ready=METRICS_PYTHON.exists()
        or DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method,
    )


# what is wrong with a configuration is one line, as in all commands
PLAN = run(plan)

if workflow.remote_exec:  # a job of a cluster, on its node
    job_comment.tell_slurm(
        sys.argv[1:],
        {name: entry.task for name, entry in PLAN.config.datasets.items()},
    )

# Modules are found in src/ whatever environment a job runs in; nothing has to be installed.
# With `gpus: 0` no job sees a GPU, even where there is one.
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={quote(str(ROOT / 'src'))}"
    f" TOKENIZERS_PARALLELISM=false METRICS_PYTHON={quote(str(METRICS_PYTHON))}"
    f" SCRIPTS={quote(str(ROOT / 'workflow/scripts'))}"
    f"{'' if PLAN.resources.gpus else ' CUDA_VISIBLE_DEVICES='}; "
)


wildcard_constraints:
    dataset="[^/]+",
    pair="[^/]+",
    model="[^/]+",
    method="[^/]+",
    seed="[0-9]+",
    split="[^/.]+",
    decoding="[^/.]+",
    metric="[^/.]+",


def code(rule, *modules):
    """Return a parameter: a rule's command, and the SHA-256 of all code that this runs.

    Args:
        rule: its name.
        modules: dotted names of what it runs and of the plug-ins that this finds by name; or
            functions of the wildcards that return such names.
    """

    def of(wildcards):
        given = [one(wildcards) if callable(one) else [one] for one in modules]
        return [getattr(rules, rule).rule.shellcmd, code_digest.digest(*sum(given, []))]

    return of


def is_recorded(path):
    """Return whether Snakemake has recorded how a file was made as it is now."""
    workflow.persistence.deactivate_cache()  # which holds what was there before a job
    record = workflow.persistence.metadata(IOFile(path))
    return record is not None and abs(record.endtime - Path(path).stat().st_mtime) < 1


def mark_another(wildcards):
    """Return no input, but mark a training as incomplete that was made with other settings.

    Snakemake compares settings with its record, and has none of a training that ended when no
    Snakemake was there.
    """
    training = f"{PLAN.run}/training.json".format(**wildcards)
    if (
        PLAN.keeps_another(wildcards)
        and Path(training).exists()
        and not is_recorded(training)
    ):
        workflow.persistence.started(SimpleNamespace(output=[IOFile(training)]))
    return []


def let_go():
    """Delete what finished trainings keep, now that Snakemake has seen and recorded their end.

    What it has not seen is marked as incomplete. Its outputs will be deleted, and the next start of
    its job puts them in place again.
    """
    for job in filter(lambda job: job.rule.name == "train", workflow.dag.jobs):
        unseen = workflow.async_run(workflow.persistence.incomplete(job))
        there = not unseen and all(Path(path).exists() for path in job.output)
        if there and is_recorded(job.output.training):
            PLAN.let_go(job.wildcards)
