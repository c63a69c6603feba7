"""Hierarchical bootstrap: noise of test items and of training seeds together.

The models of all seeds answer the same items, so items are drawn once for all seeds (crossed
levels, Owen 2007). Drawing them anew for each seed (nested, Saravanan et al. 2020) would
underestimate the noise of a hard test set, the more so the more seeds there are. There are two to
five seeds, too few to be drawn with replacement: such intervals cover the truth in only 70 to 85 of
100 cases.
Therefore the mean over seeds is drawn from Student's t distribution, which its usual interval is
made from.
"""

import math

import numpy as np
from scipy.special import stdtrit

from warmup.evaluation.metrics import FloatArray


def deviations(observed: FloatArray, resampled: FloatArray, seed: int) -> FloatArray:
    """Return how far chance moves the mean difference over seeds and items, in points: [R].

    Each deviation is a draw of items, less the mean of those draws, plus a draw for the seeds. The
    spread over seeds on one test set already includes some noise of the items, since models of
    different seeds differ in which items they get right. The draws of items are shrunk so that this
    part does not count twice.

    The sum of the two is conservative (Behrens-Fisher): its 95% intervals hold the truth in 95 to
    99 of 100 cases with two seeds, 95 to 98 with three, 95 to 97 with more.

    Args:
        observed: difference of the two methods with each seed, [S], S at least 2.
        resampled: the same over bootstrap draws of items that all seeds share, [S, R].
        seed: of the order in which draws of items and of seeds are combined.
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
