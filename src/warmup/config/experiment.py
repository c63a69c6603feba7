"""Load an experiment's configuration, check it against the schema and resolve its runs."""

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError, unknown
from warmup.common.json_values import check_plain
from warmup.config import decoding_entries, objectives
from warmup.config import files as config_files
from warmup.config import schema as config_schema
from warmup.config.checks import check_references
from warmup.config.conversion import from_json
from warmup.config.settings import RunConfig


def load(*files: Path) -> dict[str, Any]:
    """Read YAML files, each one laid over those before it; return the whole checked and complete.

    Without `models` in any of them they are laid over the config.yaml of the current folder.

    Raises:
        InputError: not YAML, or not a valid configuration.
    """
    return check(config_files.read(files))


def check(value: Any) -> dict[str, Any]:
    """Return a configuration with its defaults filled in; the argument is left as it is.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    check_plain(value, "config")
    schema = config_schema.read()
    config_schema.check(value, schema, "config")
    config: dict[str, Any] = copy.deepcopy(value)
    for entry in config["runs"]:  # before defaults, which must not hide what a method says
        override = entry.get("override", {})
        entry["methods_resolved"] = {
            name: _merge(config["methods"].get(name, {}), override.get(name, {}))
            for name in entry["methods"]
        }
    config_schema.fill(config, schema, schema)
    for entry in config["runs"]:
        for method in entry["methods_resolved"].values():
            config_schema.fill(method, schema["$defs"]["method"], schema)
    check_references(config)
    run_names(config)  # finds runs that two entries name
    return config


def run_names(config: dict[str, Any]) -> list[str]:
    """Return `dataset/pair/model/method/seedN` of every run, in the configuration's order."""
    return [name for name, _, _ in _grid(config)]


def resolve(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return everything that determines one run, and nothing else.

    Raises:
        InputError: the configuration has no such run.
    """
    for candidate, (dataset, pair, model, method, seed), entry in _grid(config):
        if candidate != name:
            continue
        spec = config["datasets"][dataset]
        return {
            "name": name,
            "run": {
                "experiment": config["experiment"],
                "task": spec["task"],
                "dataset": dataset,
                "pair": pair,
                "model": model,
                "method": method,
                "seed": seed,
            },
            "seed": seed,
            "model": config["models"][model],
            "method": entry["methods_resolved"][method],
            "dataset": {
                key: value for key, value in spec.items() if key not in ("splits", "pairs")
            },
        }
    raise unknown("run", name, run_names(config))


def read_run(value: dict[str, Any], where: str) -> RunConfig:
    """Return a run that is given as JSON, as `warmup config show` prints it.

    Raises:
        InputError: beginning with `where`, naming what is missing or wrong.
    """
    check_run(value, where)
    return from_json(RunConfig, value)


def check_run(value: dict[str, Any], where: str) -> None:
    """Check that `value` is a resolved run, as `resolve` returns it; `where` begins errors.

    Raises:
        InputError: naming what is missing or wrong.
    """
    definitions = config_schema.read()["$defs"]
    optional = {"hub", "revision", "local", "scratch", "pairs", "splits"}
    parts = {"model": "model", "method": "method_settings", "dataset": "dataset"}
    for key in ("name", "run", "seed", *parts):
        if key not in value:
            raise InputError(f"{where}: missing key {key!r}")
    for part, name in parts.items():
        if not isinstance(value[part], dict):
            raise InputError(f"{where}: {part} must be an object")
        needed = definitions[name]["properties"].keys() - optional
        if missing := sorted(needed - value[part].keys()):
            raise InputError(f"{where}: missing key '{part}.{missing[0]}'")
    others = {
        "name": {"type": "string"},
        "run": {"type": "object"},
        "seed": definitions["seed"],
        "dataset": {"properties": definitions["dataset"]["properties"]},
    }
    config_schema.check(value, {"properties": others, "$defs": definitions}, where)
    for part in ("model", "method"):
        schema = definitions[part] | {"$defs": definitions}
        config_schema.check(value[part], schema, f"{where}: {part}")
        complete = copy.deepcopy(value[part])
        config_schema.fill(complete, schema, schema)
        if lacking := _missing(value[part], complete, part):
            raise InputError(f"{where}: missing key '{lacking}'")
    objectives.check(value["method"], f"{where}: method")


def _missing(value: Any, complete: Any, path: str) -> str | None:
    """Return the path of the first key that a value lacks, None if it is complete."""
    if value == complete or not isinstance(complete, dict):
        return None
    absent = [f"{path}.{key}" for key in complete if key not in value]
    below = (_missing(value[key], complete[key], f"{path}.{key}") for key in value)
    return next(filter(None, (*absent, *below)), None)


def evaluations(config: dict[str, Any]) -> dict[str, list[str]]:
    """Return for each run what is generated with its model and scored, as `SPLIT.DECODING`."""
    return {
        name: [
            f"{split}.{decoding}"
            for split in config["datasets"][dataset]["splits"]
            if split not in ("train", "valid")
            for decoding, settings in config["decodings"].items()
            if decoding_entries.fits(settings, entry["methods_resolved"][method])
        ]
        for name, (dataset, _, _, method, _), entry in _grid(config)
    }


def behind(config: dict[str, Any], method: str) -> set[str]:
    """Return the methods that wait for a method: they start from it, or their budget names it."""
    found: set[str] = set()
    new = {method}
    while new:  # entries of `runs` may differ in what waits for what, and together make a circle
        new = {
            name
            for entry in config["runs"]
            for name, other in entry["methods_resolved"].items()
            if new & {other["start"], *other["budget"].values()}
        } - found
        found |= new
    return found


def _grid(config: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    seen = set()
    for entry in config["runs"]:
        seeds = entry.get("seeds", config["seeds"])
        for dataset in entry["datasets"]:
            wanted = [
                pair
                for pair in config["datasets"][dataset]["pairs"]
                if pair in entry.get("pairs", [pair])
            ]
            for parts in itertools.product(wanted, entry["models"], entry["methods"], seeds):
                pair, model, method, seed = parts
                name = f"{dataset}/{pair}/{model}/{method}/seed{seed}"
                if name in seen:
                    raise InputError(f"config: runs: {name} is there twice")
                seen.add(name)
                yield name, (dataset, *parts), entry


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return a method with some settings changed; only `sampling` is merged key by key."""
    merged = copy.deepcopy(base | change)
    if isinstance(base.get("sampling"), dict) and isinstance(change.get("sampling"), dict):
        merged["sampling"] = copy.deepcopy(base["sampling"] | change["sampling"])
    return merged
