"""The tables of an experiment: `python -m warmup.tables`, one per task, as .md, .tex and .csv.

What was measured and what the paper reports stand in separate tables, and in the CSV file in
separate columns.
"""

import argparse
import csv
import io
import math
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup import errors, markup, reported, summary
from warmup.aggregate import read_scores
from warmup.files import write_text
from warmup.labels import METHODS, METRICS, TASKS, label, metric_order
from warmup.markup import Cell, Table, interval, number
from warmup.methods import Methods, add_option, parse
from warmup.summary import Cost, Estimate, Setting

if TYPE_CHECKING:
    import pandas as pd

_MARK = {summary.SEEDS: "", summary.ITEMS: "†", summary.NONE: "‡"}
_INTERVAL = {
    summary.SEEDS: "Mean over seeds [95% interval, Student t over the seeds].",
    summary.ITEMS: "One seed [95% bootstrap interval over the test items].",
    summary.NONE: "One seed; no interval is known.",
}
_BOLD = (
    "Bold: the interval lies wholly above those of all other methods on the same data and model."
)
_GAIN = "Points above SFT of the same seed; where the interval leaves out 0 there is a difference."
_ONE_SEED_GAIN = (
    "With one seed the two bootstrap intervals are taken as independent; both methods answered "
    "the same items, so the interval of the gain is rather too wide than too narrow."
)
_MEAN = "“mean of k”: mean of the scores of the k pairs; its n is their sum."
_REPORTED = (
    "Reported by the authors (arXiv 2502.12304) for their own models and data, not measured here; "
    "number of seeds, n and interval are not stated."
)
_LABELS = ["data", "model", "method"]


def task_tables(
    scores: "pd.DataFrame", claims: "pd.DataFrame", methods: Methods, task: str
) -> list[Table]:
    """Return the tables of one task: scores and gains per decoding, and what the paper reports.

    Args:
        scores: as `warmup.aggregate.read_scores` returns them.
        claims: as `warmup.reported.read` returns them.
        methods: order of the methods, and which starts from which.
        task: name of the task.
    """
    scores = scores[scores["task"] == task]
    estimates = summary.ordered(summary.scores_of(scores), methods)
    gains = summary.ordered(summary.gains_of(scores), methods)
    costs = summary.costs_of(scores, methods)
    title, tables = label(TASKS, task), []
    for decoding in summary.decoding_order(item.decoding for item in estimates):
        name, words = f"{task}-{decoding}", f"{decoding} decoding"
        here = [item for item in estimates if item.decoding == decoding]
        tables.append(_scores(here, costs, methods, f"{name}-scores", f"{title}: scores, {words}"))
        if here := [item for item in gains if item.decoding == decoding]:
            tables.append(_gains(here, f"{name}-gains", f"{title}: gain over SFT (measured), {words}"))
    claims = claims[claims["task"] == task]
    for quantity, words in (("gain", "gain over SFT"), ("absolute", "scores of warmup")):
        rows = claims[claims["quantity"] == quantity].to_dict("records")
        if rows:
            heading = f"{title}: {words} (reported in the paper)"
            tables.append(_reported(rows, f"{task}-reported-{quantity}", heading))
    return tables


def _scores(
    estimates: list[Estimate], costs: list[Cost], methods: Methods, name: str, title: str
) -> Table:
    metrics = metric_order(item.metric for item in estimates)
    cost = {(item.setting, item.method): item for item in costs}
    best = set(separated(estimates))
    rows = []
    for setting, method, found in _rows(estimates):
        spent = cost.get((setting._replace(split="train"), method))
        rows.append(
            [
                *_names(setting, method),
                *_measured(found, metrics, estimates, best),
                _count(spent.updates if spent else math.nan),
                _times(spent.relative if spent else math.nan),
            ]
        )
    counted = "with" if methods.starts else "without"
    notes = [
        *_interval_notes(estimates),
        _BOLD,
        "Updates and compute (floating-point operations, relative to SFT) are of training, "
        f"{counted} the training of the method it starts from.",
    ]
    header = [*_header(metrics), "updates", "compute"]
    return Table(name, title, header, rows, len(_LABELS), [*notes, *_mean_note(estimates)])


def _gains(gains: list[Estimate], name: str, title: str) -> Table:
    metrics = metric_order(item.metric for item in gains)
    rows = [
        [*_names(setting, method), *_measured(found, metrics, gains, sign=True)]
        for setting, method, found in _rows(gains)
    ]
    notes = [*_interval_notes(gains), _GAIN]
    if any(item.interval == summary.ITEMS for item in gains):
        notes.append(_ONE_SEED_GAIN)
    notes += _mean_note(gains)
    return Table(name, title, _header(metrics), rows, len(_LABELS), notes)


def _reported(claims: list[dict[Any, Any]], name: str, title: str) -> Table:
    metrics = metric_order(row["metric"] for row in claims)
    sign = claims[0]["quantity"] == "gain"
    groups = summary.group(claims, lambda row: (f"{row['dataset']} {row['pair']}", row["model"]))
    rows = []
    for (data, model), found in groups.items():
        value = {row["metric"]: float(row["value"]) for row in found}
        numbers = [
            Cell(number(value[metric], 2, sign), value[metric]) if metric in value else Cell("–")
            for metric in metrics
        ]
        rows.append([Cell(data), Cell(model), *numbers])
    header = ["data", "model", *(label(METRICS, metric) for metric in metrics)]
    return Table(name, title, header, rows, 2, [_REPORTED])


def separated(estimates: Iterable[Estimate]) -> Iterator[Estimate]:
    """Yield each estimate whose interval lies above those of all other methods of its setting."""
    groups = summary.group(estimates, lambda item: (item.setting, item.decoding, item.metric))
    for group in groups.values():
        best = max(group, key=lambda item: item.mean)
        others = [item for item in group if item is not best]
        if others and all(best.low > item.high for item in others):  # false where one is unknown
            yield best


def _rows(estimates: list[Estimate]) -> Iterator[tuple[Setting, str, dict[str, Estimate]]]:
    groups = summary.group(estimates, lambda item: (item.setting, item.method))
    for (setting, method), found in groups.items():
        yield setting, method, {item.metric: item for item in found}


def _names(setting: Setting, method: str) -> list[Cell]:
    return [Cell(setting.data), Cell(setting.model), Cell(label(METHODS, method))]


def _header(metrics: Sequence[str]) -> list[str]:
    return [*_LABELS, *(label(METRICS, metric) for metric in metrics), "seeds", "n items"]


def _measured(
    found: dict[str, Estimate],
    metrics: Sequence[str],
    table: Sequence[Estimate],
    best: Container[Estimate] = (),
    sign: bool = False,
) -> list[Cell]:
    """Return the cells of the metrics, and how many seeds and items they rest on."""
    mixed = len({item.interval for item in table}) > 1
    cells = []
    for metric in metrics:
        if item := found.get(metric):
            text = f"{number(item.mean, 1, sign)} {interval(item.low, item.high, 1, sign)}"
            mark = _MARK[item.interval] if mixed else ""
            cells.append(Cell(text + mark, item.mean, item in best))
        else:
            cells.append(Cell("–"))
    seeds, n = (max(getattr(item, name) for item in found.values()) for name in ("seeds", "n"))
    return [*cells, _count(seeds), _count(n)]


def _count(value: float) -> Cell:
    return Cell(number(value, 0), value)


def _times(value: float) -> Cell:
    return Cell("–" if math.isnan(value) else f"{number(value, 2)}×", value)


def _interval_notes(estimates: Sequence[Estimate]) -> list[str]:
    found = {item.interval for item in estimates}
    kinds = [kind for kind in _INTERVAL if kind in found]
    marks = [f"{_MARK[kind]} " if len(kinds) > 1 and _MARK[kind] else "" for kind in kinds]
    return [mark + _INTERVAL[kind] for mark, kind in zip(marks, kinds, strict=True)]


def _mean_note(estimates: Iterable[Estimate]) -> list[str]:
    return [_MEAN] if any(item.setting.pair.startswith(summary.MEAN) for item in estimates) else []


CSV_COLUMNS = (
    *("quantity", *Setting._fields, "method", "decoding", "metric"),
    *("measured", "low", "high", "interval", "seeds", "n", "reported", "source"),
)
"""Of the CSV file. What was measured and what the paper reports are in different columns."""


def long_csv(
    scores: "pd.DataFrame", claims: "pd.DataFrame", methods: Methods, task: str
) -> str:
    """Return every number of the task's tables, one a row, under `CSV_COLUMNS`.

    `quantity` is `score`, `gain_over_sft`, `train_updates`, `train_flops`, `train_seconds` or
    `relative_compute` (measured), `gain` or `absolute` (reported).
    """
    scores = scores[scores["task"] == task]
    rows: list[dict[str, Any]] = []
    for quantity, estimates in (
        ("score", summary.scores_of(scores)),
        ("gain_over_sft", summary.gains_of(scores)),
    ):
        for item in summary.ordered(estimates, methods):
            values = {name: getattr(item, name) for name in CSV_COLUMNS[6:] if hasattr(item, name)}
            rows.append({"quantity": quantity, **item.setting._asdict(), "measured": item.mean})
    return ""
