"""Word error rate: share of outputs that differ from the reference in any symbol.

This is the measure of the SIGMORPHON shared tasks on grapheme-to-phoneme conversion (Ashby et al.
2021): an output is one word, and symbols, which white space separates, are its sounds or letters.
"""

import numpy as np

from warmup.common.errors import InputError
from warmup.evaluation.metrics import Corpus, FloatArray

NAME = "wer"
LABEL = "WER"
HIGHER_IS_BETTER = False
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return 1 if no reference has the output's symbols, else 0, and the number 1: [n, 2].

    Raises:
        InputError: a reference has no symbols.
    """
    rows = []
    for number, (output, references) in enumerate(
        zip(corpus.hypotheses, corpus.references, strict=True), start=1
    ):
        symbols = [reference.split() for reference in references]
        if not all(symbols):
            raise InputError(f"{NAME}: a reference of item {number} has no symbols")
        rows.append((output.split() not in symbols, 1))
    return np.array(rows, dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the percentage of wrong items: [..., 2] -> [...]."""
    percentage: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return percentage


def signature(corpus: Corpus) -> str:
    """Return how symbols are separated and compared."""
    return "wer|symbols:whitespace|case:mixed|refs:any"
