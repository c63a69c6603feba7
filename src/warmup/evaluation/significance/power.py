"""How large a difference is compared with its noise, and how large it must be to be found."""

import math

from scipy.special import ndtri

from warmup.evaluation.significance import LEVEL

POWER = 0.8
"""Share of repetitions in which a difference of the detectable size is found."""


def effect_size(difference: float, error: float, n: int) -> float:
    """Return Cohen's d of paired items: the difference over the spread of the items' differences.

    The spread is `error` times the square root of n. If a metric is not a mean over items, such as
    BLEU, it is the spread of the items' influences on the score. NaN if there is no spread.

    Args:
        difference: in points.
        error: standard error of the difference over items, in points.
        n: number of items.
    """
    return difference / (error * math.sqrt(n)) if error > 0 else math.nan


def minimum_detectable_effect(error: float, alpha: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest true difference that a two-sided test finds with probability `power`.

    For a normal difference with that standard error it is 2.80 of it at the usual 5% and 80%. It
    depends on the noise alone, not on the difference found. NaN if the noise is not known.
    """
    return error * float(ndtri(1 - alpha / 2) + ndtri(power)) if error > 0 else math.nan
