"""Cells of tables: how counts, estimates, compute and p-values are written."""

import math

from warmup.reporting.estimates import Estimate
from warmup.reporting.gains import mark
from warmup.reporting.table import Cell, interval, number

NOTHING = Cell("–")


def count(value: float) -> Cell:
    """Return a whole number."""
    return Cell(number(value, 0), value)


def estimate(item: Estimate | None, *, sign: bool = False) -> Cell:
    """Return mean, mark and interval; a dash for None."""
    if item is None:
        return NOTHING
    bounds = interval(item.low, item.high, 1, sign)
    return Cell(f"{number(item.mean, 1, sign)}{mark(item)} {bounds}", item.mean)


def times(value: float) -> Cell:
    """Return compute relative to SFT."""
    return Cell("–" if math.isnan(value) else f"{number(value, 2)}×", value)


def probability(p: float) -> Cell:
    """Return a p-value with four decimals; `<0.0001` if it is smaller."""
    return Cell("<0.0001" if p < 0.0001 else number(p, 4), p)
