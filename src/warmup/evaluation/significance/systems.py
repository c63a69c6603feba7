"""Differences between systems that answered the same items, from their sufficient statistics."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from warmup.evaluation.intervals import resampled_sums
from warmup.evaluation.significance.difference import MCNEMAR, PAIRED_T, RANDOMIZATION, Difference
from warmup.evaluation.significance.mcnemar import mcnemar
from warmup.evaluation.significance.paired_t import paired_t
from warmup.evaluation.significance.randomization import randomized

FloatArray = NDArray[np.float64]
Aggregate = Callable[[FloatArray], FloatArray]
System = tuple[str, int]
"""Method and seed."""


def differences(
    statistics: Mapping[System, FloatArray],
    pairs: Iterable[tuple[str, str]],
    aggregate: Aggregate,
    resamples: int,
    seed: int,
) -> Iterator[Difference]:
    """Yield the difference of each pair of methods, over the seeds that both have.

    Args:
        statistics: of each item, for one metric, [n, k]; the same items in the same order.
        pairs: (ours, theirs); they have a seed in common.
        aggregate: the score of summed statistics, [..., k] -> [...].
        resamples: draws.
        seed: of the draws, which all pairs share.
    """
    # all systems side by side: one pass over the draws
    statistics = dict(sorted(statistics.items()))
    stacked = np.hstack(list(statistics.values()))
    parts = np.split(resampled_sums(stacked, resamples, seed), len(statistics), axis=1)
    drawn = {system: aggregate(part) for system, part in zip(statistics, parts, strict=True)}
    score = {system: float(aggregate(rows.sum(axis=0))) for system, rows in statistics.items()}
    for ours, theirs in pairs:
        seeds = sorted(s for method, s in statistics if method == ours and (theirs, s) in score)
        swaps, test, p = None, RANDOMIZATION, math.nan
        if len(seeds) == 1:
            items = statistics[ours, seeds[0]], statistics[theirs, seeds[0]]
            swaps = randomized(*items, aggregate, resamples, seed)
            test, p = itemwise(*items, aggregate)
        yield Difference(
            n=len(stacked),
            seeds=tuple(seeds),
            observed=np.array([score[ours, s] - score[theirs, s] for s in seeds]),
            resampled=np.stack([drawn[ours, s] - drawn[theirs, s] for s in seeds]),
            randomized=swaps,
            test=test,
            p=p,
        )


def itemwise(ours: FloatArray, theirs: FloatArray, aggregate: Aggregate) -> tuple[str, float]:
    """Return test and p-value for a metric that is a mean over items.

    The statistics of such a metric are a value and the number 1; where all values are 0 or 1 it
    is a share. Other metrics have approximate randomization, and not-a-number for its p-value.
    """
    both = np.stack([ours, theirs])
    if both.shape[-1] != 2 or not (both[..., 1] == 1).all():
        return RANDOMIZATION, math.nan
    if np.isin(both[..., 0], (0, 1)).all():
        change = ours[:, 0] - theirs[:, 0]
        return MCNEMAR, mcnemar(int((change > 0).sum()), int((change < 0).sum()))
    return PAIRED_T, paired_t(aggregate(ours) - aggregate(theirs))
