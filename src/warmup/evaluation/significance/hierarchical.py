"""Hierarchical bootstrap: noise of test items and of training seeds together.

Every seed's models answer the same items, so items are drawn once for all seeds (crossed levels,
Owen 2007), not anew for each (nested, Saravanan et al. 2020), which would take the noise of a
hard test set for smaller the more seeds there are. Seeds are two to five, too few to be drawn with
replacement: such intervals cover the truth in only 70 to 85 of 100 cases. So the mean over seeds
is drawn from Student's t distribution, as its usual interval is made.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

FloatArray = NDArray[np.float64]


def deviations(observed: FloatArray, resampled: FloatArray, seed: int) -> FloatArray:
    """Return how far chance moves the mean difference over seeds and items, in points: [R].

    Each is a draw of items, less its own mean, plus a draw for the seeds. The mean over seeds of
    one test set already has a part of the noise of the items: what a seed's model makes of one
    item and another's does not. So that it does not count twice, the draws of items are shrunk.

    The sum of the two errs on the side of caution (Behrens-Fisher): its 95% intervals hold the
    truth in 95 to 99 of 100 cases with two seeds, 95 to 98 with three, 95 to 97 with more.

    Args:
        observed: difference of the two methods with each seed, [S], S at least 2.
        resampled: the same over bootstrap draws of items, shared by all seeds, [S, R].
        seed: of the order in which draws of items and of seeds meet.
    """
    seeds, resamples = resampled.shape
    of_items = resampled.mean(axis=0) - resampled.mean()
    shared = float(of_items.var(ddof=1))
    own = (float(resampled.var(axis=1, ddof=1).mean()) - shared) / (seeds - 1)
    shrink = math.sqrt(max(0.0, shared - own) / shared) if shared > 0 else 0.0
    # as many evenly spaced quantiles as draws: t with one degree of freedom has wild tails
    quantiles = stdtrit(seeds - 1, (np.arange(resamples) + 0.5) / resamples)
    of_seeds = np.random.default_rng(seed).permutation(quantiles)
    error = float(observed.std(ddof=1)) / math.sqrt(seeds)
    total: FloatArray = error * of_seeds + shrink * of_items
    return total
