"""The smallest gain that the paper's test sets could show, to be shown with the gains it reports.

It depends on the outputs of both systems. Without them a range is given, from very similar outputs
to dissimilar ones; `detectable.csv` has its assumptions.
"""

import csv
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from warmup.config.methods import BASELINE

if TYPE_CHECKING:
    import pandas as pd


class Detectable(NamedTuple):
    """Smallest gain that a test at 5% finds in 80 of 100 cases, in points of the metric."""

    low: float
    high: float
    basis: str
    """Number of items, and the assumptions of the range, in words."""


def of_claim(
    claim: Mapping[Any, Any], comparisons: "pd.DataFrame | None" = None
) -> Detectable | None:
    """Return the smallest gain that the claim's test set could show; None if it is unknown.

    It comes from the comparisons of this experiment if they are of the same data set, pair and
    metric, otherwise from the number of items and assumed spreads, with one model per method.

    Args:
        claim: a row of `warmup.reporting.paper.reported.read`.
        comparisons: as `warmup.evaluation.result_tables.COMPARISONS` reads them.
    """
    return _measured(claim, comparisons) or _assumed(claim)


def _measured(claim: Mapping[Any, Any], comparisons: "pd.DataFrame | None") -> Detectable | None:
    if comparisons is None:
        return None
    of_pairs = _pairs(claim["pair"])
    pair = re.escape(claim["pair"]) if of_pairs == 1 else f"mean of {of_pairs}"
    rows = comparisons[
        (comparisons["task"] == claim["task"])
        & (comparisons["dataset"] == claim["dataset"])
        & (comparisons["metric"] == claim["metric"])
        & (comparisons["baseline"] == BASELINE)
        & comparisons["pair"].str.fullmatch(pair)
    ].dropna(subset="detectable")
    if rows.empty:
        return None
    low, high = rows["detectable"].min(), rows["detectable"].max()
    return Detectable(low, high, f"n = {rows['n'].max():,}, measured here")


def _assumed(claim: Mapping[Any, Any]) -> Detectable | None:
    # scipy is imported only where it is needed
    from warmup.evaluation.significance.power import minimum_detectable_effect  # noqa: PLC0415

    keys = ("task", "dataset", "metric")
    with Path(__file__).with_name("detectable.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if all(row[k] == claim[k] for k in keys)]
    if not rows:
        return None
    (row,) = rows
    n, pairs = int(row["n"]), _pairs(claim["pair"])
    # the noise of several pairs averages out, unless it is the same in each pair
    low = minimum_detectable_effect(float(row["low"]) / math.sqrt(n * pairs))
    high = minimum_detectable_effect(float(row["high"]) / math.sqrt(n))
    directions = f" in each of {pairs} directions, independent or not" if pairs > 1 else ""
    return Detectable(low, high, f"n = {n:,}{directions}, {row['basis']}")


def assumption(task: str, metric: str) -> tuple[float, float] | None:
    """Return the least and the largest assumed spread of an item's share of a gain, in points.

    None if nothing is assumed for this metric.
    """
    with Path(__file__).with_name("detectable.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if (row["task"], row["metric"]) == (task, metric):
                return float(row["low"]), float(row["high"])
    return None


def _pairs(pair: str) -> int:
    """Return the number of pairs of a mean such as `mean of 8 directions`; 1 for a single pair."""
    mean = re.match(r"mean of (\d+)", pair)
    return int(mean[1]) if mean else 1
