"""Exact match: share of outputs that are one of the references, apart from spaces around them."""

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray

NAME = "exact_match"
LABEL = "exact match"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return 1 if right else 0, and the number 1, for each item: [n, 2]."""
    pairs = zip(corpus.hypotheses, corpus.references, strict=True)
    right = [text.strip() in {one.strip() for one in references} for text, references in pairs]
    return np.array([(one, 1) for one in right], dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the percentage of right items: [..., 2] -> [...]."""
    percentage: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return percentage


def signature(corpus: Corpus) -> str:
    """Return the rule by which outputs and references are compared."""
    return "exact_match|strip:spaces|case:mixed|refs:any"
