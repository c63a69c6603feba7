"""Scores that a metric owes: a neural metric without its environment or model.

Such a score is a row like others, without a value; its signature says why.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from warmup.common.keys import Setting
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import MEAN
from warmup.evaluation.segment_scores import NOT_COMPUTED

if TYPE_CHECKING:
    import pandas as pd

TEXT = "not computed"
"""What stands in its cell."""


class Gap(NamedTuple):
    """A score that was not computed."""

    setting: Setting
    method: str
    decoding: str
    metric: str
    reason: str


def gaps_of(scores: "pd.DataFrame") -> list[Gap]:
    """Return what was not computed, once for all seeds, sorted.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
    """
    rows: list[dict[Any, Any]] = scores[scores["value"].isna()].to_dict("records")
    gaps = (
        Gap(
            Setting.from_row(row),
            *(row["method"], row["decoding"], row["metric"]),
            row["signature"].removeprefix(NOT_COMPUTED),
        )
        for row in rows
        if row["signature"].startswith(NOT_COMPUTED)
    )
    return sorted(set(gaps))


def metrics_of(gaps: Iterable[Gap], setting: Setting, *methods: str) -> set[str]:
    """Return the metrics not computed for one of the methods; for a mean, on any of its pairs."""

    def place(one: Setting) -> Setting:
        return one._replace(pair="") if setting.pair.startswith(MEAN) else one

    return {
        gap.metric for gap in gaps if gap.method in methods and place(gap.setting) == place(setting)
    }


def notes(gaps: Iterable[Gap]) -> list[str]:
    """Return a sentence for each metric and reason."""
    found = dict.fromkeys((gap.metric, gap.reason) for gap in gaps)
    return [f"{metric_properties.label(metric)} {TEXT}: {reason}" for metric, reason in found]
