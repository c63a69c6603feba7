"""Check what the schema cannot: names of other entries, and settings that belong together.

What a plug-in says of itself, such as the settings of an objective, is read from its file by
`plugins.constant`; the file is not imported, since that would take seconds.
"""

import difflib
import graphlib
import importlib.util
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError, unknown
from warmup.common.languages import parse_pair
from warmup.common.texts import is_blank
from warmup.config import decodings, outputs, schema, scratch_settings
from warmup.config.methods import Methods
from warmup.config.names import Names
from warmup.config.settings import (
    DatasetEntry,
    ExperimentConfig,
    GridConfig,
    LossConfig,
    MethodConfig,
    MetricModelConfig,
    ModelConfig,
    NeuralMetricConfig,
    SamplingConfig,
)


def check_names(config: Mapping[str, Any]) -> None:
    """Check the names in `runs` of a configuration as it is written.

    Raises:
        InputError: a name refers to nothing.
    """
    for number, entry in enumerate(config["runs"]):
        where = f"config: runs.{number}"
        outputs = config.get("outputs", {})
        methods = [*config["methods"], *outputs]
        for kind, choices in (
            ("datasets", config["datasets"]), ("models", config["models"]), ("methods", methods),
        ):  # fmt: skip
            for name in entry[kind]:
                _choose(f"{where}.{kind}", name, choices)
        for name in entry.get("override", {}):
            trained = [method for method in entry["methods"] if method not in outputs]
            _choose(f"{where}.override", name, trained)
        known = [pair for name in entry["datasets"] for pair in config["datasets"][name]["pairs"]]
        for pair in entry.get("pairs", []):
            _choose(f"{where}.pairs", pair, known)


def check_experiment(config: ExperimentConfig) -> None:
    """Check a complete configuration.

    Raises:
        InputError: a name refers to nothing, or entries contradict each other.
    """
    for name, model in config.models.items():
        _check_model(f"config: models.{name}", model)
        if model.resources and model.resources.gpus and not config.resources.gpus:
            raise InputError(
                f"config: models.{name}.resources.gpus: resources.gpus of the experiment is 0, so "
                "that no job sees a GPU"
            )
    for name, dataset in config.datasets.items():
        where = f"config: datasets.{name}"
        _choose(f"{where}.task", dataset.task, plugins.names("task"))
        _check_scoring(where, dataset)
        for pair in dataset.pairs:
            _check_pair(where, pair, dataset.task)
        for split, source in dataset.splits.items():
            _choose(f"{where}.splits.{split}.type", source["type"], plugins.names("source"))
    _check_labels(config)
    decodings.check(config.decodings)
    for name, metric in config.neural_metrics.items():
        _check_neural_metric(name, metric)
    for number, entry in enumerate(config.runs):
        where = f"config: runs.{number}"
        for name, method in entry.methods.items():
            _check_method(f"{where}: method {name}", method, entry, config)
        _check_order(where, entry.methods)


def _check_scoring(where: str, dataset: DatasetEntry) -> None:
    """Check what a data set says of its task: the words before the source, and the metrics."""
    if dataset.prefix and "prefix" not in plugins.constant("task", dataset.task, "SETTINGS", ()):
        takers = [
            name
            for name in plugins.names("task")
            if "prefix" in plugins.constant("task", name, "SETTINGS", ())
        ]
        raise InputError(
            f"{where}.prefix: {dataset.task} has words of its own before the source; a task that "
            f"takes a prefix: {', '.join(takers)}"
        )
    if dataset.metrics:
        known = [plugins.constant("metric", name, "NAME") for name in plugins.names("metric")]
        for metric in dataset.metrics:
            _choose(f"{where}.metrics", metric, known)


def check_sources(config: ExperimentConfig) -> None:
    """Let each source that a run uses check its entry: keys, settings, files of this machine.

    Files with the outputs of other systems have to be there, too.

    Raises:
        InputError: what is wrong, naming the data set and the split.
    """
    used = {
        (name, pair)
        for entry in config.runs
        for name in entry.datasets
        for pair in config.datasets[name].pairs
        if entry.pairs is None or pair in entry.pairs
    }
    outputs.files(config)
    for name, pair in sorted(used):
        for split, spec in config.datasets[name].splits.items():
            source = plugins.load("source", spec["type"])
            try:
                source.check(spec, parse_pair(pair), split, config.data_root)
            except InputError as error:
                raise InputError(f"config: datasets.{name}: {error}") from None


def check_trackers(config: ExperimentConfig) -> None:
    """Check that the trackers of experiments are installed on this machine.

    Raises:
        InputError: naming one that is not.
    """
    for name in config.trainer.get("report_to", []):
        if importlib.util.find_spec(name) is None:
            raise InputError(
                f"config: trainer.report_to: {name} is not installed; pip install {name}"
            )


def _check_labels(config: ExperimentConfig) -> None:
    """Check what people read: that it is of something, and that it tells things apart."""
    methods = [*config.methods, *config.outputs]
    named = [*methods, *config.models, *config.datasets]
    for key, known in (("labels", named), ("order", named), ("colours", methods)):
        for name in getattr(config, key):
            _choose(f"config: {key}", name, known)
    used = {
        "methods": [(*entry.methods, *entry.outputs) for entry in config.runs],
        "models": [entry.models for entry in config.runs],
        "datasets": [entry.datasets for entry in config.runs],
    }
    shown, names = Methods(labels=config.labels), Names(config.labels)
    for kind, lists in used.items():
        seen: dict[str, str] = {}
        for name in dict.fromkeys(itertools.chain.from_iterable(lists)):
            label = shown.label(name) if kind == "methods" else names.model(name)
            if is_blank(label):
                raise InputError(f"config: labels.{name}: {label!r} has nothing that can be seen")
            other = seen.setdefault(label, name)
            if other != name:
                raise InputError(f"config: labels: {other} and {name} are both shown as {label!r}")


def check_objective(method: LossConfig, where: str) -> None:
    """Check a method's objective: its settings, and the samples that it needs.

    Args:
        method: with its defaults.
        where: begins errors.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    name, sampling = method.objective, method.sampling
    _choose(f"{where}: objective", name, plugins.names("objective"))
    settings = {
        "type": "object",
        "additionalProperties": False,
        "properties": plugins.constant("objective", name, "SETTINGS"),
    }
    value = {"objective_settings": method.objective_settings}
    schema.check(value, {"properties": {"objective_settings": settings}}, where)
    least = plugins.constant("objective", name, "MIN_SAMPLES")
    if sampling is None:
        if least:
            raise InputError(f"{where}: sampling: {name} needs at least {least} samples, got null")
        for term in ("reference_kl", "drafts"):
            if getattr(method, term):
                raise InputError(f"{where}: {term}: needs sampling, which is null")
        return
    samples, adaptive = sampling.samples, sampling.adaptive_samples
    if samples < least:
        raise InputError(f"{where}: sampling.samples: {name} needs at least {least}, got {samples}")
    if sampling.predefined:
        _check_predefined(sampling, name, where)
        if method.drafts:
            raise InputError(f"{where}: drafts: has no part in predefined warmups")
    if sampling.backprop_samples and sampling.backprop_samples > samples:
        raise InputError(
            f"{where}: sampling.backprop_samples: {sampling.backprop_samples} are more than the "
            f"samples ({samples})"
        )
    if adaptive and not least <= adaptive.min_samples < samples:
        raise InputError(
            f"{where}: sampling.adaptive_samples.min_samples: must be at least {least} and below "
            f"samples ({samples}), got {adaptive.min_samples}"
        )


def _check_predefined(sampling: SamplingConfig, objective: str, where: str) -> None:
    kinds = plugins.names("predefined warmup")
    _choose(f"{where}: sampling.predefined", str(sampling.predefined), kinds)
    if sampling.samples != 1 or sampling.backprop_samples or sampling.adaptive_samples:
        raise InputError(
            f"{where}: predefined warmups need samples: 1, and neither backprop_samples nor "
            "adaptive_samples"
        )
    if objective != "concatenation":  # with `likelihood` the model would not learn to write them
        raise InputError(
            f"{where}: predefined warmups need the objective concatenation, not {objective}"
        )


def _check_model(where: str, model: ModelConfig) -> None:
    _choose(f"{where}.architecture", model.architecture, plugins.names("architecture"))
    origins = {"hub": model.hub, "local": model.local, "scratch": model.scratch}
    given = [key for key, value in origins.items() if value is not None]
    if len(given) != 1:
        raise InputError(f"{where}: needs exactly one of hub, local, scratch; has {given}")
    if model.scratch is not None:
        _check_scratch(f"{where}.scratch", model.scratch)
    if (model.hub is None) != (model.revision is None):
        raise InputError(f"{where}: hub and revision go together")
    if model.pickled_sha256 and model.hub is None:
        raise InputError(f"{where}: pickled_sha256 goes with hub")
    if model.lora and model.scratch is not None:
        raise InputError(f"{where}: lora needs pretrained weights, but scratch makes random ones")
    if model.architecture == "decoder_only" and model.separator == model.prompt_end:
        raise InputError(
            f"{where}: separator and prompt_end are both {model.separator!r}; choose two tokens"
        )


def _check_scratch(where: str, scratch: Mapping[str, Any]) -> None:
    """Check that the model type has these settings, as far as this is known without importing."""
    known = scratch_settings.known(scratch["model_type"])
    wrong = sorted(scratch.keys() - {"model_type"} - known) if known else []
    if wrong:
        (nearest,) = difflib.get_close_matches(wrong[0], sorted(known or ()), 1, cutoff=0)
        raise InputError(
            f"{where}.{wrong[0]}: not a setting of {scratch['model_type']}; the nearest is "
            f"{nearest}; valid settings: {', '.join(sorted(known or ()))}"
        )


def _check_neural_metric(name: str, metric: NeuralMetricConfig) -> None:
    """Check the tasks of a neural metric, and that it has the keys that it needs and no others."""
    where = f"config: neural_metrics.{name}"
    if name not in plugins.names("neural metric"):
        raise unknown("neural metric", name, plugins.names("neural metric"))
    for task in metric.tasks:
        _choose(f"{where}.tasks", task, plugins.names("task"))
    check_metric_model(name, metric, where)
    needed = plugins.constant("neural metric", name, "NEEDS")
    _check_needed(where, "layer", metric.layer, needed == "layer")


def check_metric_model(name: str, model: MetricModelConfig, where: str) -> None:
    """Check what says which model a neural metric has; `where` begins errors.

    Raises:
        InputError: a key is missing, or has no meaning.
    """
    if (model.hub is None) == (model.local is None):
        raise InputError(f"{where}: needs exactly one of hub and local")
    if (model.hub is None) != (model.revision is None):
        raise InputError(f"{where}: hub and revision go together")
    needed = model.hub and plugins.constant("neural metric", name, "HUB_NEEDS")
    key = "encoder_revision"
    _check_needed(where, key, model.encoder_revision, needed == key)


def _check_needed(where: str, key: str, value: object, needed: bool) -> None:
    if needed and value is None:
        raise InputError(f"{where}: missing key {key!r}")
    if not needed and value is not None:
        raise InputError(f"{where}: {key} has no meaning here")


def _check_method(
    where: str, method: MethodConfig, entry: GridConfig, config: ExperimentConfig
) -> None:
    check_objective(method.loss, where)
    _choose(f"{where}: start", method.start, ["pretrained", "scratch", *entry.methods])
    budget = method.budget
    if budget.same_updates_as:
        _choose(f"{where}: budget.same_updates_as", budget.same_updates_as, entry.methods)
    if budget.same_compute_as:
        _choose(f"{where}: budget.same_compute_as", budget.same_compute_as, entry.methods)
        if method.start in ("pretrained", "scratch"):
            raise InputError(
                f"{where}: same_compute_as needs a method to start from, not {method.start}"
            )
    for name in entry.models:
        from_scratch = config.models[name].scratch is not None
        if method.start == "pretrained" and from_scratch:
            raise InputError(f"{where}: model {name} has no pretrained weights; use start: scratch")
        if method.start == "scratch" and not from_scratch:
            raise InputError(f"{where}: model {name} is pretrained; use start: pretrained")
    if method.validate_every % method.log_every:
        raise InputError(
            f"{where}: log_every ({method.log_every}) must divide validate_every "
            f"({method.validate_every})"
        )
    for name in entry.models:
        own = config.models[name].resources
        nodes, gpus = config.resources.nodes, (own and own.gpus) or config.resources.gpus
        if method.batch_size % (processes := nodes * max(gpus, 1)):
            raise InputError(
                f"{where}: batch_size {method.batch_size}: not divisible by {processes} processes "
                f"(resources: nodes {nodes}, gpus {gpus})"
            )


def _check_order(where: str, methods: Mapping[str, MethodConfig]) -> None:
    """Check that no method waits for itself: for its start, or the run that its budget names."""
    waits = {name: sorted(methods.keys() & method.needs) for name, method in methods.items()}
    try:
        graphlib.TopologicalSorter(waits).prepare()
    except graphlib.CycleError as error:
        circle = ", ".join(reversed(error.args[1]))
        raise InputError(
            f"{where}: start, budget: each of these methods waits for the next: {circle}"
        ) from None


def _check_pair(where: str, pair: str, task: str) -> None:
    try:
        parsed = parse_pair(pair)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None
    if parsed.monolingual and plugins.constant("task", task, "TWO_LANGUAGES", False):
        raise InputError(f"{where}.pairs: {pair!r} is one language; {task} needs two, as in en-de")


def _choose(where: str, name: str, choices: Iterable[str]) -> None:
    if name not in choices:
        raise InputError(f"{where}: unknown {name!r}; choose from: {', '.join(sorted(choices))}")
