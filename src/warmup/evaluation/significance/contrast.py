"""Whether a gain is larger on one metric than on another, in units that two metrics share."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warmup.evaluation.significance.difference import BOOTSTRAP, Difference
from warmup.evaluation.significance.draws import p_value

FloatArray = NDArray[np.float64]


class _Standardised(NamedTuple):
    observed: FloatArray
    resampled: FloatArray


def contrast(one: Difference, other: Difference) -> Difference | None:
    """Return the gain on `one` metric less that on another, each divided by its spread.

    The spread is that of the items' differences, as in an effect size: the result is the difference
    of two of Cohen's d. The spreads are taken as known. None where one has none, or where the two
    are not of the same seeds and items, of which draws have to be the same.

    Args:
        one: ours minus theirs on one metric.
        other: the same two systems on another metric, from the same draws.
    """
    same = (one.n, one.seeds, one.resampled.shape) == (other.n, other.seeds, other.resampled.shape)
    parts = _standardised(one), _standardised(other)
    if not same or parts[0] is None or parts[1] is None:
        return None
    observed = parts[0].observed - parts[1].observed
    resampled = parts[0].resampled - parts[1].resampled
    value = float(observed.mean())
    p = p_value(resampled.mean(axis=0) - value, value)
    return Difference(one.n, one.seeds, observed, resampled, test=BOOTSTRAP, p=p)


def _standardised(difference: Difference) -> _Standardised | None:
    spread = float(difference.resampled.mean(axis=0).std(ddof=1)) * math.sqrt(difference.n)
    if not spread > 0:
        return None
    return _Standardised(difference.observed / spread, difference.resampled / spread)
