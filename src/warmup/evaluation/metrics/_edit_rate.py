"""Edits from reference to output, per part of the reference: symbols, words or characters.

An edit inserts, deletes or replaces one part (Levenshtein 1966).
"""

from collections.abc import Callable, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from warmup.evaluation.metrics import Corpus, FloatArray
from warmup.evaluation.metrics._parts import items


def statistics(corpus: Corpus, metric: str, divide: Callable[[str], Sequence[str]]) -> FloatArray:
    """Return the edits and the parts of the reference for each item: [n, 2].

    With several references, the one that needs the smallest share of edits counts.

    Args:
        corpus: outputs and references.
        metric: its name, for errors.
        divide: what divides a text into parts.

    Raises:
        InputError: a reference has no parts.
    """
    rows = []
    for output, references in items(corpus, metric, divide):
        counts = [(Levenshtein.distance(output, other), len(other)) for other in references]
        rows.append(min(counts, key=lambda count: count[0] / count[1]))
    return np.array(rows, dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return 100 times all edits over all parts of the references: [..., 2] -> [...]."""
    rate: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return rate
