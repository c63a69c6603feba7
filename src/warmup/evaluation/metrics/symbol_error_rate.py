"""Symbol error rate: edits from reference to output, per symbol of the reference.

Symbols are what white space separates, such as phones or words. An edit inserts, deletes or
replaces one of them (Levenshtein 1966).
"""

from collections.abc import Sequence

import numpy as np

from warmup.common.errors import InputError
from warmup.evaluation.metrics import Corpus, FloatArray

NAME = "ser"
LABEL = "SER"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return the edits and the symbols of the reference for each item: [n, 2].

    With several references the one counts from which the share of edits is least.

    Raises:
        InputError: a reference without a symbol.
    """
    rows = []
    for number, (output, references) in enumerate(
        zip(corpus.hypotheses, corpus.references, strict=True), start=1
    ):
        symbols = [reference.split() for reference in references]
        if not all(symbols):
            raise InputError(f"{NAME}: a reference of item {number} has no symbols")
        counts = [(edits(output.split(), reference), len(reference)) for reference in symbols]
        rows.append(min(counts, key=lambda count: count[0] / count[1]))
    return np.array(rows, dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return 100 times all edits over all symbols of the references: [..., 2] -> [...]."""
    rate: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return rate


def signature(corpus: Corpus) -> str:
    """Return how symbols are told apart and edits are counted."""
    return "ser|symbols:whitespace|case:mixed|edits:levenshtein|refs:least"


def edits(output: Sequence[str], reference: Sequence[str]) -> int:
    """Return the least number of edits that make the one sequence of the other."""
    known = {symbol: number for number, symbol in enumerate(dict.fromkeys([*output, *reference]))}
    wanted = np.array([known[symbol] for symbol in reference], dtype=np.int64)
    steps = np.arange(len(reference) + 1)
    row = steps  # edits from nothing to each beginning of the reference
    for symbol in output:
        kept_or_replaced = row[:-1] + (wanted != known[symbol])
        best = np.concatenate([row[:1] + 1, np.minimum(row[1:] + 1, kept_or_replaced)])
        row = np.minimum.accumulate(best - steps) + steps  # symbols of the reference left out
    return int(row[-1])
