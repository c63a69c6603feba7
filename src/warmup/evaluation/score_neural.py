"""Compute a neural metric in its environment, offline: `warmup score-neural`.

If the environment or the model is missing, the command does not fail. The file of segment scores
then says so, and all other results can be made.
"""

import argparse
import contextlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from warmup.common import code_digest, errors
from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.config.conversion import from_json, to_json
from warmup.config.settings import NeuralMetricConfig
from warmup.data import predictions
from warmup.evaluation import neural_metrics, segment_scores
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.neural_metrics import NeuralMetric, Scorer
from warmup.evaluation.segment_scores import NotComputed, SegmentScores

NO_ENVIRONMENT = (
    "the environment of neural metrics is missing; make it with `make metrics-env`, or start "
    "Snakemake with --sdm conda"
)


def load(metric: NeuralMetric, model: dict[str, Any], entry: NeuralMetricConfig) -> Scorer:
    """Load the model of a metric.

    Args:
        metric: its module.
        model: as `warmup fetch metric` describes it.
        entry: its entry of the configuration.

    Raises:
        InputError: it cannot be loaded; the message says why.
    """
    folder = Path(model["folder"]).resolve()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # messages of libraries
            return metric.load(folder, entry)
    except InputError:
        raise
    except ImportError as error:
        raise InputError(f"{NO_ENVIRONMENT} ({error})") from None
    except Exception as error:  # of the formats of others: whatever they raise
        missing = isinstance(error, FileNotFoundError)
        if errors.out_of_memory(error) or (errors.disk_problem(error) and not missing):
            raise  # another attempt may succeed
        raise InputError(f"{model['folder']}: {type(error).__name__}: {error}") from None


def signature(name: str, model: dict[str, Any], entry: NeuralMetricConfig, target_lang: str) -> str:
    """Return a signature such as `comet|model:Unbabel/wmt22-comet-da|revision:2760a223ac95|…`."""
    metric = neural_metrics.load(name)
    origin = [f"model:{model['model']}", f"sha256:{model['sha256'][:12]}"]
    if "revision" in model:
        origin.insert(1, f"revision:{model['revision'][:12]}")
    versions = [f"{key}:{value}" for key, value in _versions(metric.PACKAGES).items()]
    lang = f"lang:{target_lang}"
    return "|".join([name, *origin, metric.choices(entry), lang, *versions])


def compute(
    name: str, model: dict[str, Any], entry: NeuralMetricConfig, corpus: Corpus, output: Path
) -> str | None:
    """Write the segment scores of the outputs; return the reason if there are none.

    Raises:
        InputError: a score is not a finite number.
    """
    metric = neural_metrics.load(name)
    try:
        if "not_computed" in model:
            raise InputError(model["not_computed"])
        scorer = load(metric, model, entry)
    except InputError as error:
        segment_scores.write_reason(output, NotComputed(name, str(error)))
        return str(error)
    with contextlib.redirect_stdout(sys.stderr):
        scores = scorer(corpus)
    stated_signature = signature(name, model, entry, corpus.target_lang)
    provenance = {
        "model": model,
        "settings": to_json(entry),
        "code_sha256": code_digest.of_neural_metric(name),
        "packages": _versions([*metric.PACKAGES, "torch", "tokenizers", "numpy"]),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": _device(),
    }
    segment_scores.write(output, SegmentScores(name, scores, stated_signature), corpus, provenance)
    return None


def _versions(packages: Iterable[str]) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in packages}


def _device() -> str:
    import torch  # noqa: PLC0415  # installed if a model was loaded

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def _model(path: Path) -> dict[str, Any]:
    """Read what `warmup fetch metric` wrote."""
    model = read_json(path)
    if not isinstance(model, dict) or not (
        "not_computed" in model or {"model", "folder", "sha256"} <= model.keys()
    ):
        raise InputError(f"{path}: not in the form that `warmup fetch metric` writes")
    return model


def _entry(text: str) -> NeuralMetricConfig:
    """Read an entry, which the workflow has checked: the environment of metrics has no schemas."""
    try:
        return from_json(NeuralMetricConfig, read_object(text, "--entry"))
    except InputError as error:
        raise InputError(f"--entry: {str(error).removeprefix('--entry: ')}") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--metric", required=True, metavar="NAME", help=", ".join(neural_metrics.names()))
    add(
        "--model",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON file of `warmup fetch metric`",
    )
    add("--entry", required=True, metavar="JSON|FILE", help="its entry of the configuration")
    add("--predictions", type=Path, required=True, metavar="FILE", help="predictions.jsonl")
    add("--target-lang", required=True, metavar="LANG", help="language of the outputs")
    add("--output", type=Path, required=True, metavar="FILE", help="segments.json to write")


def run(options: argparse.Namespace) -> None:
    """Compute a neural metric for a run's predictions, in the environment of its libraries."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # the model is a local folder
    neural_metrics.load(options.metric)
    corpus = Corpus.of(predictions.read(options.predictions), options.target_lang)
    model, entry = _model(options.model), _entry(options.entry)
    if reason := compute(options.metric, model, entry, corpus, options.output):
        print(f"{options.metric} not computed: {reason}", file=sys.stderr)
