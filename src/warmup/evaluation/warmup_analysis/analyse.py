"""Analyse the warmups of an experiment: `warmup analyse-warmups`, one number per row.

For each file of predictions that has warmups, it measures what they are like. For all files it
measures which function words and content words of the references are in the outputs, and what each
method gains over SFT.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.common.keys import EvaluationKey
from warmup.common.languages import parse_pair
from warmup.config import experiment_summary
from warmup.config.experiment_summary import ExperimentSummary
from warmup.config.methods import BASELINE
from warmup.data import predictions
from warmup.evaluation.intervals import resampled_sums
from warmup.evaluation.result_tables import WARMUPS, Row
from warmup.evaluation.warmup_analysis import quantities
from warmup.evaluation.warmup_analysis.quantities import Items, Quantity
from warmup.evaluation.warmup_analysis.word_classes import function_words, gains, recalls

RESAMPLES, SEED = 1000, 0
"""Draws of items for intervals, and their seed."""
_LEVEL = 0.95


@dataclass(frozen=True)
class Evaluation:
    """The predictions of a model for a split."""

    path: Path
    key: EvaluationKey
    experiment: str
    task: str
    items: Items
    in_words: bool
    """Whether outputs are words of a language, not labels of options or symbols such as phones."""
    warmed: bool
    """Whether there are warmups; if not, those of `items` are empty and mean nothing."""
    subsets: dict[str, list[int]]


def read(
    path: Path, experiment: str, task: str, metrics: Sequence[str] | None = None
) -> Evaluation:
    """Read a file of predictions.

    Args:
        path: of the file.
        experiment: its name.
        task: of the data set.
        metrics: of the data set; None for those of the task.

    Raises:
        InputError: the path or a line does not have the form of predictions.
    """
    lines = predictions.read(path)
    if metrics is None:
        metrics = plugins.load("task", task).METRICS
    items = Items(
        sources=[line.source for line in lines],
        references=[line.references[0] for line in lines],
        warmups=[line.warmup for line in lines],
        outputs=[line.output for line in lines],
        tokens=[line.warmup_tokens for line in lines],
        log_probabilities=[line.warmup_log_probability for line in lines],
        labelled="accuracy" in metrics,
    )
    return Evaluation(
        path=path,
        key=EvaluationKey.from_path(path),
        experiment=experiment,
        task=task,
        items=items,
        in_words=not {"accuracy", "wer", "ser"} & {*metrics},
        warmed=any(value is not None for value in items.log_probabilities),
        subsets=predictions.subsets_of(lines),
    )


def quantities_of(evaluation: Evaluation, baseline: Evaluation | None) -> dict[str, Quantity]:
    """Return the quantities of a file of predictions by name.

    Args:
        evaluation: the file.
        baseline: SFT on the same items, with the same seed and decoding, if there is one.

    Raises:
        InputError: the two files differ in their items.
    """
    items = evaluation.items
    measured = dict(quantities.measure(items)) if evaluation.warmed else {}
    if not evaluation.in_words:
        return measured
    recall = _recall(evaluation)
    measured |= recall
    if baseline and baseline is not evaluation:
        others = baseline.items
        if (items.sources, items.references) != (others.sources, others.references):
            raise InputError(f"{evaluation.path} and {baseline.path} differ in their items")
        measured |= gains(recall, _recall(baseline))
    return measured


def _recall(evaluation: Evaluation) -> dict[str, Quantity]:
    references = evaluation.items.reference_words
    chosen = function_words(parse_pair(evaluation.key.pair).target, references)
    return recalls(evaluation.items.output_words, references, chosen)


def estimate(measured: Mapping[str, Quantity], items: Sequence[int]) -> Iterator[Row]:
    """Yield value, 95% bootstrap interval and n of each quantity over some of the items.

    A quantity that no item has is left out; one that a single item has gets no interval.
    """
    if not measured:
        return
    parts = [quantity.statistics[list(items)] for quantity in measured.values()]
    together = np.concatenate(parts, axis=1)
    draws = resampled_sums(together, RESAMPLES, SEED) if len(items) > 1 else None
    start = 0
    for (name, quantity), part in zip(measured.items(), parts, strict=True):
        columns = slice(start, start := start + part.shape[1])
        n = int(part.any(axis=1).sum())
        value = float(quantity.aggregate(part.sum(axis=0)))
        if not n or math.isnan(value):
            continue
        low, high = None, None
        if draws is not None and n > 1:
            values = quantity.aggregate(draws[:, columns])  # NaN if no item with it was drawn
            ends = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
            low, high = map(float, np.nanquantile(values, ends))
        yield {"quantity": name, "value": value, "low": low, "high": high, "n": n}


def analyse(
    paths: Sequence[Path], identify: Callable[[Path], tuple[str, str, Sequence[str]]]
) -> Iterator[Row]:
    """Yield the rows of warmups.tsv.

    Args:
        paths: files of predictions.
        identify: returns the experiment, task and metrics of a file, which its path does not say.

    Raises:
        InputError: a file does not have the form of predictions, or files differ in their items.
    """
    groups = group(paths, lambda path: replace(EvaluationKey.from_path(path), method=""))
    for methods in groups.values():
        evaluations = [read(path, *identify(path)) for path in methods]
        baseline = next((one for one in evaluations if one.key.method == BASELINE), None)
        for evaluation in evaluations:
            columns = {"experiment": evaluation.experiment, "task": evaluation.task}
            columns |= evaluation.key.as_row()
            measured = quantities_of(evaluation, baseline)
            everything = {"all": range(len(evaluation.items.outputs))}
            for subset, items in (everything | evaluation.subsets).items():
                for row in estimate(measured, items):
                    yield {**columns, "subset": subset, **row}


def known_from(
    experiment: ExperimentSummary,
) -> Callable[[Path], tuple[str, str, Sequence[str]]]:
    """Return a function from a file of predictions to its experiment, task and metrics."""

    def identify(path: Path) -> tuple[str, str, Sequence[str]]:
        dataset = EvaluationKey.from_path(path).dataset
        if dataset not in experiment.tasks:
            choices = ", ".join(experiment.tasks)
            raise InputError(f"{path}: data set {dataset!r} is not one of --experiment: {choices}")
        task = experiment.tasks[dataset]
        return experiment.name, task, experiment.metrics_of(task, dataset)

    return identify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    experiment_summary.add_option(parser, required=True)
    add("--predictions", type=Path, nargs="*", metavar="FILE", help=experiment_summary.DEFAULT)
    add("--output", type=Path, required=True, metavar="FILE", help="warmups.tsv to write")


def run(options: argparse.Namespace) -> None:
    """Analyse what warmups say, with bootstrap intervals over items."""
    experiment = experiment_summary.read(options.experiment)
    paths = options.predictions or experiment.evaluation_files("predictions.jsonl")
    WARMUPS.write(options.output, analyse(paths, known_from(experiment)))
