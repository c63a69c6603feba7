"""The smallest gain that the paper's test sets could show, to stand beside the gains it reports.

Exactly known only with both systems' outputs. Without them a range, from two systems whose outputs
are much alike to two that are little alike; `detectable.csv` has its assumptions.
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
    """Number of items, and what the range assumes, in words."""


def of_claim(claim: Mapping[Any, Any], tested: "pd.DataFrame | None" = None) -> Detectable | None:
    """Return the smallest gain that the claim's test set could show; None where it is unknown.

    From the comparisons of this experiment, if they are of the same data set, pair and metric; else
    from the number of items and assumed spreads, with one model of each method.

    Args:
        claim: a row of `warmup.reporting.paper.reported.read`.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them.
    """
    return _measured(claim, tested) or _assumed(claim)


def _measured(claim: Mapping[Any, Any], tested: "pd.DataFrame | None") -> Detectable | None:
    if tested is None:
        return None
    of_pairs = _pairs(claim["pair"])
    pair = re.escape(claim["pair"]) if of_pairs == 1 else f"mean of {of_pairs}"
    rows = tested[
        (tested["task"] == claim["task"])
        & (tested["dataset"] == claim["dataset"])
        & (tested["metric"] == claim["metric"])
        & (tested["baseline"] == BASELINE)
        & tested["pair"].str.fullmatch(pair)
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
        found = [row for row in csv.DictReader(stream) if all(row[k] == claim[k] for k in keys)]
    if not found:
        return None
    (row,) = found
    n, pairs = int(row["n"]), _pairs(claim["pair"])
    # the noise of several pairs averages out, unless it is the same noise in each
    low = minimum_detectable_effect(float(row["low"]) / math.sqrt(n * pairs))
    high = minimum_detectable_effect(float(row["high"]) / math.sqrt(n))
    directions = f" in each of {pairs} directions, independent or not" if pairs > 1 else ""
    return Detectable(low, high, f"n = {n:,}{directions}, {row['basis']}")


def _pairs(pair: str) -> int:
    """Return over how many pairs such as `mean of 8 directions` is; 1 for a pair."""
    found = re.match(r"mean of (\d+)", pair)
    return int(found[1]) if found else 1
