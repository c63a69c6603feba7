"""Quantities of warmups, as `warmup analyse-warmups` computes them: names and estimates."""

from dataclasses import replace
from typing import TYPE_CHECKING

from warmup.reporting import estimates
from warmup.reporting.estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd

_UNITS = {
    "length": "tokens",
    "surprisal": "nats per token",
    "gain_function_words": "points",
    "gain_content_words": "points",
    "gain_content_minus_function": "points",
    "reward": "nats",
    "warmup_length": "tokens",
    "warmup_surprisal": "nats",
    "effective_sample_size": "",
}
"""Unit of each quantity that is not a share. Shares are from 0 to 1 in files, in % elsewhere.

Quantities are those of warmups.tsv, and those of warmups in curves.tsv.
"""
FORM = ("length", "surprisal", "distinct", "empty", "constant", "copied_beginning", "copied_whole")
"""What warmups look like."""
CONTENT = (
    *("precision_reference", "recall_reference", "precision_source", "novelty", "agreement"),
    *("names_answer_given", "names_answer_right"),
)
"""The words of warmups."""
CLASSES = ("gain_function_words", "gain_content_words", "gain_content_minus_function")
"""The recalled words of the reference."""
DIGITS = {"length": 1, "surprisal": 2}
"""Decimals of the quantities that are not shares."""


def label(quantity: str) -> str:
    """Return the name of a quantity in tables and figures: that of the file, with spaces."""
    return quantity.replace("_", " ")


def is_share(quantity: str) -> bool:
    """Return whether a quantity is a share, from 0 to 1 in files and in % elsewhere."""
    return quantity not in _UNITS and not quantity.startswith("length")


def head(quantity: str) -> str:
    """Return the name of a quantity and its unit, for the head of a column or an axis."""
    unit = "%" if is_share(quantity) else _UNITS.get(quantity, "tokens")
    return f"{label(quantity)} ({unit})" if unit else label(quantity)


def quantities_of(rows: "pd.DataFrame") -> list[Estimate]:
    """Return each quantity over all test items: mean over seeds, and interval.

    Args:
        rows: as `warmup.evaluation.result_tables.WARMUPS` reads them.
    """
    scores = rows.rename(columns={"quantity": "metric"})
    over_all = estimates.with_pair_means(estimates.rows_of(scores, estimates.ALL))
    return list(map(_clipped, estimates.estimates_of(over_all)))


def _clipped(item: Estimate) -> Estimate:
    """Return a quantity with its interval clipped at 0, and at 1 if it is a share."""
    if item.metric.startswith("gain_"):
        return item
    high = min(item.high, 1.0) if is_share(item.metric) else item.high
    return replace(item, low=max(item.low, 0.0), high=high)
