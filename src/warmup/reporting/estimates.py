"""Estimates of scores and of differences in score: mean over seeds, and interval.

A row is a line of scores.tsv as a dictionary. `warmup.reporting.results` applies the functions here
to all scores of an experiment.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import Methods
from warmup.config.names import UNKNOWN as UNKNOWN_NAMES
from warmup.config.names import Names
from warmup.evaluation import metric_properties
from warmup.evaluation.intervals import seed_interval
from warmup.evaluation.result_tables import MEAN, Row
from warmup.reporting.table import number

if TYPE_CHECKING:
    import pandas as pd

SEEDS, ITEMS, NONE = "seeds", "items", "none"
"""Kinds of intervals: Student t over seeds, bootstrap over items, no interval."""
PAIRED, CROSSED = "paired items", "seeds and items"
"""Kinds of intervals of a tested difference: paired bootstrap, hierarchical bootstrap."""
ALL, LOOKAHEAD = "all", r"lookahead=\d+"
"""Patterns of subsets of test items: all of them; those of one look-ahead each."""


@dataclass(frozen=True)
class Estimate:
    """A score of a method, or a difference in score: mean over seeds and 95% interval.

    With two seeds or more the interval is Student's t over the seeds. With one seed it is the
    bootstrap interval over items that the scores have, NaN if they have none.
    """

    setting: Setting
    method: str
    decoding: str
    metric: str
    mean: float
    low: float
    high: float
    interval: str
    """`seeds`, `items` or `none`; for a tested difference `paired items` or `seeds and items`."""
    seeds: int
    """Number of seeds."""
    n: int
    """Number of items."""
    baseline: str = ""
    """For a difference: the method whose score is subtracted, or `comparisons.OWN`."""
    lookahead: int | None = None
    """Look-ahead of the items; None for all items."""
    p: float = math.nan
    """For a tested difference: the p-value after Holm's correction."""


class _OfMethod(Protocol):
    @property
    def setting(self) -> Setting: ...

    @property
    def method(self) -> str: ...


Item = TypeVar("Item", bound=_OfMethod)


def rows_of(scores: "pd.DataFrame", subset: str) -> list[Row]:
    """Return rows of test splits, without scores of which any seed was not computed.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
        subset: `ALL` or `LOOKAHEAD`.
    """
    of_subset = (scores["split"] != "train") & scores["subset"].str.fullmatch(subset)
    rows = records(scores[of_subset])
    not_computed = {identity(row, "seed") for row in rows if math.isnan(row["value"])}
    return [row for row in rows if identity(row, "seed") not in not_computed]


def records(frame: "pd.DataFrame") -> list[Row]:
    """Return the rows of a table of scores, in an order that does not depend on the table's."""
    return sorted(cast(list[Row], frame.to_dict("records")), key=identity)


def identity(row: Row, *without: str) -> tuple[object, ...]:
    """Return what identifies a row, apart from the columns named in `without`."""
    keys = (*Setting._fields, "method", "decoding", "metric", "subset", "seed")
    return tuple(row[key] for key in keys if key not in without)


def is_mean(setting: Setting) -> bool:
    """Return whether a setting is the mean over the pairs of a data set."""
    return setting.pair.startswith(MEAN)


def with_pair_means(rows: list[Row]) -> list[Row]:
    """Add, for data sets with several pairs, the mean over pairs of each seed and metric.

    A mean is only added if every pair was scored. Its interval takes the pairs as independent.
    """
    pairs = {
        key: {row["pair"] for row in of_data} for key, of_data in group(rows, _without_pair).items()
    }
    means = []
    for of_pairs in group(rows, lambda row: identity(row, "pair")).values():
        first, count = of_pairs[0], len(of_pairs)
        if count == 1 or count < len(pairs[_without_pair(first)]):
            continue
        value = math.fsum(row["value"] for row in of_pairs) / count
        half = math.hypot(*(row["high"] - row["low"] for row in of_pairs)) / 2 / count
        mean = {"value": value, "low": value - half, "high": value + half}
        n = sum(row["n"] for row in of_pairs)
        means.append({**first, "pair": f"{MEAN}{count}", **mean, "n": n})
    return rows + means


def _without_pair(row: Row) -> tuple[str, str, str]:
    return row["dataset"], row["model"], row["split"]


def paired_differences(
    rows: Iterable[Row], others: Iterable[Row], baseline: str, shared: Callable[[Row], object]
) -> list[Row]:
    """Return each row less the row of `others` that it is paired with, if there is one.

    The interval takes the two intervals as independent. Both methods answered the same items, so it
    is too wide rather than too narrow.

    Args:
        rows: scores of methods.
        others: scores to subtract.
        baseline: name of `others`, for the column `baseline`.
        shared: returns what paired rows have in common.
    """
    by_shared = {shared(other): other for other in others}
    paired = []
    for row in rows:
        if other := by_shared.get(shared(row)):
            value = row["value"] - other["value"]
            half = math.hypot(row["high"] - row["low"], other["high"] - other["low"]) / 2
            bounds = {"value": value, "low": value - half, "high": value + half}
            paired.append({**row, "baseline": baseline, **bounds})
    return paired


def estimates_of(rows: Iterable[Row]) -> list[Estimate]:
    """Return the mean and the interval over the seeds of each kind of row."""
    return [_estimate(of_seeds) for of_seeds in group(rows, _without_seed).values()]


def _without_seed(row: Row) -> tuple[object, ...]:
    return *identity(row, "seed"), row.get("baseline", "")


def _estimate(rows: list[Row]) -> Estimate:
    first = rows[0]
    mean, low, high = seed_interval([row["value"] for row in rows])
    kind = SEEDS
    if len(rows) == 1:
        low, high = first["low"], first["high"]
        kind = NONE if math.isnan(low) or math.isnan(high) else ITEMS
    _, _, lookahead = first["subset"].partition("lookahead=")
    return Estimate(
        setting=Setting.from_row(first),
        method=first["method"],
        decoding=first["decoding"],
        metric=first["metric"],
        mean=mean,
        low=low,
        high=high,
        interval=kind,
        seeds=len(rows),
        n=max(row["n"] for row in rows),
        baseline=first.get("baseline", ""),
        lookahead=int(lookahead) if lookahead else None,
    )


def scores_of(rows: Iterable[Row]) -> list[Estimate]:
    """Return the estimates of scores, their intervals clipped to the range of the metric."""
    return [_clipped(item) for item in estimates_of(rows)]


def _clipped(score: Estimate) -> Estimate:
    metric = metric_properties.of(score.metric)
    return replace(score, low=max(score.low, metric.low), high=min(score.high, metric.high))


def separated(estimates: Iterable[Estimate]) -> Iterator[Estimate]:
    """Yield each estimate that is better than those of all other methods in its setting.

    Its whole interval is on the better side of theirs, and no other mean is printed alike.
    """
    groups = group(estimates, lambda item: (item.setting, item.decoding, item.metric))
    for (_, _, metric), of_methods in groups.items():
        properties = metric_properties.of(metric)
        best = max(of_methods, key=lambda item: properties.improvement(item.mean))
        others = [item for item in of_methods if item is not best]
        apart = (
            (best.low > item.high if properties.higher_is_better else best.high < item.low)
            and number(best.mean) != number(item.mean)
            for item in others
        )
        if others and all(apart):  # False if a bound is NaN
            yield best


def ordered(items: Iterable[Item], methods: Methods, names: Names = UNKNOWN_NAMES) -> list[Item]:
    """Return items by task, data set, pair (means last), model, split, method."""
    items = list(items)
    rank = {name: i for i, name in enumerate(methods.sort(item.method for item in items))}
    return sorted(items, key=lambda item: (place(item.setting, names), rank[item.method]))


def place(setting: Setting, names: Names = UNKNOWN_NAMES) -> tuple[Any, ...]:
    """Return the sort key of a setting: task, data set, pair (means last), model, split."""
    task, dataset, pair, model, split = setting
    return task, names.rank(dataset), is_mean(setting), pair, names.rank(model), split
