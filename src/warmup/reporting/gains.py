"""Differences between methods, with their tests: here scores and comparisons meet."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from warmup.common.errors import InputError
from warmup.common.keys import Setting
from warmup.config.decodings import Decodings
from warmup.config.methods import BASELINE, FOCUS
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import OWN, Row
from warmup.evaluation.significance import LEVEL
from warmup.reporting import estimates
from warmup.reporting.estimates import CROSSED, PAIRED, Estimate, identity
from warmup.reporting.table import is_zero

if TYPE_CHECKING:
    import pandas as pd

MARK = "*"
"""Marks a significant difference."""


def differences_of(
    rows: Sequence[Row], comparisons: "pd.DataFrame | None", decodings: Decodings
) -> list[Estimate]:
    """Return all differences that are shown, with the interval and p-value of their tests.

    They are: each method less SFT; warmup less each other method; each method decoded with control
    warmups less the same method with its own warmups (baseline `comparisons.OWN`). Scores of the
    same seed are paired. If lower scores are better, a difference below 0 is better.

    Args:
        rows: scores, as `estimates.rows_of` returns them.
        comparisons: as `warmup.evaluation.result_tables.COMPARISONS` reads them, or None.
        decodings: which of them are controls.

    Raises:
        InputError: the comparisons were not made from these scores.
    """
    differences = estimates.estimates_of(
        [*_between_methods(rows), *_to_own_warmups(rows, decodings)]
    )
    if comparisons is None:
        return differences
    keys = (*Setting._fields, "method", "decoding", "metric", "baseline")
    tests: list[dict[Any, Any]] = comparisons.to_dict("records")
    by_key = {tuple(test[key] for key in keys): test for test in tests}
    return [_tested(gain, by_key.get(_key(gain))) for gain in differences]


def of_focus(rows: Sequence[Row]) -> list[Estimate]:
    """Return warmup less each other method, without tests."""
    return [gain for gain in estimates.estimates_of(_between_methods(rows)) if gain.method == FOCUS]


def _between_methods(rows: Sequence[Row]) -> list[Row]:
    """Return each method less SFT, and warmup less each other method."""
    differences = []
    for baseline in sorted({row["method"] for row in rows}):
        compared = [
            row
            for row in rows
            if row["method"] != baseline and (baseline == BASELINE or row["method"] == FOCUS)
        ]
        others = (row for row in rows if row["method"] == baseline)
        differences += estimates.paired_differences(
            compared, others, baseline, lambda row: identity(row, "method")
        )
    return differences


def _to_own_warmups(rows: Sequence[Row], decodings: Decodings) -> list[Row]:
    differences = []
    for control, own in decodings.controls.items():
        with_control = (row for row in rows if row["decoding"] == control)
        with_own = (row for row in rows if row["decoding"] == own)
        differences += estimates.paired_differences(
            with_control, with_own, OWN, lambda row: identity(row, "decoding")
        )
    return differences


def _key(gain: Estimate) -> tuple[str, ...]:
    return *gain.setting, gain.method, gain.decoding, gain.metric, gain.baseline


def _tested(gain: Estimate, test: dict[Any, Any] | None) -> Estimate:
    if test is None:
        return gain
    if not math.isclose(test["difference"], gain.mean, rel_tol=1e-6, abs_tol=1e-6):
        raise InputError(
            "the comparisons were not made from these scores: on "
            f"{gain.setting.data}, {gain.setting.model}, {gain.metric} of {gain.method} less that "
            f"of {gain.baseline} is {gain.mean:.4f}, not {test['difference']:.4f}"
        )
    kind = PAIRED if gain.seeds == 1 else CROSSED
    return replace(gain, low=test["low"], high=test["high"], interval=kind, p=test["p_holm"])


def reversed_sign(gain: Estimate) -> Estimate:
    """Return the difference of the baseline to the method."""
    return replace(
        gain,
        method=gain.baseline,
        baseline=gain.method,
        mean=-gain.mean,
        low=-gain.high,
        high=-gain.low,
    )


def verdict(gain: Estimate) -> str:
    """Return `better`, `worse` or `undecided`: by the test, or without one by the interval."""
    if is_tested([gain]):
        decided = bool(mark(gain))
    else:
        decided = (gain.low > 0 or gain.high < 0) and not is_zero(gain.mean)
    if not decided:
        return "undecided"
    return "better" if metric_properties.of(gain.metric).improvement(gain.mean) > 0 else "worse"


def verdicts(gains: Iterable[Estimate]) -> str:
    """Return how often each verdict is given, such as `better in 2, undecided in 1`."""
    given = [verdict(gain) for gain in gains]
    return ", ".join(
        f"{word} in {given.count(word)}"
        for word in ("better", "worse", "undecided")
        if word in given
    )


def mark(gain: Estimate) -> str:
    """Return the mark of a significant gain, else nothing."""
    return star(gain.p, gain.mean)


def star(p: float, difference: float, digits: int = 1) -> str:
    """Return the mark of a significant difference that is not printed as zero, else nothing.

    Args:
        p: p-value after Holm's correction; NaN without a test.
        difference: the difference.
        digits: decimals that it is printed with.
    """
    return MARK if p < LEVEL and not is_zero(difference, digits) else ""


def is_tested(gains: Iterable[Estimate]) -> bool:
    """Return whether any of the gains was tested."""
    return any(not math.isnan(gain.p) for gain in gains)
