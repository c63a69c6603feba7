"""Approximate randomization: are two systems' outputs interchangeable?

If they are, swapping the two outputs of any item changes nothing but by chance (Noreen 1989;
Riezler and Maxwell 2005). That is exact for every metric and every number of items, corpus metrics
such as BLEU included. For a mean over items it is the sign-flip permutation test.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from warmup.evaluation.intervals import exact

FloatArray = NDArray[np.float64]

_BLOCK = 1 << 20
"""Coins held at a time."""


def swapped_sums(differences: FloatArray, resamples: int, seed: int) -> FloatArray:
    """Return the summed rows of a random half of the items: [n, k] -> [resamples, k].

    Each item is in it or not by a fair coin. The same n and seed toss the same coins.
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


def randomized(
    ours: FloatArray,
    theirs: FloatArray,
    aggregate: Callable[[FloatArray], FloatArray],
    resamples: int,
    seed: int,
) -> FloatArray:
    """Return the difference in score after each random swap of outputs: [resamples].

    Args:
        ours: sufficient statistics of each item, [n, k].
        theirs: those of the other system, [n, k].
        aggregate: the score of summed statistics, [..., k] -> [...].
        resamples: how many times a coin is tossed for each item.
        seed: of the coins.
    """
    swaps = swapped_sums(ours - theirs, resamples, seed)
    return aggregate(ours.sum(axis=0) - swaps) - aggregate(theirs.sum(axis=0) + swaps)
