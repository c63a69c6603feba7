"""What the scores say: mean over seeds with its interval, gain over SFT, training cost.

Every table, figure and sentence of the report comes from the functions here.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.decodings import Decodings
from warmup.config.methods import BASELINE, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.intervals import seed_interval
from warmup.evaluation.result_tables import MEAN
from warmup.reporting.table import number

if TYPE_CHECKING:
    import pandas as pd

SEEDS, ITEMS, NONE = "seeds", "items", "none"
"""Where an interval comes from: Student t over seeds, the bootstrap over items, nowhere."""
PAIRED, CROSSED = "paired items", "seeds and items"
"""The same for a tested gain: the paired bootstrap, the hierarchical bootstrap."""
_LOOKAHEAD = "lookahead="

Row = dict[str, Any]


@dataclass(frozen=True)
class Estimate:
    """A score, or a gain in score, of a method: mean over seeds and 95% interval.

    With two seeds or more the interval is Student's t over the seeds; with one it is the
    bootstrap interval over items that the scores carry, not-a-number where they carry none. That of
    a score ends where its metric does.
    """

    setting: Setting
    method: str
    decoding: str
    metric: str
    mean: float
    low: float
    high: float
    interval: str
    """`seeds`, `items` or `none`; of a tested gain `paired items` or `seeds and items`."""
    seeds: int
    """How many."""
    n: int
    """Items."""
    lookahead: int | None = None
    """Only the items with this look-ahead; None for all."""
    p: float = math.nan
    """Of a tested gain, the p-value after Holm's correction."""


class _OfMethod(Protocol):
    @property
    def setting(self) -> Setting: ...

    @property
    def method(self) -> str: ...


Item = TypeVar("Item", bound=_OfMethod)


def scores_of(scores: "pd.DataFrame") -> list[Estimate]:
    """Return the estimate of each (setting, method, decoding, metric) over all test items.

    A data set with several pairs also gets the mean over its pairs, as pair `mean of k`.
    """
    return [_cut(item) for item in means_of(scores)]


def means_of(rows: "pd.DataFrame") -> list[Estimate]:
    """Return the same of any quantities that stand in the place of metrics; no interval is cut."""
    return _estimates(with_pair_means(_evaluation(rows, "all")))


def gains_of(scores: "pd.DataFrame", baseline: str = BASELINE) -> list[Estimate]:
    """Return the difference to the baseline with the same seed, for every other method.

    It is the score less that of the baseline: where lower is better, below 0 is better.
    `warmup.reporting.gains` adds what tests say of them. Without that, the interval of one seed
    takes the two bootstrap intervals as independent; both methods answered the same items, so it is
    rather too wide than too narrow.
    """
    return _estimates(_differences(with_pair_means(_evaluation(scores, "all")), baseline))


def lookahead_gains_of(scores: "pd.DataFrame", baseline: str = BASELINE) -> list[Estimate]:
    """Return the same differences over the items of each look-ahead."""
    return _estimates(_differences(_evaluation(scores, _LOOKAHEAD + r"\d+"), baseline))


def lookahead_of(scores: "pd.DataFrame") -> list[Estimate]:
    """Return the estimates over the items of each look-ahead."""
    return [_cut(item) for item in _estimates(_evaluation(scores, _LOOKAHEAD + r"\d+"))]


def primary(estimates: Sequence[Estimate], decodings: Decodings) -> list[Estimate]:
    """Return those of each task's first metric and first decoding.

    The task says which metric is first, the experiment which decoding.
    """
    found = []
    for task, here in group(estimates, lambda item: item.setting.task).items():
        metric = metric_properties.order(task, (item.metric for item in here))[0]
        decoding = decodings.sort(item.decoding for item in here)[0]
        found += [item for item in here if (item.metric, item.decoding) == (metric, decoding)]
    return found


def separated(estimates: Iterable[Estimate]) -> Iterator[Estimate]:
    """Yield each estimate that is better than those of all other methods of its setting.

    Its interval lies wholly on the better side of theirs, and no other mean is printed alike.
    """
    groups = group(estimates, lambda item: (item.setting, item.decoding, item.metric))
    for (_, _, metric), found in groups.items():
        properties = metric_properties.of(metric)
        best = max(found, key=lambda item: properties.improvement(item.mean))
        others = [item for item in found if item is not best]
        apart = (
            (best.low > item.high if properties.higher_is_better else best.high < item.low)
            and number(best.mean) != number(item.mean)
            for item in others
        )
        if others and all(apart):  # false where an end is unknown
            yield best


def ordered(items: Iterable[Item], methods: Methods) -> list[Item]:
    """Return items by task, data set, pair (means last), model, split, method."""
    items = list(items)
    rank = {name: i for i, name in enumerate(methods.sort(item.method for item in items))}
    return sorted(items, key=lambda item: (place(item.setting), rank[item.method]))


def place(setting: Setting) -> tuple[str, str, bool, str, str, str]:
    """Return what settings are sorted by: task, data set, pair (means last), model, split."""
    task, dataset, pair, model, split = setting
    return task, dataset, pair.startswith(MEAN), pair, model, split


def _evaluation(scores: "pd.DataFrame", subset: str) -> list[Row]:
    """Return rows of test splits, without those of which any seed was not computed."""
    wanted = (scores["split"] != "train") & scores["subset"].str.fullmatch(subset)
    rows = records(scores[wanted])

    def without_seed(row: Row) -> tuple[object, ...]:
        return _identity({**row, "seed": 0}, row["method"])

    gaps = {without_seed(row) for row in rows if math.isnan(row["value"])}
    return [row for row in rows if without_seed(row) not in gaps] if gaps else rows


def records(frame: "pd.DataFrame") -> list[Row]:
    """Return the rows of a table of scores, in an order that does not depend on the table's."""
    rows = cast(list[Row], frame.to_dict("records"))
    return sorted(rows, key=lambda row: _identity(row, row["method"]))


def _identity(row: Row, method: str) -> tuple[object, ...]:
    return Setting.from_row(row), method, row["decoding"], row["metric"], row["subset"], row["seed"]


def with_pair_means(rows: list[Row]) -> list[Row]:
    """Add, for data sets with several pairs, the mean over pairs of each seed and metric.

    Only where every pair was scored. The interval takes the pairs as independent.
    """

    def without_pair(row: Row) -> tuple[object, ...]:
        return _identity({**row, "pair": ""}, row["method"])

    pairs = group(rows, lambda row: (row["dataset"], row["model"], row["split"]))
    wanted = {key: {row["pair"] for row in found} for key, found in pairs.items()}
    added = []
    for found in group(rows, without_pair).values():
        first, count = found[0], len(found)
        if count == 1 or count < len(wanted[first["dataset"], first["model"], first["split"]]):
            continue
        value = _mean(row["value"] for row in found)
        half = math.hypot(*(row["high"] - row["low"] for row in found)) / 2 / count
        mean = {"value": value, "low": value - half, "high": value + half}
        n = sum(row["n"] for row in found)
        added.append({**first, "pair": f"{MEAN}{count}", **mean, "n": n})
    return rows + added


def _differences(rows: list[Row], baseline: str) -> list[Row]:
    others = {_identity(row, baseline): row for row in rows if row["method"] == baseline}
    differences = []
    for row in rows:
        other = others.get(_identity(row, baseline))
        if other is None or row["method"] == baseline:
            continue
        value = row["value"] - other["value"]
        half = math.hypot(row["high"] - row["low"], other["high"] - other["low"]) / 2
        differences.append({**row, "value": value, "low": value - half, "high": value + half})
    return differences


def _estimates(rows: Iterable[Row]) -> list[Estimate]:
    groups = group(rows, lambda row: _identity({**row, "seed": 0}, row["method"]))
    return [_estimate(found) for found in groups.values()]


def _estimate(rows: list[Row]) -> Estimate:
    first = rows[0]
    mean, low, high = seed_interval([row["value"] for row in rows])
    kind = SEEDS
    if len(rows) == 1:
        low, high = first["low"], first["high"]
        kind = NONE if math.isnan(low) or math.isnan(high) else ITEMS
    _, _, lookahead = first["subset"].partition(_LOOKAHEAD)
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
        lookahead=int(lookahead) if lookahead else None,
    )


def _cut(score: Estimate) -> Estimate:
    """Return the score with its interval cut where the metric ends: no true value lies beyond."""
    metric = metric_properties.of(score.metric)
    return replace(score, low=max(score.low, metric.low), high=min(score.high, metric.high))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found) if found else math.nan
