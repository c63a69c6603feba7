"""Gains with what tests say of them: the one place where scores and comparisons meet."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from warmup.common.errors import InputError
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE
from warmup.evaluation import metric_properties
from warmup.evaluation.significance import LEVEL
from warmup.reporting import estimates
from warmup.reporting.estimates import CROSSED, PAIRED, Estimate
from warmup.reporting.table import Cell, interval, is_zero, number

if TYPE_CHECKING:
    import pandas as pd

MARK = "*"
"""Stands beside a significant difference."""


def gains(
    scores: "pd.DataFrame", tested: "pd.DataFrame | None", baseline: str = BASELINE
) -> list[Estimate]:
    """Return the gains over `baseline`, with interval and p-value of their comparisons.

    A gain is the score less that of the baseline: where lower is better, below 0 is better.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
        baseline: a method.

    Raises:
        InputError: the comparisons are not of these scores.
    """
    found = estimates.gains_of(scores, baseline)
    if tested is None:
        return found
    rows: list[dict[Any, Any]] = tested[tested["baseline"] == baseline].to_dict("records")
    keys = (*Setting._fields, "method", "decoding", "metric")
    known = {tuple(row[key] for key in keys): row for row in rows}
    return [_tested(item, known.get(_key(item))) for item in found]


def _key(gain: Estimate) -> tuple[str, ...]:
    return *gain.setting, gain.method, gain.decoding, gain.metric


def _tested(gain: Estimate, row: dict[Any, Any] | None) -> Estimate:
    if row is None:
        return gain
    if not math.isclose(row["difference"], gain.mean, rel_tol=1e-6, abs_tol=1e-6):
        raise InputError(
            f"the comparisons are not of these scores: on {gain.setting.data}, {gain.setting.model}"
            f" gains {gain.mean:.4f} {gain.metric} with {gain.method}, not {row['difference']:.4f}"
        )
    kind = PAIRED if gain.seeds == 1 else CROSSED
    return replace(gain, low=row["low"], high=row["high"], interval=kind, p=row["p_holm"])


def verdict(gain: Estimate) -> str:
    """Return in a few words what the test of a gain says, or its interval if there is no test."""
    tested = is_tested([gain])
    apart = mark(gain) if tested else (gain.low > 0 or gain.high < 0) and not is_zero(gain.mean)
    if not apart:
        return "not told apart"
    return "better" if metric_properties.of(gain.metric).improvement(gain.mean) > 0 else "worse"


def mark(gain: Estimate) -> str:
    """Return the mark of a significant gain, else nothing."""
    return star(gain.p, gain.mean)


def star(p: float, difference: float, digits: int = 1) -> str:
    """Return the mark of a difference that is more than chance and not printed as zero.

    Args:
        p: after Holm's correction; not-a-number where there was no test.
        difference: as it is printed.
        digits: that it is printed with.
    """
    return MARK if p < LEVEL and not is_zero(difference, digits) else ""


def cell(item: Estimate | None, *, sign: bool = False) -> Cell:
    """Return an estimate as tables show it, with its mark and its interval."""
    if item is None:
        return Cell("–")
    bounds = interval(item.low, item.high, 1, sign)
    return Cell(f"{number(item.mean, 1, sign)}{mark(item)} {bounds}", item.mean)


def is_tested(found: Iterable[Estimate]) -> bool:
    """Return whether any of the gains was tested."""
    return any(not math.isnan(item.p) for item in found)
