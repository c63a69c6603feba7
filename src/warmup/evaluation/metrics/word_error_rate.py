"""Word error rate: share of outputs that differ from the reference in any symbol.

This is the measure of the SIGMORPHON shared tasks on grapheme-to-phoneme conversion (Ashby et al.
2021): an output is one word, and symbols, which white space separates, are its sounds or letters.
"""

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray
from warmup.evaluation.metrics._parts import items

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
    rows = [(output not in references, 1) for output, references in items(corpus, NAME)]
    return np.array(rows, dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the percentage of wrong items: [..., 2] -> [...]."""
    percentage: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return percentage


def signature(corpus: Corpus) -> str:
    """Return how symbols are separated and compared."""
    return "wer|symbols:whitespace|case:mixed|refs:any"
