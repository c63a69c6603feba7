"""Get the model of a neural metric: `warmup fetch metric`.

The command downloads the model from the Hub, or takes a local folder, and describes it in a JSON
file. If the model cannot be had, that file says why, and everything but this metric can be
computed.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import atomic, read_json, refuse_full, sha256, write_json
from warmup.evaluation import neural_metrics
from warmup.evaluation.neural_metrics import Entry

_ORIGIN = "origin.json"
"""File that identifies a downloaded folder, so that it is downloaded once."""


def describe(name: str, entry: Entry, folder: Path) -> dict[str, Any]:
    """Return model, folder and SHA-256 of a metric's model; for a model of the Hub also `revision`.

    Args:
        name: the metric.
        entry: its entry of the configuration, with `local`, or with `hub` and `revision`.
        folder: where to put a model of the Hub.

    Raises:
        InputError: the model cannot be had, or lacks a file.
    """
    metric = neural_metrics.load(name)
    if "local" in entry:
        local = Path(entry["local"])
        if not local.is_dir():
            raise InputError(f"{local}: no such folder (neural_metrics.{name}.local)")
        metric.check(local)
        return {"model": local.name, "folder": str(local), "sha256": sha256(local)}
    origin = {key: entry[key] for key in ("hub", "revision", metric.HUB_NEEDS) if key in entry}
    downloaded = (folder / _ORIGIN).is_file()
    if not downloaded:
        refuse_full(folder)
    if not downloaded or read_json(folder / _ORIGIN) != origin:
        _download(metric, entry, origin, folder)
    model = {"model": entry["hub"], "revision": entry["revision"], "folder": str(folder)}
    return model | {"sha256": sha256(folder)}


def _download(
    metric: neural_metrics.NeuralMetric, entry: Entry, origin: dict[str, Any], folder: Path
) -> None:
    # an interrupted download stays there, and the next call continues it
    partial = folder.with_name(f"partial-{folder.name}-{entry['revision']}")
    metric.fetch(entry, partial)
    try:
        metric.check(partial)
    except InputError:
        shutil.rmtree(partial)
        raise
    for cache in list(partial.rglob(".cache")):  # the Hub's library writes these
        shutil.rmtree(cache)
    write_json(partial / _ORIGIN, origin)
    with atomic(folder, replace=True) as temporary:  # an earlier download, or nothing
        partial.replace(temporary)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--metric", required=True, metavar="NAME", help=", ".join(neural_metrics.names()))
    add("--entry", required=True, metavar="JSON|FILE", help="its entry of the configuration")
    add("--folder", type=Path, required=True, help="folder for a model of the Hub")
    add("--output", type=Path, required=True, metavar="FILE", help="JSON file to write")


def run(options: argparse.Namespace) -> None:
    """Get the model of a neural metric; write what it is, or why it cannot be had."""
    metric = neural_metrics.load(options.metric)
    entry = read_object(options.entry, "--entry")
    hub_keys = {"hub", "revision", metric.HUB_NEEDS} - {""}
    for key in ("local",) if "local" in entry else sorted(hub_keys):
        if not isinstance(entry.get(key), str):
            raise InputError(f"--entry: needs text under the key {key!r}")
    try:
        model = describe(options.metric, entry, options.folder)
    except InputError as error:
        again = "start Snakemake with --forcerun fetch_metric to try again"
        model = {"not_computed": f"{error}; {again}"}
        print(f"{options.metric} cannot be computed: {model['not_computed']}", file=sys.stderr)
    write_json(options.output, model)
