"""How large a difference is for its noise, and how large it must be to be found."""

import math

from scipy.special import ndtri

from warmup.evaluation.significance import LEVEL

POWER = 0.8
"""Share of repetitions in which a difference of the detectable size is found."""


def effect_size(difference: float, error: float, n: int) -> float:
    """Return Cohen's d of paired items: the difference over the spread of the items' differences.

    The spread is `error` times the square root of n. Where a metric is no mean over items, such as
    BLEU, it is that of the items' influences on the score. Not-a-number where there is no spread.

    Args:
        difference: in points.
        error: standard error of the difference over items, in points.
        n: items.
    """
    return difference / (error * math.sqrt(n)) if error > 0 else math.nan


def detectable(error: float, alpha: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest true difference that a two-sided test finds with probability `power`.

    For a normal difference with that standard error: 2.80 of it at the usual 5% and 80%. It depends
    on the noise alone, and not on the difference found. Not-a-number where no noise is known.
    """
    return error * float(ndtri(1 - alpha / 2) + ndtri(power)) if error > 0 else math.nan
