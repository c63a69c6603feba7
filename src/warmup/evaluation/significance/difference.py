"""Two systems compared on one metric: interval, test, effect size and detectable difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warmup.evaluation.significance.draws import central, p_value
from warmup.evaluation.significance.hierarchical import deviations
from warmup.evaluation.significance.power import POWER, detectable, effect_size

FloatArray = NDArray[np.float64]

ITEMS, SEEDS = "items", "seeds and items"
"""What a result speaks for: other test items with these two models, or other seeds, too."""
RANDOMIZATION, MCNEMAR, PAIRED_T, HIERARCHICAL, BOOTSTRAP = (
    "approximate randomization", "McNemar exact", "paired t", "hierarchical bootstrap",
    "paired bootstrap",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs on the same items, and what chance makes of it. S seeds, R resamples."""

    n: int
    """Items."""
    seeds: tuple[int, ...]
    observed: FloatArray
    """With each seed, [S]."""
    resampled: FloatArray
    """Over bootstrap draws of items that all seeds share, [S, R]."""
    randomized: FloatArray | None = None
    """After random swaps of outputs, [R]; with one seed only."""
    test: str = RANDOMIZATION
    """Test of one seed."""
    p: float = math.nan
    """Its p-value, if it is another test than approximate randomization."""


class Result(NamedTuple):
    """What is known of a difference; not-a-number where something is not."""

    difference: float
    """Mean over seeds, in points."""
    low: float
    """Lower end of its 95% interval."""
    high: float
    """Upper end."""
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


def mean_of(differences: Sequence[Difference]) -> Difference:
    """Return the mean of the differences on several test sets, all with the same seeds.

    Test sets of the same size share their draws: they may be translations of each other. For
    others, and for unrelated ones, that makes no difference.
    """
    randomized = [part.randomized for part in differences if part.randomized is not None]
    return Difference(
        n=sum(part.n for part in differences),
        seeds=differences[0].seeds,
        observed=np.mean([part.observed for part in differences], axis=0),
        resampled=np.mean([part.resampled for part in differences], axis=0),
        randomized=np.mean(randomized, axis=0) if randomized else None,
    )


def assess(difference: Difference, seed: int) -> Result:
    """Return what is known of a difference.

    With one seed: paired bootstrap (Koehn 2004) and the test named in the difference. With more:
    the hierarchical bootstrap for both.

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
        low, high = central(draws)
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
    low, high = central(of_items) if difference.n > 1 else (math.nan, math.nan)
    again = p_value(of_items - value, value)
    return Result(value, low, high, ITEMS, difference.test, p, again, effect, detectable(error))
