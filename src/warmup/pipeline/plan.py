"""What a configuration asks the workflow to make: paths, inputs and parameters of its jobs.

The rules use this and nothing else; paths are built here. `wildcards` are Snakemake's.
"""

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmup.common import code_digest, plugins
from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, write_text
from warmup.common.keys import RUN
from warmup.common.languages import parse_pair
from warmup.config import experiment, experiment_summary
from warmup.config.conversion import to_json
from warmup.config.files import apply_command_line
from warmup.config.methods import dependents
from warmup.config.settings import DatasetEntry, RunConfig
from warmup.data.sources import Context, local
from warmup.training import work_folder


class Plan:
    """The jobs of one experiment."""

    def __init__(
        self,
        config: dict[str, Any],
        given: Mapping[str, Any] | None = None,
        metrics_ready: bool = False,
    ) -> None:
        """Check the configuration.

        Args:
            config: what the files say.
            given: the values of `--config`, as `files.parse_assignments` returns them.
            metrics_ready: whether the environment of neural metrics is there.
        """
        self.config = experiment.check(apply_command_line(config, given or {}))
        name = self.config.experiment
        self.results = f"results/{name}"
        self.work = f"work/{name}/{RUN}"
        self.logs = f"logs/{name}"
        self.downloads = "downloads"
        self.data = f"{self.results}/data/{{dataset}}/{{pair}}"
        self.tokenizer = f"{self.results}/tokenizers/{{dataset}}/{{pair}}/{{model}}"
        self.run = f"{self.results}/runs/{RUN}"
        self.evaluation = f"{self.run}/{{split}}.{{decoding}}"
        self.segments = f"{self.evaluation}.{{metric}}.segments.json"
        self.metrics_ready = metrics_ready
        self.configs = experiment.runs(self.config)
        self.runs = list(self.configs)
        self.experiment = f"{self.results}/{experiment_summary.FILE}"
        self.summary = experiment_summary.summarise(self.config)
        self.resources = self.config.resources
        self.tasks = sorted({run.dataset.task for run in self.configs.values()})
        self.figures = plugins.names("figure")
        self.fetched_datasets = _fetched(self.config.datasets)
        prepared = sorted({(name, pair) for name, pair, *_ in self._names()})
        self.local_files = {(name, pair): self._local_files(name, pair) for name, pair in prepared}
        self.model_files = {name: self._model_files(name) for _, _, name, *_ in self._names()}
        predictions = self.of_evaluations("predictions.jsonl")
        self.lists = {
            "aggregate": [
                *self.of_evaluations("scores.json"),
                *self.of_runs("training.json"),
                *(f"{self.data.format(dataset=d, pair=p)}/summary.json" for d, p in prepared),
            ],
            "compare": self.of_evaluations("statistics.json"),
            "analyse": predictions,
            "report": [*predictions, *self.of_runs("provenance.json")],
        }
        """Rule -> the files of all runs that it reads; for a large experiment more than a command
        can name."""

    def run_config(self, wildcards: Any) -> str:
        """Return the resolved run as JSON; when it changes, the run is due again."""
        return json.dumps(to_json(self._run(wildcards)))

    def dataset_config(self, wildcards: Any) -> str:
        """Return what determines the files of a data set's pair, as JSON: no other pair does."""
        entry = self.config.datasets[wildcards.dataset]
        own = {"task": entry.task, "pairs": [wildcards.pair], "splits": to_json(entry.splits)}
        return json.dumps(own)

    def hub_model(self, wildcards: Any) -> str:
        """Return what determines a downloaded model, as JSON: not how it is trained."""
        model = self.config.models[wildcards.model]
        return json.dumps({"hub": model.hub, "revision": model.revision})

    def tokenizer_config(self, wildcards: Any) -> str:
        """Return the settings of the tokenizer of a model from scratch, as JSON."""
        return json.dumps(to_json(self.config.models[wildcards.model].tokenizer))

    def architecture(self, wildcards: Any) -> str:
        """Return a model's architecture."""
        return self.config.models[wildcards.model].architecture

    def task(self, wildcards: Any) -> str:
        """Return the task of a data set."""
        return self.config.datasets[wildcards.dataset].task

    def score_config(self, wildcards: Any) -> str:
        """Return what identifies a file of predictions, as JSON."""
        run = to_json(self._run(wildcards).run)
        part = {"split": wildcards.split, "decoding": wildcards.decoding}
        return json.dumps(run | part | {"target_lang": self.target_lang(wildcards)})

    def metric_model(self, wildcards: Any) -> str:
        """Return what determines the model of a neural metric, as JSON."""
        entry = to_json(self.config.neural_metrics[wildcards.metric])
        keys = ("hub", "revision", "local", "encoder_revision")
        return json.dumps({key: entry[key] for key in keys if key in entry})

    def metric_config(self, wildcards: Any) -> str:
        """Return the entry of a neural metric as JSON."""
        return json.dumps(to_json(self.config.neural_metrics[wildcards.metric]))

    def target_lang(self, wildcards: Any) -> str:
        """Return the language of the outputs."""
        return parse_pair(wildcards.pair).target

    def segments_of(self, wildcards: Any) -> list[str]:
        """Return the segment scores of each neural metric that the task has."""
        task = self.task(wildcards)
        metrics = [
            name for name, entry in self.config.neural_metrics.items() if task in entry.tasks
        ]
        return [self.segments.format(**wildcards, metric=name) for name in metrics]

    def scored_by(self, wildcards: Any) -> list[str]:
        """Return the modules that scoring a data set finds by name: its task and metrics."""
        return _scored_by(self.task(wildcards))

    def all_scored_by(self, wildcards: Any) -> list[str]:
        """Return the modules that scoring finds by name, for all tasks of the experiment."""
        return [module for task in self.tasks for module in _scored_by(task)]

    def all_metrics(self, wildcards: Any) -> list[str]:
        """Return the modules of all tasks and metrics: what they state is read by name."""
        package = plugins.PACKAGES["neural metric"]
        neural = [f"{package}.{name}" for name in self.config.neural_metrics]
        return [*self.all_scored_by(wildcards), *neural]

    def metric_code(self, wildcards: Any) -> str | None:
        """Return the hash of the code of a neural metric; where it cannot run, what did run."""
        if self.metrics_ready:
            return code_digest.of_neural_metric(wildcards.metric)
        path = Path(self.segments.format(**wildcards))
        computed = read_json(path).get("provenance", {}) if path.exists() else {}
        found: str | None = computed.get("code_sha256")
        return found

    def metrics_environment(self, wildcards: Any) -> str:
        """Return whether a metric can be computed: when it changes, the metric is due again.

        What was computed stays so where the environment is gone since.
        """
        path = Path(self.segments.format(**wildcards))
        there = self.metrics_ready or (path.exists() and "not_computed" not in read_json(path))
        return "there" if there else "missing"

    def beams(self, wildcards: Any) -> int:
        """Return the beam width of a decoding."""
        return self.config.decodings[wildcards.decoding].beams

    def batch_size(self, wildcards: Any) -> int:
        """Return the batch size of a decoding."""
        return self.config.decodings[wildcards.decoding].batch_size

    def warmup_options(self, wildcards: Any) -> str:
        """Return the options that say where warmups come from, if not from the model itself."""
        entry = self.config.decodings[wildcards.decoding]
        if entry.warmup == "own":
            return ""
        samples = f" --samples {entry.samples}" if entry.samples else ""
        return f" --warmup {entry.warmup}{samples} --seed {wildcards.seed}"

    def fetched(self, wildcards: Any) -> list[str]:
        """Return the list of downloads that a data set needs, if it needs any."""
        if wildcards.dataset in self.fetched_datasets:
            return [f"{self.downloads}/{wildcards.dataset}.{wildcards.pair}.json"]
        return []

    def files(self, wildcards: Any) -> list[str]:
        """Return the local files of a data set's pair: when one changes, its data are due again.

        One that is missing is left out, since `prepare` says so better than Snakemake would.
        """
        paths = self.local_files[wildcards.dataset, wildcards.pair]
        return [str(path) for path in paths if path.is_file()]

    def data_root(self, wildcards: Any) -> str:
        """Return where relative paths of data start."""
        return self.config.data_root

    def start(self, wildcards: Any) -> str:
        """Return the folder that a run starts from: of a tokenizer or of a model."""
        run = self._run(wildcards)
        start = run.method.start
        if start == "scratch":
            return self.tokenizer.format(**wildcards)
        if start == "pretrained":
            fetched = f"{self.downloads}/models/{wildcards.model}"
            return run.model.local or fetched
        return f"{self._sibling(wildcards, start)}/model"

    def start_files(self, wildcards: Any) -> list[str]:
        """Return files that change when the start does, since Snakemake cannot compare folders.

        Tokenizers are in `training_data`; a model of the Hub is what its revision says.
        """
        start = self._run(wildcards).method.start
        if start == "pretrained":
            return [str(path) for path in self.model_files[wildcards.model]]
        if start == "scratch":
            return []
        return [f"{self._sibling(wildcards, start)}/provenance.json"]

    def budget_files(self, wildcards: Any) -> dict[str, str]:
        """Return, by command-line option, training.json of the runs that the budget refers to."""
        method, inputs = self._run(wildcards).method, {}
        if method.budget.method:
            inputs["reference"] = f"{self._sibling(wildcards, method.budget.method)}/training.json"
        if method.budget.same_compute_as:
            inputs["baseline"] = f"{self._sibling(wildcards, method.start)}/training.json"
        return inputs

    def _sibling(self, wildcards: Any, method: str) -> str:
        """Return the folder of the run that differs in the method only."""
        return self.run.format(**{**wildcards, "method": method})

    def training_options(self, wildcards: Any, input: Any) -> str:
        """Return the command-line options for a run's inputs."""
        names = ("start", "train", "valid", "reference", "baseline")
        paths = {name: path for name in names if (path := input.get(name))}
        return " ".join(f"--{name}={shlex.quote(str(path))}" for name, path in paths.items())

    def training_data(self, wildcards: Any) -> list[str | None]:
        """Return the hashes of what a run reads; when one changes, the run is due again."""
        tokenizer = Path(self.tokenizer.format(**wildcards))
        found = [self.data_hash(wildcards, split) for split in ("train", "valid")]
        if self.start(wildcards) == str(tokenizer):
            found.append(sha256(tokenizer) if tokenizer.exists() else None)
        return found

    def data_hash(self, wildcards: Any, split: str) -> str | None:
        """Return the hash of a split as it was prepared; None if it was not."""
        summary = Path(self.data.format(**wildcards)) / "summary.json"
        splits = read_json(summary)["splits"] if summary.exists() else {}
        found: str | None = splits.get(split, {}).get("sha256")
        return found

    def train_hash(self, wildcards: Any) -> str | None:
        """Return the hash of the training data."""
        return self.data_hash(wildcards, "train")

    def split_hash(self, wildcards: Any) -> str | None:
        """Return the hash of the examples that outputs are generated for."""
        return self.data_hash(wildcards, wildcards.split)

    def keeps_another(self, wildcards: Any) -> bool:
        """Return whether what a run keeps was made with other settings or other data."""
        kept = work_folder.finished_fingerprint(Path(self.work.format(**wildcards)))
        if kept is None:
            return False
        settings = to_json(self._run(wildcards))
        data = {split: self.data_hash(wildcards, split) for split in ("train", "valid")}
        return bool(kept["config"] != settings or not data.items() <= kept["data"].items())

    def let_go(self, wildcards: Any) -> None:
        """Delete what a run keeps until its end was seen."""
        work = Path(self.work.format(**wildcards))
        if (work / work_folder.FINISHED).exists():
            work_folder.discard_finished(work)

    def priority(self, wildcards: Any) -> float:
        """Return how many methods wait for this one: what others wait for is trained first.

        Of what nobody waits for, SFT with the compute of another method takes longest: it is next.
        """
        waiting = len(dependents(self.config, wildcards.method))
        budget = self.config.methods[wildcards.method].budget
        return waiting + 0.5 * (budget.same_compute_as is not None)

    @property
    def training_devices(self) -> dict[str, int | str]:
        """Return nodes and GPUs of a training, as the executor plug-in for Slurm wants them."""
        nodes, gpus = self.resources.nodes, self.resources.gpus
        if nodes == 1:
            return {"gpu": gpus}
        # With `mpi` the rule starts something on each node by itself. `gpu` would be GPUs of all
        # nodes, which Slurm could spread unevenly; `tasks` would be those of each GPU.
        several: dict[str, int | str] = {"nodes": nodes, "tasks": nodes, "mpi": "srun"}
        return several | ({"gres": f"gpu:{gpus}", "tasks_per_gpu": 0} if gpus else {})

    def mem_mb(self, wildcards: Any, attempt: int) -> int:
        """Return the memory of a training or a generation, which grows with each attempt."""
        return self.resources.mem_mb * attempt

    def runtime(self, wildcards: Any, attempt: int) -> int:
        """Return the time limit of a training or a generation, which grows with each attempt."""
        return self.resources.runtime * attempt

    def of_runs(self, name: str) -> list[str]:
        """Return the paths of a file that every run has."""
        return [f"{self.results}/runs/{run}/{name}" for run in self.runs]

    def of_evaluations(self, kind: str) -> list[str]:
        """Return the paths of the predictions or the scores of all runs."""
        return [
            f"{self.results}/runs/{run}/{evaluation}.{kind}"
            for run, evaluations in self.summary["runs"].items()
            for evaluation in evaluations
        ]

    def list_of(self, rule: str) -> str:
        """Return the path of the list of the files that a rule reads, see `lists`."""
        return f"{self.results}/lists/{rule}.txt"

    def write_lists(self) -> None:
        """Write all lists, one path a line."""
        for rule, paths in self.lists.items():
            write_text(Path(self.list_of(rule)), "".join(f"{path}\n" for path in paths))

    def tables_folder(self, wildcards: Any) -> str:
        """Return the folder of the tables."""
        return f"{self.results}/tables"

    def figures_folder(self, wildcards: Any) -> str:
        """Return the folder of the figures."""
        return f"{self.results}/figures"

    def of_tables(self) -> list[str]:
        """Return the paths of the tables."""
        kinds = ("md", "tex", "csv")
        folder = self.tables_folder(None)
        return [f"{folder}/{name}.{kind}" for name in (*self.tasks, "warmups") for kind in kinds]

    def of_figures(self) -> list[str]:
        """Return the paths of the figures."""
        kinds = ("svg", "pdf", "png")
        folder = self.figures_folder(None)
        return [f"{folder}/{name}.{kind}" for name in self.figures for kind in kinds]

    def of_captions(self) -> list[str]:
        """Return the paths of the figures' captions, for Snakemake's own report."""
        return [f"{self.figures_folder(None)}/{name}.rst" for name in self.figures]

    def _local_files(self, dataset: str, pair: str) -> list[Path]:
        root, downloads = self.config.data_root, Path(self.downloads)
        splits = self.config.datasets[dataset].splits.items()
        try:
            return [
                check_path(path)
                for split, spec in splits
                if spec["type"] == "local"
                for path in local.files(spec, parse_pair(pair), Context(split, root, downloads))
            ]
        except InputError as error:
            raise InputError(f"config: datasets.{dataset}: {error}") from None

    def _model_files(self, name: str) -> list[Path]:
        folder = self.config.models[name].local
        if not folder:
            return []
        try:
            paths = [Path(folder), *sorted(Path(folder).rglob("*"))]
            return [path for path in map(check_path, paths) if path.is_file()]
        except InputError as error:
            raise InputError(f"config: models.{name}: {error}") from None

    def _names(self) -> list[list[str]]:
        return [run.split("/") for run in self.runs]

    def _run(self, wildcards: Any) -> RunConfig:
        return self.configs[RUN.format(**wildcards)]


def check_path(path: Path) -> Path:
    """Return a path that Snakemake can have as an input.

    Raises:
        InputError: it has braces or angle brackets.
    """
    if found := re.search("[{}<>]", str(path)):
        raise InputError(
            f"{path}: {found[0]} in a path, which Snakemake takes for a name of its own; rename it"
        )
    return path


def check_project(folder: Path) -> None:
    """Check that Snakemake can start jobs from the folder of this project.

    It takes braces for names, and quotes the folder in its commands as Python does; PYTHONPATH is
    divided at colons.

    Raises:
        InputError: its path has a character with which they fail.
    """
    impossible = set("{}\\\n" + os.pathsep + ('"$`' if "'" in str(folder) else ""))
    if found := sorted(impossible & set(str(folder))):
        raise InputError(
            f"{str(folder)!r}: jobs cannot be started from a folder with {found[0]!r} in its path; "
            "rename it, or move the project"
        )


def _scored_by(task: str) -> list[str]:
    package = plugins.PACKAGES["metric"]
    wanted = plugins.constant("task", task, "METRICS")
    files = plugins.names("metric")
    return [
        f"{plugins.PACKAGES['task']}.{task}",
        *(f"{package}.{file}" for file in files if _metric(file) in wanted),
    ]


def _metric(file: str) -> str:
    return str(plugins.constant("metric", file, "NAME"))


def _fetched(datasets: Mapping[str, DatasetEntry]) -> set[str]:
    """Return the data sets with a source that needs the network."""
    types = {
        name: {source["type"] for source in dataset.splits.values()}
        for name, dataset in datasets.items()
    }
    online = {
        kind: plugins.constant("source", kind, "NEEDS_NETWORK")
        for kind in sorted(set().union(*types.values()))
    }
    return {name for name, used in types.items() if any(online[kind] for kind in used)}
