"""Load an experiment's configuration, check it against the schema, and list its runs."""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError, unknown
from warmup.common.json_values import check_json_value
from warmup.common.keys import RunKey
from warmup.config import chance, checks, decodings, files, schema
from warmup.config.conversion import from_json, to_json
from warmup.config.methods import Methods, varied
from warmup.config.settings import (
    DatasetConfig,
    ExperimentConfig,
    GridConfig,
    Resources,
    RunConfig,
    RunIdentity,
)

REPORT_TO = "report_to"
"""Key of `trainer` with the trackers of experiments, which do not change what is trained."""


def load(*paths: Path) -> ExperimentConfig:
    """Read YAML files, each one laid over those before it; return them checked and complete.

    If none of them has `models`, they are laid over the config.yaml of the current folder.

    Raises:
        InputError: not YAML, or not a valid configuration.
    """
    return check(files.read(paths))


def check(value: Any) -> ExperimentConfig:
    """Return a configuration with its defaults filled in; the argument is left as it is.

    From then on this process finds the plug-ins of the configuration, and no others.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    check_json_value(value, "config")
    whole = schema.read()
    complete = _with_shared_keys(value)
    _move_outputs(complete)
    schema.check(complete, whole, "config")
    plugins.use(complete.get("plugins"))
    checks.check_names(complete)
    for entry in complete["runs"]:  # before defaults, which would hide what a method says
        override = entry.pop("override", {})
        given = complete.get("outputs", {})
        entry["outputs"] = {name: given[name] for name in entry["methods"] if name in given}
        entry["methods"] = {
            name: _merge(complete["methods"][name], override.get(name, {}))
            for name in entry["methods"]
            if name not in given
        }
        for method in entry["methods"].values():
            schema.fill(method, schema.definition("method"))
    schema.fill(complete, whole)
    config = from_json(ExperimentConfig, complete)
    checks.check_experiment(config)
    run_names(config)  # finds runs that two entries name
    return config


def run_names(config: ExperimentConfig) -> list[str]:
    """Return `dataset/pair/model/method/seedN` of every run, in the configuration's order."""
    return [key.path for key, entry in _grid(config) if key.method in entry.methods]


def runs(config: ExperimentConfig) -> dict[str, RunConfig]:
    """Return everything that determines each run, by its name, in the configuration's order."""
    return {
        key.path: _run(config, key, entry)
        for key, entry in _grid(config)
        if key.method in entry.methods
    }


def resolve(config: ExperimentConfig, name: str) -> RunConfig:
    """Return everything that determines one run.

    Raises:
        InputError: the configuration has no such run.
    """
    for key, entry in _grid(config):
        if key.path == name and key.method in entry.methods:
            return _run(config, key, entry)
    raise unknown("run", name, run_names(config))


def resources_of(config: ExperimentConfig, model: str) -> Resources:
    """Return what the jobs of a model need."""
    own = config.models[model].resources
    return replace(config.resources, **(to_json(own) if own else {}))


def evaluations(config: ExperimentConfig) -> dict[str, list[str]]:
    """Return for each run what is generated with its model and scored, as `SPLIT.DECODING`."""
    return {
        key.path: [
            f"{split}.{decoding}"
            for split in config.datasets[key.dataset].splits
            if split not in ("train", "valid")
            for decoding, settings in config.decodings.items()
            if decodings.fits(settings, entry.methods.get(key.method))
        ]
        for key, entry in _grid(config)
    }


def read_run(value: dict[str, Any], where: str) -> RunConfig:
    """Return a run that is given as JSON, as `warmup config show` prints it.

    Raises:
        InputError: beginning with `where`, naming what is missing or wrong.
    """
    definitions = schema.read()["$defs"]
    text, seed = {"type": "string"}, {"$ref": "#/$defs/seed"}
    names = {field.name: text for field in fields(RunIdentity)} | {"seed": seed}
    dataset = definitions["dataset"]["properties"]
    own = {field.name: dataset[field.name] for field in fields(DatasetConfig)}
    parts: dict[str, Any] = {
        "name": text,
        "run": schema.mapping({}, names),
        "seed": seed,
        "model": schema.mapping({}, definitions["model"]["properties"]),
        "method": {"$ref": "#/$defs/method_settings"},
        "dataset": schema.mapping({}, own),
    }
    optional = {"trainer": {"$ref": "#/$defs/trainer"}}
    schema.check(value, schema.mapping({}, parts | optional), where)
    try:
        run = from_json(RunConfig, value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    said_twice = {
        "name": (run.name, run.run.path),
        "seed": (run.seed, run.run.seed),
        "dataset.task": (run.dataset.task, run.run.task),
    }
    for key, (one, other) in said_twice.items():
        if one != other:
            raise InputError(f"{where}: {key} is {one!r}, but that of 'run' is {other!r}")
    checks.check_objective(run.method.loss, f"{where}: method")
    return run


def _grid(config: ExperimentConfig) -> Iterator[tuple[RunKey, GridConfig]]:
    seen = set()
    for entry in config.runs:
        for dataset in entry.datasets:
            pairs = [
                pair
                for pair in config.datasets[dataset].pairs
                if entry.pairs is None or pair in entry.pairs
            ]
            methods = [*entry.methods, *entry.outputs]
            parts = (pairs, entry.models, methods, entry.seeds or config.seeds)
            for pair, model, method, seed in itertools.product(*parts):
                key = RunKey(dataset, pair, model, method, seed)
                if key in seen:
                    raise InputError(f"config: runs: {key.path} is there twice")
                seen.add(key)
                yield key, entry


def _run(config: ExperimentConfig, key: RunKey, entry: GridConfig) -> RunConfig:
    dataset = config.datasets[key.dataset]
    own = {field.name: getattr(dataset, field.name) for field in fields(DatasetConfig)}
    return RunConfig(
        name=key.path,
        run=RunIdentity(**key.as_row(), experiment=config.experiment, task=dataset.task),
        seed=key.seed,
        model=replace(config.models[key.model], resources=None),
        method=entry.methods[key.method],
        dataset=DatasetConfig(**own),
        trainer={key: config.trainer[key] for key in config.trainer if key != REPORT_TO} or None,
    )


def _with_shared_keys(value: Any) -> Any:
    """Return a copy whose splits have the keys of `every_split`; what is malformed stays."""
    complete = copy.deepcopy(value)
    where = [schema.definition("splits")["additionalProperties"]]
    match complete:
        case {"datasets": dict() as datasets}:
            for entry in datasets.values():
                match entry:
                    case {"every_split": dict() as shared, "splits": dict() as splits}:
                        entry["splits"] = {
                            split: files.overlay(shared, own or {}, where)
                            for split, own in splits.items()
                        }
                        del entry["every_split"]
    return complete


def _move_outputs(complete: Any) -> None:
    """Move the methods that have `outputs` to that key of the configuration.

    Raises:
        InputError: such a method has another key.
    """
    match complete:
        case {"methods": dict() as methods}:
            given = {
                name: entry
                for name, entry in methods.items()
                if isinstance(entry, dict) and "outputs" in entry
            }
            for name, entry in given.items():
                if others := sorted(map(str, entry.keys() - {"outputs"})):
                    has = f"{others[0]!r} has no meaning where outputs are given"
                    raise InputError(f"config: methods.{name}: {has}")
            if given:
                outputs = {name: entry["outputs"] for name, entry in given.items()}
                complete["outputs"] = {**complete.get("outputs", {}), **outputs}
                complete["methods"] = {k: v for k, v in methods.items() if k not in given}


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return a method with some settings changed; only `sampling` is merged key by key."""
    merged = copy.deepcopy(base | change)
    if isinstance(base.get("sampling"), dict) and isinstance(change.get("sampling"), dict):
        merged["sampling"] = copy.deepcopy(base["sampling"] | change["sampling"])
    return merged


def summarise(config: ExperimentConfig) -> dict[str, Any]:
    """Return the content of experiment.json."""
    settings = {name: method for entry in config.runs for name, method in entry.methods.items()}
    used = [name for name in config.methods if name in settings]
    given = {name: None for entry in config.runs for name in entry.outputs}
    methods = Methods((*used, *given), varied=varied(config), labels=config.labels)
    runs = evaluations(config)
    datasets = dict.fromkeys(run.partition("/")[0] for run in runs)
    chosen = {name: config.datasets[name].metrics for name in datasets}
    others = {run.split("/")[2] for run in runs} | datasets.keys()
    optional = {
        "metrics": {name: list(names) for name, names in chosen.items() if names},
        "outputs": list(given),
        "chance": {
            name: guessed
            for name in datasets
            if (guessed := chance.accuracy(config.datasets[name], f"config: datasets.{name}"))
            is not None
        },
        "labels": {name: label for name, label in config.labels.items() if name in others},
        "order": [name for name in config.order if name in others or name in methods.order],
        "colours": {
            name: colour for name, colour in config.colours.items() if name in methods.order
        },
    }
    return {
        "experiment": config.experiment,
        "methods": {
            name: {
                "label": methods.label(name),
                "role": methods.role(name),
                "start": start
                if name in settings and (start := settings[name].start) in settings
                else None,
                "varies": methods.varied.get(name),
            }
            for name in methods.order
        },
        "decodings": {
            name: {"control_of": own}
            for name, own in decodings.compared_with(config.decodings).items()
        },
        "tasks": {name: config.datasets[name].task for name in datasets},
        "runs": runs,
        # what an experiment lacks is not there, so that its file stays as it was
        **{key: item for key, item in optional.items() if item},
    }
