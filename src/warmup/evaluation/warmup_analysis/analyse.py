"""Analyse the warmups of an experiment: `warmup analyse-warmups`, one number per row.

What warmups are like, for each file of predictions that has any; and which words of the references
outputs have, for all: function words and content words, and what each method gains over SFT.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from warmup.common import pairs, plugins
from warmup.common.arguments import add_inputs, inputs
from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.config.methods import BASELINE
from warmup.data.predictions import Run, parse_path, read_rows
from warmup.evaluation.intervals import resampled_sums
from warmup.evaluation.result_tables import EVALUATION_COLUMNS, SCORES, WARMUPS, Row
from warmup.evaluation.score import subsets_of
from warmup.evaluation.warmup_analysis import quantities as analysis
from warmup.evaluation.warmup_analysis.quantities import Items, Quantity
from warmup.evaluation.warmup_analysis.word_classes import function_words, gains, recalls

if TYPE_CHECKING:
    import pandas as pd

INPUTS = {"predictions": ".predictions.jsonl"}
"""What the command reads, and how the names of the files end; `parse_path` says the rest."""
RESAMPLES, SEED = 1000, 0
"""Draws of items for intervals, and their seed."""
_LEVEL = 0.95
_KEYS: dict[str, type | tuple[type, ...]] = {
    "source": str, "references": list, "warmup": str, "output": str, "warmup_tokens": int,
    "warmup_log_probability": (float, int, type(None)), "meta": dict,
}  # fmt: skip


class Predictions(NamedTuple):
    """One file of predictions."""

    run: Row
    """The keys of `warmup.evaluation.result_tables.EVALUATION_COLUMNS`."""
    items: Items
    warmed: bool
    """Whether there are warmups; else those of `items` are empty and mean nothing."""
    subsets: dict[str, list[int]]
    path: Path


def read(run: Run, experiment: str, task: str) -> Predictions:
    """Read a file of predictions.

    Raises:
        InputError: naming the line with a missing key or a value of the wrong type.
    """
    rows = []
    for where, row in read_rows(run.path):
        for key, kind in _KEYS.items():
            if key not in row:
                raise InputError(f"{where}: missing key {key!r}")
            if not isinstance(row[key], kind) or isinstance(row[key], bool):
                raise InputError(f"{where}: {key} cannot be {row[key]!r:.40}")
        if not row["references"] or not isinstance(row["references"][0], str):
            raise InputError(f"{where}: references must be strings, at least one")
        if row["warmup_tokens"] < 0:
            raise InputError(f"{where}: warmup_tokens must be 0 or more")
        rows.append(row)
    if not rows:
        raise InputError(f"{run.path}: no predictions")
    items = Items(
        sources=[row["source"] for row in rows],
        references=[row["references"][0] for row in rows],
        warmups=[row["warmup"] for row in rows],
        outputs=[row["output"] for row in rows],
        tokens=[row["warmup_tokens"] for row in rows],
        log_probabilities=[row["warmup_log_probability"] for row in rows],
        labelled="accuracy" in plugins.load("task", task).METRICS,
    )
    known = {"experiment": experiment, "task": task, **run._asdict()}
    return Predictions(
        run={key: known[key] for key in EVALUATION_COLUMNS},
        items=items,
        warmed=any(value is not None for value in items.log_probabilities),
        subsets=subsets_of([row["meta"] for row in rows]),
        path=run.path,
    )


def measured(one: Predictions, baseline: Predictions | None) -> dict[str, Quantity]:
    """Return the quantities of a file of predictions by name.

    Args:
        one: the file.
        baseline: SFT's on the same items, with the same seed and decoding, if there is one.

    Raises:
        InputError: the two files differ in their items.
    """
    found = dict(analysis.measure(one.items)) if one.warmed else {}
    if one.items.labelled:  # the label of an option is no word
        return found
    recall = _recall(one)
    found |= recall
    if baseline and baseline is not one:
        mine, others = one.items, baseline.items
        if (mine.sources, mine.references) != (others.sources, others.references):
            raise InputError(f"{one.path} and {baseline.path} differ in their items")
        found |= gains(recall, _recall(baseline))
    return found


def _recall(one: Predictions) -> dict[str, Quantity]:
    references = one.items.reference_words
    chosen = function_words(pairs.parse(one.run["pair"]).target, references)
    return recalls(one.items.output_words, references, chosen)


def estimate(quantities: Mapping[str, Quantity], items: Sequence[int]) -> Iterator[Row]:
    """Yield value, 95% bootstrap interval and n of each quantity over some of the items.

    A quantity that no item has is left out; one that a single item has gets no interval.
    """
    if not quantities:
        return
    parts = [one.statistics[list(items)] for one in quantities.values()]
    together = np.concatenate(parts, axis=1)
    draws = resampled_sums(together, RESAMPLES, SEED) if len(items) > 1 else None
    start = 0
    for (name, one), part in zip(quantities.items(), parts, strict=True):
        columns = slice(start, start := start + part.shape[1])
        n = int(part.any(axis=1).sum())
        value = float(one.aggregate(part.sum(axis=0)))
        if not n or math.isnan(value):
            continue
        low, high = None, None
        if draws is not None and n > 1:
            values = one.aggregate(draws[:, columns])  # not-a-number where no item was drawn
            ends = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
            low, high = map(float, np.nanquantile(values, ends))
        yield {"quantity": name, "value": value, "low": low, "high": high, "n": n}


def analyse(runs: Sequence[Run], identify: Callable[[Run], tuple[str, str]]) -> Iterator[Row]:
    """Yield the rows of warmups.tsv.

    Args:
        runs: files of predictions.
        identify: experiment and task of a file, which its path does not say.

    Raises:
        InputError: a file not in the form of predictions, or files that differ in their items.
    """

    def place(run: Run) -> tuple[object, ...]:
        return run.dataset, run.pair, run.model, run.seed, run.split, run.decoding

    for beside in group(runs, place).values():
        found = [read(run, *identify(run)) for run in beside]
        baseline = next((one for one in found if one.run["method"] == BASELINE), None)
        for one in found:
            quantities = measured(one, baseline)
            everything = {"all": range(len(one.items.outputs))}
            for subset, items in (everything | one.subsets).items():
                for row in estimate(quantities, items):
                    yield {**one.run, "subset": subset, **row}


def known_from(scores: "pd.DataFrame") -> Callable[[Run], tuple[str, str]]:
    """Return a function from a file of predictions to its experiment and task, by its scores."""
    columns = ["dataset", "pair", "model", "method", "experiment", "task"]
    known = {tuple(row[:4]): (row[4], row[5]) for row in scores[columns].to_numpy().tolist()}

    def identify(run: Run) -> tuple[str, str]:
        if (key := run[:4]) not in known:
            raise InputError(f"{run.path}: the scores have no row of this run")
        experiment, task = known[key]
        return experiment, task

    return identify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add_inputs(parser, INPUTS)
    add("--scores", type=Path, required=True, help="scores.tsv: says which task each run is of")
    add("--output", type=Path, required=True, metavar="FILE", help="warmups.tsv to write")


def run(options: argparse.Namespace) -> None:
    """Analyse what warmups say, with bootstrap intervals over items."""
    (paths,) = inputs(options, INPUTS).values()
    if not paths:
        raise InputError("nothing to analyse: give --predictions or --inputs-from")
    identify = known_from(SCORES.read(options.scores))
    WARMUPS.write(options.output, analyse([*map(parse_path, paths)], identify))
