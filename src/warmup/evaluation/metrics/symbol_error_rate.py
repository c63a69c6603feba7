"""Symbol error rate: edits from reference to output, per symbol of the reference.

Symbols are separated by white space, such as phones or words. An edit inserts, deletes or replaces
one of them (Levenshtein 1966).
"""

from collections.abc import Sequence

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray
from warmup.evaluation.metrics._symbols import items

NAME = "ser"
LABEL = "SER"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return the edits and the symbols of the reference for each item: [n, 2].

    With several references, the one that needs the smallest share of edits counts.

    Raises:
        InputError: a reference has no symbols.
    """
    rows = []
    for output, references in items(corpus, NAME):
        counts = [(edits(output, reference), len(reference)) for reference in references]
        rows.append(min(counts, key=lambda count: count[0] / count[1]))
    return np.array(rows, dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return 100 times all edits over all symbols of the references: [..., 2] -> [...]."""
    rate: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return rate


def signature(corpus: Corpus) -> str:
    """Return how symbols are separated and edits are counted."""
    return "ser|symbols:whitespace|case:mixed|edits:levenshtein|refs:least"


def edits(output: Sequence[str], reference: Sequence[str]) -> int:
    """Return the smallest number of edits that turn one sequence into the other."""
    numbers = {symbol: i for i, symbol in enumerate(dict.fromkeys([*output, *reference]))}
    target = np.array([numbers[symbol] for symbol in reference], dtype=np.int64)
    steps = np.arange(len(reference) + 1)
    row = steps  # edits from an empty sequence to each prefix of the reference
    for symbol in output:
        kept_or_replaced = row[:-1] + (target != numbers[symbol])
        best = np.concatenate([row[:1] + 1, np.minimum(row[1:] + 1, kept_or_replaced)])
        row = np.minimum.accumulate(best - steps) + steps  # insert symbols of the reference
    return int(row[-1])
