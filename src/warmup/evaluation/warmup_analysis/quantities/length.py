"""How long warmups are, in tokens of the model: mean and quartiles."""

from functools import partial

import numpy as np

from warmup.evaluation.metrics import FloatArray
from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, share

_QUARTILES = {"length_quartile1": 0.25, "length_median": 0.5, "length_quartile3": 0.75}


def measure(items: Items) -> dict[str, Quantity]:
    """Return the mean, and the quartiles: the smallest length that a share does not exceed."""
    quantities = {"length": share([(count, 1) for count in items.tokens])}
    counts = np.zeros((len(items.tokens), max(items.tokens, default=0) + 1))
    counts[np.arange(len(counts)), list(items.tokens)] = 1
    for name, part in _QUARTILES.items():
        # a sum of rows is a histogram, from which any quantile can be read
        quantities[name] = Quantity(counts, partial(_quantile, part=part))
    return quantities


def _quantile(histograms: FloatArray, part: float) -> FloatArray:
    reached = histograms.cumsum(axis=-1) >= part * histograms.sum(axis=-1, keepdims=True)
    lengths: FloatArray = reached.argmax(axis=-1).astype(np.float64)
    return lengths
