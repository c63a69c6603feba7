"""Scores that were not computed, because a neural metric lacks its environment or model.

Such a score has a row without a value; its signature gives the reason.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from warmup.common.keys import Setting
from warmup.evaluation import metric_properties
from warmup.evaluation.segment_scores import NOT_COMPUTED
from warmup.reporting.estimates import is_mean

if TYPE_CHECKING:
    import pandas as pd

TEXT = "not computed"
"""Text of its cell."""


class Gap(NamedTuple):
    """A score that was not computed."""

    setting: Setting
    method: str
    decoding: str
    metric: str
    reason: str


def gaps_of(scores: "pd.DataFrame") -> list[Gap]:
    """Return the scores that were not computed, sorted, each once for all seeds.

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


def metrics_of(gaps: Iterable[Gap], where: Setting, *methods: str) -> set[str]:
    """Return the metrics not computed for any of the methods; for a mean, on any of its pairs."""
    pairless = where._replace(pair="")
    return {
        gap.metric
        for gap in gaps
        if gap.method in methods
        and (gap.setting == where or (is_mean(where) and gap.setting._replace(pair="") == pairless))
    }


def notes(gaps: Iterable[Gap]) -> list[str]:
    """Return a sentence for each metric and reason."""
    reasons = dict.fromkeys((gap.metric, gap.reason) for gap in gaps)
    return [f"{metric_properties.label(metric)} {TEXT}: {reason}" for metric, reason in reasons]
