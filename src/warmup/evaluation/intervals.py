"""Means and their intervals: the bootstrap over items, Student's t over seeds.

`level` is the share of repetitions in which an interval should hold the true value.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from warmup.evaluation.metrics import FloatArray

_BLOCK = 1 << 20
"""Number of draws held in memory at a time."""


class Interval(NamedTuple):
    """A mean and its interval; `low` and `high` are NaN if there is none."""

    mean: float
    low: float
    high: float


def exact(statistics: FloatArray) -> FloatArray:
    """Return statistics as multiples of 2^-30, so that no sum of them is rounded.

    Sums are then the same in any order, on any machine and with any number of threads. Whole
    numbers do not change; others change by less than a billionth.
    """
    return np.round(statistics * 2.0**30) / 2.0**30


def resampled_sums(statistics: FloatArray, resamples: int, seed: int) -> FloatArray:
    """Return the summed rows of each bootstrap resample of items: [n, k] -> [resamples, k].

    The same n and seed draw the same items, so that the sums of two systems on the same items are
    paired.
    """
    generator = np.random.default_rng(seed)
    n, statistics = len(statistics), exact(statistics)
    block = max(1, _BLOCK // n)
    parts = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        draws = generator.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(draws.ravel(), minlength=size * n).reshape(size, n)
        parts.append(counts.astype(np.float64) @ statistics)
    return np.concatenate(parts)


def bootstrap_interval(
    statistics: FloatArray,
    aggregate: Callable[[FloatArray], FloatArray],
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a score over items (Efron 1979).

    Args:
        statistics: sufficient statistics of each item, [n, k].
        aggregate: the score of summed statistics, [..., k] -> [...].
        resamples: how many times n items are drawn with replacement.
        seed: of the draws.
        level: intended coverage.

    Raises:
        ValueError: there are fewer than two items, which have no spread.
    """
    if len(statistics) < 2:
        raise ValueError("a bootstrap interval needs at least two items")
    scores = aggregate(resampled_sums(statistics, resamples, seed))
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def seed_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean over seeds and its Student t interval; one value has no interval.

    Raises:
        ValueError: there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("no values to average")
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, math.nan, math.nan)
    from scipy.special import stdtrit  # noqa: PLC0415  # scoring starts without scipy

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * deviation / math.sqrt(n)
    return Interval(mean, mean - half, mean + half)
