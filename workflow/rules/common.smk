# The checked configuration as a plan of jobs, and what all rules share. There is no `configfile:`:
# a file with changes to another one has to replace what it excludes, such as another kind of source,
# and Snakemake would keep both. See warmup.config.files.

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from shlex import quote
from types import SimpleNamespace

# This repository. When another workflow uses this one as a module, basedir is that one's folder.
ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from snakemake.io import IOFile, is_flagged
from snakemake.settings.types import DeploymentMethod
from snakemake_interface_executor_plugins.settings import ExecMode
from warmup.common import code_digest, encodings, plugins
from warmup.common.errors import run
from warmup.common.files import write_json
from warmup.common.keys import EVALUATION, RUN
from warmup.config import files
from warmup.config.checks import check_sources, check_trackers
from warmup.pipeline import job_lines, lost_outputs, slurm
from warmup.pipeline.paths import check_project
from warmup.pipeline.plan import Plan

# made by `make metrics-env`; jobs use it without activating anything
METRICS_ENVIRONMENT = ROOT / "build/metrics/bin/python"


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
    made = Plan(
        whole,
        given=given,
        metrics_ready=METRICS_ENVIRONMENT.exists()
        or DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method,
    )
    check_sources(made.config)
    check_trackers(made.config)
    return made


def runs_due():
    """Return the names of the runs that will be trained."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [RUN.format(**job.wildcards) for job in jobs if job.rule.name == "train"]


def dry_run_end(settings):
    """Yield what a dry run says at its end: what would stop the experiment."""
    from warmup.pipeline import readiness  # which takes a moment

    for problem in readiness.problems(settings, runs_due()):
        yield f"Before the first job: {problem}"
    yield "`warmup plan` with the same --configfile says what it takes."


def check_readiness(settings):
    """Refuse to start an experiment that cannot end."""
    from warmup.pipeline import readiness

    run(lambda: readiness.check(settings, runs_due()))
    if not PLAN.uses_gpus and (note := readiness.unused_gpus()):
        print(note, file=sys.stderr)


# what is wrong with a configuration is one line, as in all commands
PLAN = run(plan)

# (Another workflow that uses this one as a module has its own way to speak.)
if (
    workflow.exec_mode == ExecMode.DEFAULT
    and not workflow.output_settings.verbose
    and not workflow.modifier.namespace
):
    job_lines.install(
        workflow.logger_manager.logger,
        dry_run=workflow.output_settings.dryrun,
        closing=lambda: dry_run_end(PLAN.config),
    )

# Paths. Names in braces are wildcards:
# RUN is {dataset}/{pair}/{model}/{method}/seed{seed}, and EVALUATION is RUN/{split}.{decoding}.
RESULTS = f"results/{PLAN.name}"
LOGS = f"logs/{PLAN.name}"
SETTINGS = f"work/{PLAN.name}/settings"
DATA_SETTINGS = f"{SETTINGS}/data/{{wildcards.dataset}}/{{wildcards.pair}}.json"
RUN_SETTINGS = (
    f"{SETTINGS}/runs/{{wildcards.dataset}}/{{wildcards.pair}}/{{wildcards.model}}/"
    "{wildcards.method}/seed{wildcards.seed}.json"
)
GENERATE = "generate"
DATA = f"{RESULTS}/data/{{dataset}}/{{pair}}"

if workflow.exec_mode == ExecMode.DEFAULT and not workflow.output_settings.dryrun:
    run(
        lambda: PLAN.write_settings(Path(SETTINGS))
    )  # jobs are given files, which people can read

# What the commands of jobs begin with. Modules are found in src/, whatever environment a job runs
# in: nothing has to be installed. A GPU that the configuration does not ask for is hidden.
# (Names in braces within a command are looked up in the main workflow, which may be another one.)
ENVIRONMENT = f"PYTHONPATH={quote(str(ROOT / 'src'))} TOKENIZERS_PARALLELISM=false"
if PLAN.config.plugins:
    ENVIRONMENT += f" {plugins.VARIABLE}={quote(PLAN.config.plugins)}"
WARMUP = f"{ENVIRONMENT} python -m warmup"
GPU_SCRIPT = quote(str(ROOT / "workflow" / "scripts" / "gpus.sh"))
GPUS = (
    "CUDA_VISIBLE_DEVICES= "
    if not PLAN.uses_gpus
    # Slurm assigns the GPUs of a run on several nodes
    else "" if PLAN.resources.nodes > 1 else f"bash {GPU_SCRIPT} {{resources.gpu}} env "
)
# with --sdm conda `python` is that of the environment; without either it says what it lacks
METRICS_PYTHON = (
    quote(str(METRICS_ENVIRONMENT)) if METRICS_ENVIRONMENT.exists() else "python"
)
TRAIN_SCRIPT = quote(str(ROOT / "workflow" / "scripts" / "train.sh"))

if workflow.remote_exec:  # a job of a cluster, on its node
    slurm.write_comment(sys.argv[1:], PLAN.experiment.tasks)


wildcard_constraints:
    dataset="[^/]+",
    pair="[^/]+",
    model="[^/]+",
    method="[^/]+",
    seed="[0-9]+",
    split="[^/.]+",
    decoding="[^/.]+",
    metric="[^/.]+",
    figure="|".join(plugins.names("figure")),
    table="|".join(plugins.names("table")),


def code(rule, *modules):
    """Return a parameter: a rule's command after WARMUP, and the SHA-256 of all code it runs.

    Args:
        rule: its name.
        modules: dotted names of what it runs and of the plug-ins that this finds by name; or
            functions of the wildcards that return such names.
    """

    def of(wildcards):
        given = [one(wildcards) if callable(one) else [one] for one in modules]
        command = getattr(rules, rule).rule.shellcmd.removeprefix(WARMUP)
        return [command, code_digest.digest(*sum(given, []))]

    return of


def predictions(wildcards):
    """Return the predictions of an evaluation, for a job that reads them.

    If a run gets one more split or decoding, its job puts the other predictions in place again as
    they are. Nothing that is made of them is due then, so they count as old. What else changes them,
    a new model or new data, is an input or a parameter of the rules that read them.
    """
    path = f"{RESULTS}/runs/{EVALUATION}.predictions.jsonl".format(**wildcards)
    forced = any(
        str(name).startswith(GENERATE) for name in workflow.dag_settings.forcerun
    )
    return ancient(path) if PLAN.is_generated(wildcards) and not forced else path


def forget_forced():
    """Make jobs that were asked for with an option such as `--forcerun` generate everything again."""
    for job in workflow.dag.needrun_jobs():
        asked = workflow.dag.reason(job).forced and LOST.isdisjoint(
            map(str, job.output)
        )
        if job.rule.name.startswith(GENERATE) and asked:
            PLAN.forget_predictions(job.wildcards)


def is_recorded(path):
    """Return whether Snakemake has recorded how a file was made as it is now."""
    workflow.persistence.deactivate_cache()  # which holds what was there before a job
    record = workflow.persistence.metadata(IOFile(path))
    return record is not None and abs(record.endtime - Path(path).stat().st_mtime) < 1


def mark_another(wildcards):
    """Return no input, but mark a training run as incomplete that was made with other settings.

    Snakemake compares settings with its record. It has no record of a training run that ended when
    no Snakemake was running.
    """
    training = f"{RESULTS}/runs/{RUN}/training.json".format(**wildcards)
    if (
        PLAN.keeps_another(wildcards)
        and Path(training).exists()
        and not is_recorded(training)
    ):
        workflow.persistence.started(SimpleNamespace(output=[IOFile(training)]))
    return []


ALONE = ExitStack()  # what this process holds until it ends
SEEN = set()  # outputs that were looked at
LOST = set()  # those of them that were lost


def whole(rule, check=lambda wildcards: None, others=lambda wildcards: []):
    """Return a function that gives no input, but makes a job due whose outputs were lost.

    Each output is looked at once: later a job of this start may have deleted it, to make it again.

    Args:
        rule: its name.
        check: says what is wrong with outputs that were written after their job.
        others: files that the job makes besides its outputs.
    """

    def made(path):
        record = workflow.persistence.metadata(IOFile(str(path)))
        return record and record.endtime

    def no_input(wildcards):
        patterns = getattr(rules, rule).rule.output
        outputs = [str(path.apply_wildcards(wildcards)) for path in patterns]
        if workflow.exec_mode != ExecMode.DEFAULT or SEEN.issuperset(outputs):
            return []
        SEEN.update(outputs)
        end = dict.fromkeys(others(wildcards), made(outputs[-1]))
        problem = lost_outputs.problem(
            [Path(path) for path in (*outputs, *end)],
            lambda path: end.get(str(path)) or made(path),
            lambda: check(wildcards),
        )
        if problem:
            print(f"{problem}: it is made again", file=sys.stderr)
            LOST.update(outputs)
            workflow.dag.forcefiles.update(outputs)
        return []

    return no_input


def mark_unfinished():
    """Mark what a failed start has not made again, so that the next one does not take it for new.

    Snakemake puts the old files back if a job fails, as written just now.
    """
    for job in workflow.dag.needrun_jobs():
        if any(is_flagged(path, "update") for path in job.output):
            workflow.persistence.started(job)


def discard_finished():
    """Delete what finished training runs keep, after Snakemake has seen and recorded their end.

    A training run whose end it has not seen is marked as incomplete. Its outputs will be deleted,
    and the next start of its job puts them in place again.
    """
    for job in filter(lambda job: job.rule.name == "train", workflow.dag.jobs):
        unseen = workflow.async_run(workflow.persistence.incomplete(job))
        there = not unseen and all(Path(path).exists() for path in job.output)
        if there and is_recorded(job.output.training):
            PLAN.discard_finished(job.wildcards)


def show_results(made):
    """Show the results that were asked for.

    Args:
        made: names of all rules that the targets need.
    """
    if "tables" in made:
        page = f" --report {RESULTS}/report.html" if "report" in made else ""
        shell(
            f"{ENVIRONMENT} {quote(sys.executable)} -m warmup show"
            f" --experiment {RESULTS}/experiment.json --scores {RESULTS}/scores.tsv"
            f" --comparisons {RESULTS}/comparisons.tsv{page} || true"
        )
        return
    from warmup.reporting import terminal  # which takes a second

    encodings.print_signs()
    for name in filter(made.__contains__, PLAN.runs):
        for line in terminal.run_lines(name, map(Path, PLAN.results_of(name)[1:])):
            print(line)
