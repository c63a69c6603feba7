"""Two systems compared on one metric, from sufficient statistics of the same items."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from warmup.evaluation.intervals import resampled_sums
from warmup.evaluation.metrics import FloatArray
from warmup.evaluation.significance.hierarchical import deviations
from warmup.evaluation.significance.hypothesis_tests import (
    mcnemar,
    p_value,
    paired_t,
    percentile_interval,
    randomized_differences,
)
from warmup.evaluation.significance.power import POWER, effect_size, minimum_detectable_effect

Aggregate = Callable[[FloatArray], FloatArray]
System = tuple[str, int]
"""Method and seed."""

ITEMS, SEEDS = "items", "seeds and items"
"""Scope of a result: other test items with these two models, or other training seeds as well."""
RANDOMIZATION, MCNEMAR, PAIRED_T, HIERARCHICAL, BOOTSTRAP = (
    "approximate randomization", "McNemar exact", "paired t", "hierarchical bootstrap",
    "paired bootstrap",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs on the same items, with draws of it. S seeds, R resamples."""

    n: int
    """Number of items."""
    seeds: tuple[int, ...]
    observed: FloatArray
    """The difference with each seed, [S]."""
    resampled: FloatArray
    """The difference over bootstrap draws of items that all seeds share, [S, R]."""
    randomized: FloatArray | None = None
    """The difference after random swaps of outputs, [R]; with one seed only."""
    test: str = RANDOMIZATION
    """The test for one seed."""
    p: float = math.nan
    """Its p-value, unless the test is approximate randomization."""


class Result(NamedTuple):
    """What is known of a difference; NaN if something is not."""

    difference: float
    """Mean over seeds, in points."""
    low: float
    """Lower end of its 95% interval."""
    high: float
    """Upper end of its 95% interval."""
    scope: str
    """`items` or `seeds and items`."""
    test: str
    p: float
    p_bootstrap: float
    """With one seed, the p-value of the paired bootstrap, for comparison."""
    effect_size: float
    """Cohen's d of paired items."""
    detectable: float
    """Smallest difference that this comparison would find in 80 of 100 cases, in points."""


def paired_differences(
    statistics: Mapping[System, FloatArray],
    pairs: Iterable[tuple[str, str]],
    aggregate: Aggregate,
    resamples: int,
    seed: int,
) -> Iterator[Difference]:
    """Yield the difference of each pair of methods, over the seeds that both have.

    Args:
        statistics: sufficient statistics of each item for one metric, [n, k]; the same items in
            the same order.
        pairs: (ours, theirs); they have a seed in common.
        aggregate: the score of summed statistics, [..., k] -> [...].
        resamples: number of draws.
        seed: of the draws, which all pairs share.
    """
    # all systems next to each other, so that items are drawn once
    statistics = dict(sorted(statistics.items()))
    stacked = np.hstack(list(statistics.values()))
    parts = np.split(resampled_sums(stacked, resamples, seed), len(statistics), axis=1)
    drawn = {system: aggregate(part) for system, part in zip(statistics, parts, strict=True)}
    score = {system: float(aggregate(rows.sum(axis=0))) for system, rows in statistics.items()}
    for ours, theirs in pairs:
        seeds = sorted(s for method, s in statistics if method == ours and (theirs, s) in score)
        randomized, test, p = None, RANDOMIZATION, math.nan
        if len(seeds) == 1:
            items = statistics[ours, seeds[0]], statistics[theirs, seeds[0]]
            randomized = randomized_differences(*items, aggregate, resamples, seed)
            test, p = item_test(*items, aggregate)
        yield Difference(
            n=len(stacked),
            seeds=tuple(seeds),
            observed=np.array([score[ours, s] - score[theirs, s] for s in seeds]),
            resampled=np.stack([drawn[ours, s] - drawn[theirs, s] for s in seeds]),
            randomized=randomized,
            test=test,
            p=p,
        )


def item_test(ours: FloatArray, theirs: FloatArray, aggregate: Aggregate) -> tuple[str, float]:
    """Return test and p-value for a metric that is a mean over items.

    The statistics of such a metric are a value and the number 1; if all values are 0 or 1, it is a
    share. For any other metric return approximate randomization, and NaN for its p-value.
    """
    both = np.stack([ours, theirs])
    if both.shape[-1] != 2 or not (both[..., 1] == 1).all():
        return RANDOMIZATION, math.nan
    if np.isin(both[..., 0], (0, 1)).all():
        change = ours[:, 0] - theirs[:, 0]
        return MCNEMAR, mcnemar(int((change > 0).sum()), int((change < 0).sum()))
    return PAIRED_T, paired_t(aggregate(ours) - aggregate(theirs))


def mean_difference(differences: Sequence[Difference]) -> Difference:
    """Return the mean of the differences on several test sets, all with the same seeds.

    Test sets of the same size share their draws, since they may be translations of each other. For
    unrelated test sets that makes no difference.
    """
    randomized = [part.randomized for part in differences if part.randomized is not None]
    return Difference(
        n=sum(part.n for part in differences),
        seeds=differences[0].seeds,
        observed=np.mean([part.observed for part in differences], axis=0),
        resampled=np.mean([part.resampled for part in differences], axis=0),
        randomized=np.mean(randomized, axis=0) if randomized else None,
    )


def standardised_contrast(one: Difference, other: Difference) -> Difference | None:
    """Return the gain on `one` metric less that on another, each divided by its spread.

    The spread is that of the items' differences, as in an effect size, so that the result is the
    difference of two of Cohen's d. The spreads are treated as known. Return None if one of them is
    0, or if the two differences are not from the same seeds, items and draws.

    Args:
        one: ours minus theirs on one metric.
        other: the same two systems on another metric, from the same draws.
    """
    same = (one.n, one.seeds, one.resampled.shape) == (other.n, other.seeds, other.resampled.shape)
    spreads = _spread(one), _spread(other)
    if not same or not all(spread > 0 for spread in spreads):
        return None
    observed = one.observed / spreads[0] - other.observed / spreads[1]
    resampled = one.resampled / spreads[0] - other.resampled / spreads[1]
    value = float(observed.mean())
    p = p_value(resampled.mean(axis=0) - value, value)
    return Difference(one.n, one.seeds, observed, resampled, test=BOOTSTRAP, p=p)


def _spread(difference: Difference) -> float:
    return float(difference.resampled.mean(axis=0).std(ddof=1)) * math.sqrt(difference.n)


def assess_difference(difference: Difference, seed: int) -> Result:
    """Return what is known of a difference.

    With one seed it is the paired bootstrap (Koehn 2004) and the test that the difference names;
    with more, the hierarchical bootstrap for both.

    Args:
        difference: on one metric.
        seed: of the hierarchical bootstrap.
    """
    value = float(difference.observed.mean())
    of_items = difference.resampled.mean(axis=0)
    error = float(of_items.std(ddof=1))
    effect = effect_size(value, error, difference.n)
    if len(difference.observed) > 1:
        draws = deviations(difference.observed, difference.resampled, seed)
        low, high = percentile_interval(draws)
        needed = (high - low) / 2 + float(np.quantile(draws, POWER))
        p = p_value(draws, value)
        return Result(
            value, value + low, value + high, SEEDS, HIERARCHICAL, p, math.nan, effect,
            needed if needed > 0 else math.nan,
        )  # fmt: skip
    p = difference.p
    if difference.test == RANDOMIZATION:
        assert difference.randomized is not None, "one seed, but no swaps"
        p = p_value(difference.randomized, value)
    low, high = percentile_interval(of_items) if difference.n > 1 else (math.nan, math.nan)
    p_bootstrap = p_value(of_items - value, value)
    detectable = minimum_detectable_effect(error)
    return Result(value, low, high, ITEMS, difference.test, p, p_bootstrap, effect, detectable)
