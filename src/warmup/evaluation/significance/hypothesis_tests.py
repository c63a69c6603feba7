"""Tests of a difference, and what draws say of one observed number."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import bdtr, stdtr

from warmup.evaluation.intervals import exact
from warmup.evaluation.metrics import FloatArray

_TIE = 1e-7
"""In points: scores that differ by less are equal, since statistics are rounded."""
_BLOCK = 1 << 20
"""Coins held at a time."""


def p_value(draws: FloatArray, observed: float) -> float:
    """Return the share of draws at least as far from 0 as `observed`, itself included.

    Counting the observed number as a draw keeps the error rate of a test at its level, and p above
    0 (Davison and Hinkley 1997, section 4.2.1).

    Args:
        draws: differences that chance alone makes, [R].
        observed: the difference found.
    """
    beyond = np.count_nonzero(np.abs(draws) >= abs(observed) - _TIE)
    return float((beyond + 1) / (len(draws) + 1))


def percentile_interval(draws: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """Return the bounds of the middle `level` of the draws (Efron 1979)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm 1979), in the order given.

    If all those below 0.05 afterwards are called significant, at most 5 of 100 tables hold one
    false alarm or more, whether or not the tests of a table depend on each other.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return [float(value) for value in adjusted]


def mcnemar(ours_only: int, theirs_only: int) -> float:
    """Return the exact p-value of equal accuracies on the same items (McNemar 1947).

    Items that both systems or neither got right say nothing. If the systems are equally good, each
    other item is as likely to be the one's as the other's: a binomial test with share 1/2.

    Args:
        ours_only: number of items that only one system got right.
        theirs_only: number of items that only the other got right.
    """
    fewer, both = min(ours_only, theirs_only), ours_only + theirs_only
    return min(1.0, 2 * float(bdtr(fewer, both, 0.5)))


def paired_t(differences: FloatArray) -> float:
    """Return the p-value of a mean difference of 0 (Student 1908).

    It asks about the mean, which is what the tables show; Wilcoxon's signed-rank test asks about
    another number. Test sets are large enough for the mean to be normal, whatever the distribution
    of the items.

    Args:
        differences: ours minus theirs of each item, [n].
    """
    n, mean = len(differences), float(np.mean(differences))
    if mean == 0 or n < 2:
        return 1.0
    error = float(np.std(differences, ddof=1)) / math.sqrt(n)
    return 2 * float(stdtr(n - 1, -abs(mean) / error)) if error > 0 else 0.0


def swapped_sums(differences: FloatArray, resamples: int, seed: int) -> FloatArray:
    """Return the summed rows of a random half of the items: [n, k] -> [resamples, k].

    A fair coin decides for each item whether it is in the half. The same n and seed toss the same
    coins.
    """
    generator = np.random.default_rng(seed)
    n, differences = len(differences), exact(differences)
    block = max(1, _BLOCK // n)
    return np.concatenate(
        [
            generator.integers(2, size=(min(block, resamples - start), n), dtype=bool) @ differences
            for start in range(0, resamples, block)
        ]
    )


def randomized_differences(
    ours: FloatArray,
    theirs: FloatArray,
    aggregate: Callable[[FloatArray], FloatArray],
    resamples: int,
    seed: int,
) -> FloatArray:
    """Return the difference in score after each random swap of outputs: [resamples].

    This is approximate randomization. If two systems are equally good, swapping their outputs for
    any items changes the difference by chance only (Noreen 1989; Riezler and Maxwell 2005). That is
    exact for every metric and number of items, also for corpus metrics such as BLEU. For a mean
    over items it is the sign-flip permutation test.

    Args:
        ours: sufficient statistics of each item, [n, k].
        theirs: those of the other system, [n, k].
        aggregate: the score of summed statistics, [..., k] -> [...].
        resamples: how many times a coin is tossed for each item.
        seed: of the coins.
    """
    swaps = swapped_sums(ours - theirs, resamples, seed)
    return aggregate(ours.sum(axis=0) - swaps) - aggregate(theirs.sum(axis=0) + swaps)
