"""The paired t test, for metrics that are a mean over items."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr


def paired_t(differences: NDArray[np.float64]) -> float:
    """Return the p-value of a mean difference of 0 (Student 1908).

    It asks about the mean, which is what the tables show; Wilcoxon's signed-rank test asks about
    another number. Test sets are large enough for the mean to be normal, whatever its items are.

    Args:
        differences: ours minus theirs of each item, [n].
    """
    n, mean = len(differences), float(np.mean(differences))
    if mean == 0 or n < 2:
        return 1.0
    error = float(np.std(differences, ddof=1)) / math.sqrt(n)
    return 2 * float(stdtr(n - 1, -abs(mean) / error)) if error > 0 else 0.0
