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
from warmup.config import schema
from warmup.config.checks import check_metric_model
from warmup.config.conversion import from_json, to_json
from warmup.config.settings import MetricModelConfig
from warmup.evaluation import neural_metrics

_ORIGIN = "origin.json"
"""File that identifies a downloaded folder, so that it is downloaded once."""


def describe(name: str, model: MetricModelConfig, folder: Path) -> dict[str, Any]:
    """Return model, folder and SHA-256 of a metric's model; for a model of the Hub also `revision`.

    Args:
        name: the metric.
        model: what the configuration says of its model.
        folder: where to put a model of the Hub.

    Raises:
        InputError: the model cannot be had, or lacks a file.
    """
    metric = neural_metrics.load(name)
    if model.local is not None:
        local = Path(model.local)
        if not local.is_dir():
            raise InputError(f"{local}: no such folder (neural_metrics.{name}.local)")
        metric.check(local)
        return {"model": local.name, "folder": str(local), "sha256": sha256(local)}
    hub, revision = model.repository
    origin = to_json(model)
    downloaded = (folder / _ORIGIN).is_file()
    if not downloaded:
        refuse_full(folder)
    if not downloaded or read_json(folder / _ORIGIN) != origin:
        _download(metric, model, folder)
    found = {"model": hub, "revision": revision, "folder": str(folder)}
    return found | {"sha256": sha256(folder)}


def _download(metric: neural_metrics.NeuralMetric, model: MetricModelConfig, folder: Path) -> None:
    # an interrupted download stays there, and the next call continues it
    partial = folder.with_name(f"partial-{folder.name}-{model.revision}")
    metric.fetch(model, partial)
    try:
        metric.check(partial)
    except InputError:
        shutil.rmtree(partial)
        raise
    for cache in list(partial.rglob(".cache")):  # the Hub's library writes these
        shutil.rmtree(cache)
    write_json(partial / _ORIGIN, to_json(model))
    with atomic(folder, replace=True) as temporary:  # an earlier download, or nothing
        partial.replace(temporary)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--metric", required=True, metavar="NAME", help=", ".join(neural_metrics.names()))
    add(
        "--entry",
        required=True,
        metavar="JSON|FILE",
        help="its entry of the configuration",
    )
    add("--folder", type=Path, required=True, help="folder for a model of the Hub")
    add("--output", type=Path, required=True, metavar="FILE", help="JSON file to write")


def run(options: argparse.Namespace) -> None:
    """Get the model of a neural metric; write what it is, or why it cannot be had."""
    value = read_object(options.entry, "--entry")
    keys = schema.definition("neural_metric")["properties"]
    schema.check(value, schema.mapping({}, keys), "--entry")
    model = from_json(MetricModelConfig, value)
    check_metric_model(options.metric, model, "--entry")
    try:
        description = describe(options.metric, model, options.folder)
    except InputError as error:
        again = "start Snakemake with --forcerun fetch_metric to try again"
        description = {"not_computed": f"{error}; {again}"}
        said = description["not_computed"]
        print(f"{options.metric} cannot be computed: {said}", file=sys.stderr)
    write_json(options.output, description)
