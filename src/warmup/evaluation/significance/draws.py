"""What draws of chance say of one observed number."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_TIE = 1e-7
"""Points: equal scores that differ by the rounding of statistics are equal."""


def p_value(draws: FloatArray, observed: float) -> float:
    """Return the share of draws as far from 0 as `observed`, or farther, that one among them.

    Counting the observed number as a draw keeps a test's error rate at its level, and p above 0
    (Davison and Hinkley 1997, section 4.2.1).

    Args:
        draws: differences where there is none but by chance, [R].
        observed: the difference found.
    """
    beyond = np.count_nonzero(np.abs(draws) >= abs(observed) - _TIE)
    return float((beyond + 1) / (len(draws) + 1))


def central(draws: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """Return the bounds of the middle `level` of the draws (percentile interval, Efron 1979)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
