"""What the jobs of a configuration need: their parameters and their input files.

The rules of workflow/ call these functions with Snakemake's wildcards. They hold no logic of their
own.
"""

import contextlib
import functools
import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from warmup.common import code_digest, plugins
from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, write_text
from warmup.common.files import to_json as to_text
from warmup.common.keys import EVALUATION, RUN
from warmup.common.languages import parse_pair
from warmup.config import experiment, experiment_summary, outputs
from warmup.config.conversion import to_json
from warmup.config.files import apply_command_line
from warmup.config.methods import dependents
from warmup.config.outputs import Place
from warmup.config.settings import DatasetEntry, RunConfig, RunIdentity
from warmup.generation.evaluations import Evaluation
from warmup.pipeline import lost_outputs, paths, slurm
from warmup.training import work_folder

if TYPE_CHECKING:
    from warmup.pipeline.forecast.limits import Limits

DOWNLOADS = "downloads"
FINISHED = Path("work/finished")
"""Register of finished results."""


class Wildcards(Protocol):
    """Snakemake's wildcards: those of a job's output, as attributes and as a mapping."""

    dataset: str
    pair: str
    model: str
    method: str
    seed: str
    split: str
    decoding: str
    metric: str
    figure: str
    table: str

    def keys(self) -> Iterable[str]:
        """Return the names of the wildcards that this job has."""

    def __getitem__(self, name: str) -> str:
        """Return the value of a wildcard."""


class _Names(dict[str, Any]):
    """Values of wildcards, as Snakemake has them."""

    def __getattr__(self, name: str) -> Any:
        """Return the value of a wildcard."""
        return self[name]


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
        paths.check_path(Path(self.config.plugins or ""))
        self.name = self.config.experiment
        self.results = f"results/{self.name}"
        self.summary = experiment.summarise(self.config)
        """Content of experiment.json."""
        self.experiment = experiment_summary.parse(
            self.summary, Path(self.results, experiment_summary.FILE)
        )
        self.runs = experiment.runs(self.config)
        self.outputs = outputs.files(self.config)
        """Files with the outputs of other systems, by method and test split."""
        for path in self.outputs.values():
            paths.check_path(path)
        self.metrics_ready = metrics_ready
        self.resources = self.config.resources
        self.tasks = sorted(set(self.experiment.tasks.values()))
        self.fetched_datasets = _fetched(self.config.datasets)
        names = [run.run for run in self.runs.values()]
        self.data_files = {
            (name, pair): self._local_data_files(name, pair)
            for name, pair in sorted({(run.dataset, run.pair) for run in names})
        }
        self.model_files = {
            name: self._local_model_files(name) for name in {run.model for run in names}
        }

    @property
    def uses_gpus(self) -> bool:
        """Whether any job asks for a GPU."""
        models = self.config.models
        return any(experiment.resources_of(self.config, name).gpus for name in models)

    def of_model(self, key: str) -> Callable[[Wildcards], int]:
        """Return a function that gives a resource of a job, such as `threads`, by its model."""
        return lambda wildcards: int(
            getattr(experiment.resources_of(self.config, wildcards.model), key)
        )

    def growing(self, key: str, *, trains: bool) -> Callable[[Wildcards, int], int]:
        """Return the same for one of which the n-th attempt asks for n times the amount.

        What the configuration does not say is what `warmup plan` forecasts.

        Args:
            key: `mem_mb` or `runtime`.
            trains: whether the job trains; otherwise it generates or scores.
        """

        def of_attempt(wildcards: Wildcards, attempt: int) -> int:
            said = getattr(experiment.resources_of(self.config, wildcards.model), key)
            if said is None:
                said = getattr(self._limits_of(wildcards, trains), key)
            return slurm.growing(int(said))(wildcards, attempt)

        return of_attempt

    def _limits_of(self, wildcards: Wildcards, trains: bool) -> "Limits":
        from warmup.pipeline.forecast.limits import UNKNOWN  # noqa: PLC0415  # as below

        return self._limits.get((RUN.format(**wildcards), trains), UNKNOWN)

    @functools.cached_property
    def _limits(self) -> "Mapping[tuple[str, bool], Limits]":
        from warmup.pipeline.forecast import limits  # noqa: PLC0415  # numpy takes a moment

        return limits.of_experiment(self.config, Path(DOWNLOADS))

    def generation_gpus(self, wildcards: Wildcards) -> int:
        """Return the GPUs of a job that generates or scores: one at most."""
        return min(1, self.of_model("gpus")(wildcards))

    def training_devices(self) -> dict[str, Callable[[Wildcards], int | str]]:
        """Return nodes and GPUs of training runs, as `slurm.training_devices`."""
        nodes = self.resources.nodes

        def one(key: str) -> Callable[[Wildcards], int | str]:
            return lambda wildcards: slurm.training_devices(
                nodes, self.of_model("gpus")(wildcards)
            )[key]

        return {key: one(key) for key in slurm.training_devices(nodes, self.resources.gpus)}

    def processes(self, wildcards: Wildcards) -> str:
        """Return the numbers of nodes and of GPUs on each, as train.sh takes them."""
        return f"{self.resources.nodes} {self.of_model('gpus')(wildcards)}"

    def run(self, wildcards: Wildcards) -> RunConfig:
        """Return everything that determines a run."""
        return self.runs[RUN.format(**wildcards)]

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Return a lock that one start at a time holds, since starts delete what others have made.

        The system takes it away when the process ends, in whatever way.
        """
        return work_folder.lock(Path("work", self.name, "settings"))

    def write_settings(self, folder: Path) -> None:
        """Write what jobs are given of the configuration; files that are the same stay.

        Args:
            folder: for `runs/{RUN}.json`, `data/{dataset}/{pair}.json`, `models/{model}.json`, …
        """
        config, written = self.config, {}
        for name, run in self.runs.items():
            names = _Names(run.run.as_row())
            written[f"runs/{name}"] = self.run_config(names)
            written[f"data/{run.run.dataset}/{run.run.pair}"] = self.dataset_config(names)
            written[f"models/{run.run.model}"] = self.hub_model(names)
            written[f"tokenizers/{run.run.model}"] = self.tokenizer_config(names)
        for metric in config.neural_metrics:
            names = _Names(metric=metric)
            written[f"metrics/{metric}.model"] = self.metric_model(names)
            written[f"metrics/{metric}"] = self.metric_config(names)
        for name, text in written.items():
            path = folder / f"{name}.json"
            layout = to_text(json.loads(text), str(path), indent=2) + "\n"
            if not path.exists() or path.read_text(encoding="utf-8") != layout:
                write_text(path, layout)

    def results_of(self, name: str) -> list[str]:
        """Return what a run as a target asks for: its training and the scores of its outputs."""
        files = ["training.json", *(f"{one}.scores.json" for one in self.experiment.runs[name])]
        return [f"{self.results}/runs/{name}/{file}" for file in files]

    @property
    def report_to(self) -> str:
        """The command-line option that names the trackers of experiments, if there are any."""
        trackers = self.config.trainer.get(experiment.REPORT_TO, [])
        return f"--report-to {' '.join(trackers)}" if trackers else ""

    def run_config(self, wildcards: Wildcards) -> str:
        """Return the resolved run as JSON; when it changes, the run is due again."""
        return json.dumps(to_json(self.run(wildcards)))

    def dataset_config(self, wildcards: Wildcards) -> str:
        """Return what determines the files of a data set's pair, as JSON, without other pairs."""
        entry = self.config.datasets[wildcards.dataset]
        own = {"task": entry.task, "pairs": [wildcards.pair], "splits": to_json(entry.splits)}
        if entry.prefix:
            own["prefix"] = entry.prefix
        return json.dumps(own)

    def hub_model(self, wildcards: Wildcards) -> str:
        """Return what determines a downloaded model, as JSON, without settings of training."""
        model = self.config.models[wildcards.model]
        keys = ("hub", "revision", "pickled_sha256")
        given = {key: getattr(model, key) for key in keys}
        return json.dumps({key: value for key, value in given.items() if value is not None})

    def tokenizer_config(self, wildcards: Wildcards) -> str:
        """Return the settings of the tokenizer of a model from scratch, as JSON."""
        return json.dumps(to_json(self.config.models[wildcards.model].tokenizer))

    def architecture(self, wildcards: Wildcards) -> str:
        """Return a model's architecture."""
        return self.config.models[wildcards.model].architecture

    def task(self, wildcards: Wildcards) -> str:
        """Return the task of a data set."""
        return self.config.datasets[wildcards.dataset].task

    def score_config(self, wildcards: Wildcards) -> str:
        """Return what identifies a file of predictions, as JSON."""
        names = {name: wildcards[name] for name in ("dataset", "pair", "model", "method")}
        run = to_json(
            RunIdentity(
                **names,
                seed=int(wildcards.seed),
                experiment=self.name,
                task=self.task(wildcards),
            )
        )
        part = {"split": wildcards.split, "decoding": wildcards.decoding}
        return json.dumps(run | part | {"target_lang": self.target_lang(wildcards)})

    def metric_options(self, wildcards: Wildcards) -> str:
        """Return the option that says which metrics score a data set, if not those of its task."""
        chosen = self.config.datasets[wildcards.dataset].metrics
        return f" --metrics {' '.join(map(shlex.quote, chosen))}" if chosen else ""

    def metric_model(self, wildcards: Wildcards) -> str:
        """Return what determines the model of a neural metric, as JSON."""
        entry = to_json(self.config.neural_metrics[wildcards.metric])
        keys = ("hub", "revision", "local", "encoder_revision")
        return json.dumps({key: entry[key] for key in keys if key in entry})

    def metric_config(self, wildcards: Wildcards) -> str:
        """Return the entry of a neural metric as JSON."""
        return json.dumps(to_json(self.config.neural_metrics[wildcards.metric]))

    def target_lang(self, wildcards: Wildcards) -> str:
        """Return the language of the outputs."""
        return parse_pair(wildcards.pair).target

    def segments_of(self, wildcards: Wildcards) -> list[str]:
        """Return the segment scores of each neural metric that the task has."""
        evaluation = f"{self.results}/runs/{EVALUATION}".format(**wildcards)
        return [
            f"{evaluation}.{name}.segments.json"
            for name, entry in self.config.neural_metrics.items()
            if self.task(wildcards) in entry.tasks
        ]

    def scored_by(self, wildcards: Wildcards) -> list[str]:
        """Return the modules that scoring a data set finds by name: its task and metrics."""
        return self._scored_by(wildcards.dataset)

    def all_scored_by(self, wildcards: Wildcards) -> list[str]:
        """Return the modules that scoring finds by name, for all tasks of the experiment."""
        modules = [
            module for dataset in self.experiment.tasks for module in self._scored_by(dataset)
        ]
        return list(dict.fromkeys(modules))

    def all_metrics(self, wildcards: Wildcards) -> list[str]:
        """Return the modules of all tasks and metrics, whose constants are read by name."""
        package = plugins.PACKAGES["neural metric"]
        neural = [f"{package}.{name}" for name in self.config.neural_metrics]
        return [*self.all_scored_by(wildcards), *neural]

    def metric_code(self, wildcards: Wildcards) -> str | None:
        """Return the hash of a neural metric's code; if it cannot run here, of what did run."""
        if self.metrics_ready:
            return code_digest.of_neural_metric(wildcards.metric)
        found: str | None = self._segments(wildcards).get("provenance", {}).get("code_sha256")
        return found

    def metrics_environment(self, wildcards: Wildcards) -> str:
        """Return whether a metric can be computed; when this changes, the metric is due again.

        What was computed stays as it is after the environment was deleted.
        """
        computed = self._segments(wildcards)
        there = self.metrics_ready or (computed and "not_computed" not in computed)
        return "there" if there else "missing"

    def _segments(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the segment scores of a neural metric; empty if there are none."""
        path = f"{self.results}/runs/{EVALUATION}.{{metric}}.segments.json".format(**wildcards)
        found: dict[str, Any] = read_json(Path(path)) if Path(path).exists() else {}
        return found

    def tokenizers(self, wildcards: Wildcards) -> list[str]:
        """Return the tokenizer of a model from scratch.

        After it is trained, Snakemake looks again at what is due. Outputs that are read before
        would be compared with those of models that are about to be trained again.
        """
        scratch = self.config.models[wildcards.model].scratch
        return [self._tokenizer(wildcards)] if scratch else []

    def outputs_file(self, wildcards: Wildcards) -> str:
        """Return the file with the outputs of another system for a test split."""
        place = Place(wildcards.method, wildcards.dataset, wildcards.pair, wildcards.split)
        return str(self.outputs[place])

    def generated_alike(self) -> dict[tuple[str, ...], list[str]]:
        """Return by their evaluations the trained runs that have the same, `SPLIT.DECODING`."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for run in self.runs:
            groups.setdefault(tuple(self.experiment.runs[run]), []).append(run)
        return groups

    def test_splits(self, wildcards: Wildcards) -> list[str]:
        """Return the splits that outputs are generated for."""
        return list(dict.fromkeys(name.partition(".")[0] for name in self._evaluations(wildcards)))

    def decodings(self, wildcards: Wildcards) -> str:
        """Return the decodings of a run as JSON."""
        names = dict.fromkeys(name.partition(".")[2] for name in self._evaluations(wildcards))
        return json.dumps({name: to_json(self.config.decodings[name]) for name in names})

    def kept_predictions(self, wildcards: Wildcards) -> str:
        """Return the folder in which a run keeps its finished predictions."""
        return str(self._work(wildcards) / "generated")

    def provenance(self, wildcards: Wildcards) -> list[str]:
        """Return the file that changes when a run's model does; none if its outputs are given."""
        run = RUN.format(**wildcards)
        return [f"{self.results}/runs/{run}/provenance.json"] if run in self.runs else []

    def is_generated(self, wildcards: Wildcards) -> bool:
        """Return whether predictions are those of the model, data and settings as they are now."""
        return self._evaluation(wildcards, wildcards.split, wildcards.decoding).is_in_place()

    def split_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of all splits that are prepared."""
        return [str(path) for path in lost_outputs.split_files(self._data(wildcards))]

    def check_data(self, wildcards: Wildcards) -> str | None:
        """Return what is wrong with prepared data, see `lost_outputs`."""
        return lost_outputs.check_data(self._data(wildcards))

    def check_tokenizer(self, wildcards: Wildcards) -> str | None:
        """Return what is wrong with a trained tokenizer."""
        return lost_outputs.check_tokenizer(FINISHED, Path(self._tokenizer(wildcards)))

    def check_run(self, wildcards: Wildcards) -> str | None:
        """Return what is wrong with the results of a training run."""
        run = Path(self.results, "runs", RUN.format(**wildcards))
        return lost_outputs.check_run(FINISHED, run)

    def check_predictions(self, wildcards: Wildcards) -> str | None:
        """Return what is wrong with the predictions of a run."""
        of_all = (
            lost_outputs.check_evaluation(self._evaluation(wildcards, split, decoding))
            for split, _, decoding in (name.partition(".") for name in self._evaluations(wildcards))
        )
        return next(filter(None, of_all), None)

    def check_scores(self, wildcards: Wildcards) -> str | None:
        """Return what is wrong with the scores of one file of predictions."""
        evaluation = f"{self.results}/runs/{EVALUATION}".format(**wildcards)
        names = ("scores", "statistics")
        return lost_outputs.check_json([Path(f"{evaluation}.{name}.json") for name in names])

    def forget_predictions(self, wildcards: Wildcards) -> None:
        """Make a run generate all its predictions again."""
        for name in self._evaluations(wildcards):
            split, _, decoding = name.partition(".")
            self._evaluation(wildcards, split, decoding).forget()

    def _evaluations(self, wildcards: Wildcards) -> list[str]:
        return list(self.experiment.runs[RUN.format(**wildcards)])

    def _evaluation(self, wildcards: Wildcards, split: str, decoding: str) -> Evaluation:
        return Evaluation(
            run=Path(self.results, "runs", RUN.format(**wildcards)),
            data=self._data(wildcards),
            kept=Path(self.kept_predictions(wildcards)),
            split=split,
            decoding=decoding,
            settings=to_json(self.config.decodings[decoding]),
        )

    def _data(self, wildcards: Wildcards) -> Path:
        """Return the folder of prepared data."""
        return Path(self.results, "data", wildcards.dataset, wildcards.pair)

    def fetched(self, wildcards: Wildcards) -> list[str]:
        """Return the list of downloads that a data set needs, if it needs any."""
        if wildcards.dataset in self.fetched_datasets:
            return [f"{DOWNLOADS}/{wildcards.dataset}.{wildcards.pair}.json"]
        return []

    def files(self, wildcards: Wildcards) -> list[str]:
        """Return the local files of a data set's pair; when one changes, its data are due again.

        A missing file is left out, since `prepare` has a better message than Snakemake.
        """
        files = self.data_files[wildcards.dataset, wildcards.pair]
        return [str(path) for path in files if path.is_file()]

    def data_root(self, wildcards: Wildcards) -> str:
        """Return where relative paths of data start."""
        return self.config.data_root

    def start(self, wildcards: Wildcards) -> str:
        """Return the folder of the tokenizer or the model that a run starts from."""
        run = self.run(wildcards)
        start = run.method.start
        if start == "scratch":
            return self._tokenizer(wildcards)
        if start == "pretrained":
            fetched = f"{DOWNLOADS}/models/{wildcards.model}"
            return run.model.local or fetched
        return f"{self._sibling(wildcards, start)}/model"

    def start_files(self, wildcards: Wildcards) -> list[str]:
        """Return files that change when the start does, since Snakemake cannot compare folders.

        Tokenizers are in `training_data`; a model of the Hub is determined by its revision.
        """
        start = self.run(wildcards).method.start
        if start == "pretrained":
            return [str(path) for path in self.model_files[wildcards.model]]
        if start == "scratch":
            return []
        return [f"{self._sibling(wildcards, start)}/provenance.json"]

    def budget_files(self, wildcards: Wildcards) -> dict[str, str]:
        """Return, by command-line option, training.json of the runs that the budget refers to."""
        method, inputs = self.run(wildcards).method, {}
        if method.budget.method:
            inputs["reference"] = f"{self._sibling(wildcards, method.budget.method)}/training.json"
        if method.budget.same_compute_as:
            inputs["baseline"] = f"{self._sibling(wildcards, method.start)}/training.json"
        return inputs

    def _sibling(self, wildcards: Wildcards, method: str) -> str:
        """Return the folder of the run that differs only in the method."""
        return f"{self.results}/runs/{RUN}".format(**{**wildcards, "method": method})

    def _tokenizer(self, wildcards: Wildcards) -> str:
        """Return the folder of the tokenizer of a model from scratch."""
        return f"{self.results}/tokenizers/{{dataset}}/{{pair}}/{{model}}".format(**wildcards)

    def training_options(self, wildcards: Wildcards, input: Mapping[str, Any]) -> str:
        """Return the command-line options for a run's inputs."""
        names = ("start", "train", "valid", "reference", "baseline")
        files = {name: path for name in names if (path := input.get(name))}
        return " ".join(f"--{name}={shlex.quote(str(path))}" for name, path in files.items())

    def training_data(self, wildcards: Wildcards) -> list[str | None]:
        """Return the hashes of what a run reads; when one changes, the run is due again."""
        tokenizer = Path(self._tokenizer(wildcards))
        found = [self.data_hash(wildcards, split) for split in ("train", "valid")]
        if self.start(wildcards) == str(tokenizer):
            found.append(sha256(tokenizer) if tokenizer.exists() else None)
        return found

    def data_hash(self, wildcards: Wildcards, split: str) -> str | None:
        """Return the hash of a prepared split; None if it is not prepared."""
        summary = self._data(wildcards) / "summary.json"
        splits = read_json(summary)["splits"] if summary.exists() else {}
        found: str | None = splits.get(split, {}).get("sha256")
        return found

    def train_hash(self, wildcards: Wildcards) -> str | None:
        """Return the hash of the training data."""
        return self.data_hash(wildcards, "train")

    def split_hash(self, wildcards: Wildcards) -> str | None:
        """Return the hash of the examples of a split."""
        return self.data_hash(wildcards, wildcards.split)

    def split_hashes(self, wildcards: Wildcards) -> list[str | None]:
        """Return the hashes of the examples that outputs are generated for."""
        return [self.data_hash(wildcards, split) for split in self.test_splits(wildcards)]

    def keeps_another(self, wildcards: Wildcards) -> bool:
        """Return whether a run's work folder has results of other settings or other data."""
        kept = work_folder.finished_fingerprint(self._work(wildcards))
        if kept is None:
            return False
        settings = to_json(self.run(wildcards))
        data = {split: self.data_hash(wildcards, split) for split in ("train", "valid")}
        return bool(kept["config"] != settings or not data.items() <= kept["data"].items())

    def _work(self, wildcards: Wildcards) -> Path:
        """Return the folder of a run's checkpoints."""
        return Path("work", self.name, RUN.format(**wildcards))

    def discard_finished(self, wildcards: Wildcards) -> None:
        """Delete the finished results that a run's work folder keeps until its end was seen."""
        work = self._work(wildcards)
        if (work / work_folder.FINISHED).exists():
            work_folder.discard_finished(work)

    def priority(self, wildcards: Wildcards) -> float:
        """Return how many methods wait for this one: what others wait for is trained first.

        SFT with the compute of another method takes longest, so it comes before the others that
        nobody waits for.
        """
        waiting = len(dependents(self.config, wildcards.method))
        budget = self.config.methods[wildcards.method].budget
        return waiting + 0.5 * (budget.same_compute_as is not None)

    def figure_module(self, wildcards: Wildcards) -> list[str]:
        """Return the module of a figure."""
        return [f"{plugins.PACKAGES['figure']}.{wildcards.figure}"]

    def table_module(self, wildcards: Wildcards) -> list[str]:
        """Return the module of a table."""
        return [f"{plugins.PACKAGES['table']}.{wildcards.table}"]

    def _scored_by(self, dataset: str) -> list[str]:
        package, task = plugins.PACKAGES["metric"], self.experiment.tasks[dataset]
        wanted = self.experiment.metrics_of(task, dataset)
        return [
            f"{plugins.PACKAGES['task']}.{task}",
            *(f"{package}.{file}" for file, name in self._metrics.items() if name in wanted),
        ]

    @functools.cached_property
    def _metrics(self) -> dict[str, str]:
        """The name of the metric in each file of a metric, read once for all jobs."""
        return {
            file: str(plugins.constant("metric", file, "NAME")) for file in plugins.names("metric")
        }

    def _local_data_files(self, name: str, pair: str) -> list[Path]:
        splits, root = self.config.datasets[name].splits, self.config.data_root
        try:
            return paths.local_data_files(splits, pair, root, Path(DOWNLOADS))
        except InputError as error:
            raise InputError(f"config: datasets.{name}: {error}") from None

    def _local_model_files(self, name: str) -> list[Path]:
        folder = self.config.models[name].local
        try:
            return paths.local_model_files(Path(folder)) if folder else []
        except InputError as error:
            raise InputError(f"config: models.{name}: {error}") from None


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
