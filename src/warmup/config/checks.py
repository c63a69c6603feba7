"""Check what a schema cannot: names in a configuration that refer to other entries."""

import graphlib
from typing import Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.config import decoding_entries, neural_metrics, objectives


def check_references(config: dict[str, Any]) -> None:
    """Check the names in a configuration that has its defaults and its `methods_resolved`.

    Raises:
        InputError: a name refers to nothing, or entries contradict each other.
    """
    for name, model in config["models"].items():
        _check_model(f"config: models.{name}", model)
    for name, dataset in config["datasets"].items():
        where = f"config: datasets.{name}"
        _choose(f"{where}.task", dataset["task"], plugins.names("task"))
        for pair in dataset["pairs"]:
            _check_pair(where, pair)
        for split, source in dataset["splits"].items():
            _choose(f"{where}.splits.{split}.type", source["type"], plugins.names("source"))
    for name in config["labels"]:
        _choose("config: labels", name, config["methods"])
    decoding_entries.check(config["decodings"])
    neural_metrics.check(config["neural_metrics"])
    for number, entry in enumerate(config["runs"]):
        where = f"config: runs.{number}"
        for kind in ("datasets", "models", "methods"):
            for name in entry[kind]:
                _choose(f"{where}.{kind}", name, config[kind])
        for name in entry.get("override", {}):
            _choose(f"{where}.override", name, entry["methods"])
        known = [p for d in entry["datasets"] for p in config["datasets"][d]["pairs"]]
        for pair in entry.get("pairs", []):
            _choose(f"{where}.pairs", pair, known)
        for name, method in entry["methods_resolved"].items():
            _check_method(f"{where}: method {name}", method, entry, config)
        _check_order(where, entry["methods_resolved"])


def _check_model(where: str, model: dict[str, Any]) -> None:
    _choose(f"{where}.architecture", model["architecture"], plugins.names("architecture"))
    given = [key for key in ("hub", "local", "scratch") if key in model]
    if len(given) != 1:
        raise InputError(f"{where}: needs exactly one of hub, local, scratch; has {given}")
    if ("hub" in model) != ("revision" in model):
        raise InputError(f"{where}: hub and revision go together")
    if model["architecture"] == "decoder_only" and model["separator"] == model["prompt_end"]:
        raise InputError(
            f"{where}: separator and prompt_end are both {model['separator']!r}; choose two tokens"
        )


def _check_method(
    where: str, method: dict[str, Any], entry: dict[str, Any], config: dict[str, Any]
) -> None:
    objectives.check(method, where)
    starts = ["pretrained", "scratch", *entry["methods"]]
    _choose(f"{where}: start", method["start"], starts)
    for key in ("same_updates_as", "same_compute_as"):
        if key in method["budget"]:
            _choose(f"{where}: budget.{key}", method["budget"][key], entry["methods"])
    if "same_compute_as" in method["budget"] and method["start"] in ("pretrained", "scratch"):
        raise InputError(
            f"{where}: same_compute_as needs a method to start from, not {method['start']}"
        )
    for model in entry["models"]:
        if method["start"] == "pretrained" and "scratch" in config["models"][model]:
            raise InputError(
                f"{where}: model {model} has no pretrained weights; use start: scratch"
            )
        if method["start"] == "scratch" and "scratch" not in config["models"][model]:
            raise InputError(f"{where}: model {model} is pretrained; use start: pretrained")
    if method["validate_every"] % method["log_every"]:
        raise InputError(
            f"{where}: log_every must divide validate_every ({method['validate_every']})"
        )
    nodes, gpus = config["resources"]["nodes"], config["resources"]["gpus"]
    if method["batch_size"] % (processes := nodes * max(gpus, 1)):
        raise InputError(
            f"{where}: batch_size {method['batch_size']}: not divisible by {processes} processes "
            f"(resources: nodes {nodes}, gpus {gpus})"
        )


def _check_order(where: str, methods: dict[str, dict[str, Any]]) -> None:
    """Check that no method waits for itself: for its start, or the run that its budget names."""
    waits = {
        name: sorted(methods.keys() & {method["start"], *method["budget"].values()})
        for name, method in methods.items()
    }
    try:
        graphlib.TopologicalSorter(waits).prepare()
    except graphlib.CycleError as error:
        circle = ", ".join(reversed(error.args[1]))
        raise InputError(
            f"{where}: start, budget: each of these methods waits for the next: {circle}"
        ) from None


def _check_pair(where: str, pair: str) -> None:
    try:
        parse_pair(pair)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None


def _choose(where: str, name: str, choices: Any) -> None:
    if name not in choices:
        raise InputError(f"{where}: unknown {name!r}; choose from: {', '.join(sorted(choices))}")
