# The checked configuration, the paths, and the functions that say what a job needs.

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from snakemake.exceptions import WorkflowError
from warmup import config as configuration
from warmup import plugins
from warmup.errors import InputError

try:
    EXPERIMENT = configuration.check(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

# Modules are found in src/ whatever environment a job runs in; nothing has to be installed.
shell.prefix(f"set -euo pipefail; export PYTHONPATH={workflow.basedir}/src TOKENIZERS_PARALLELISM=false; ")

RESULTS = f"results/{EXPERIMENT['experiment']}"
WORK = f"work/{EXPERIMENT['experiment']}"
LOGS = f"logs/{EXPERIMENT['experiment']}"
DOWNLOADS = "downloads"
DATA = RESULTS + "/data/{dataset}/{pair}"
TOKENIZER = RESULTS + "/tokenizers/{dataset}/{pair}/{model}"
RUN_NAME = "{dataset}/{pair}/{model}/{method}/seed{seed}"
RUN = f"{RESULTS}/runs/{RUN_NAME}"
RUNS = configuration.run_names(EXPERIMENT)


wildcard_constraints:
    dataset="[^/]+",
    pair="[^/]+",
    model="[^/]+",
    method="[^/]+",
    seed="[0-9]+",
    split="[^/.]+",
    decoding="[^/.]+",


def code(name):
    """Return the file of a module, an input of the cheap rules that run it."""
    return f"{workflow.basedir}/src/warmup/{name}"


def run_config(wildcards):
    """Return the resolved run as JSON: it changes, and the run is due again, as its settings do."""
    return json.dumps(configuration.resolve(EXPERIMENT, RUN_NAME.format(**wildcards)))


def dataset_config(wildcards):
    """Return what determines a data set's files, as JSON."""
    entry = EXPERIMENT["datasets"][wildcards.dataset]
    return json.dumps({key: entry[key] for key in ("task", "pairs", "splits")})


def task(wildcards):
    """Return the task of a data set."""
    return EXPERIMENT["datasets"][wildcards.dataset]["task"]


def needs_network(dataset):
    """Return whether a source of a data set has to be fetched."""
    splits = EXPERIMENT["datasets"][dataset]["splits"].values()
    return any(source["type"] in ("url", "hub") for source in splits)


def fetched(wildcards):
    """Return what has to be there before a data set can be prepared."""
    if needs_network(wildcards.dataset):
        return [f"{DOWNLOADS}/{wildcards.dataset}.{wildcards.pair}.json"]
    return []


def training_inputs(wildcards):
    """Return the inputs of a run: data, what it starts from, and runs its budget refers to."""
    run = configuration.resolve(EXPERIMENT, RUN_NAME.format(**wildcards))
    method, model = run["method"], EXPERIMENT["models"][wildcards.model]
    sibling = str(Path(RUN).parent.parent) + "/{other}/seed{seed}"
    data = DATA.format(**wildcards)
    inputs = {"train": f"{data}/train.jsonl", "valid": f"{data}/valid.jsonl"}
    if method["start"] not in ("scratch", "pretrained"):
        start = sibling.format(**wildcards, other=method["start"])
        inputs["start"] = f"{start}/model"
    elif method["start"] == "scratch":
        inputs["start"] = TOKENIZER.format(**wildcards)
    else:
        inputs["start"] = model.get("local", f"{DOWNLOADS}/models/{wildcards.model}")
    for key in ("same_updates_as", "same_compute_as"):
        if key in method["budget"]:
            other = sibling.format(**wildcards, other=method["budget"][key])
            inputs["reference"] = f"{other}/training.json"
    if "same_compute_as" in method["budget"]:
        inputs["baseline"] = f"{start}/training.json"
    return inputs


def training_options(wildcards, input):
    """Return the command-line options for the inputs of a run."""
    return " ".join(f"--{name} {path}" for name, path in input.items())


def score_config(wildcards):
    """Return what identifies a set of predictions, as JSON."""
    run = configuration.resolve(EXPERIMENT, RUN_NAME.format(**wildcards))["run"]
    return json.dumps(
        {
            **run,
            "split": wildcards.split,
            "decoding": wildcards.decoding,
            "target_lang": wildcards.pair.rpartition("-")[2],
        }
    )


def test_splits(dataset):
    """Return the splits of a data set that are neither for training nor for validation."""
    return [s for s in EXPERIMENT["datasets"][dataset]["splits"] if s not in ("train", "valid")]


def evaluations(kind):
    """Return the paths of all predictions or scores files."""
    return [
        f"{RESULTS}/runs/{name}/{split}.{decoding}.{kind}"
        for name in RUNS
        for split in test_splits(name.split("/")[0])
        for decoding in EXPERIMENT["decodings"]
    ]


def run_files(name):
    """Return the paths of a file that every run has."""
    return [f"{RESULTS}/runs/{run}/{name}" for run in RUNS]


TASKS = sorted({EXPERIMENT["datasets"][name.split("/")[0]]["task"] for name in RUNS})
FIGURES = plugins.names("figures")
METHODS = " ".join(configuration.lineage(EXPERIMENT))
JOB = EXPERIMENT["resources"]
PREPARATION = "prepare.py dataset.py overlap.py pairs.py records.py sources generators tasks".split()
PRESENTATION = [code(f"{name}.py") for name in "summary markup labels methods export".split()]
