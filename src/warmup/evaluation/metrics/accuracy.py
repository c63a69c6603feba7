"""Accuracy of multiple choice: share of outputs that begin with the right label."""

import numpy as np

from warmup.evaluation.answer_labels import label, reference_labels
from warmup.evaluation.metrics import Corpus, FloatArray

NAME = "accuracy"
LABEL = "accuracy"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return 1 if right else 0, and the number 1, for each item: [n, 2].

    An output without a label is wrong.

    Raises:
        InputError: a reference has no label.
    """
    pairs = zip(corpus.hypotheses, reference_labels(corpus), strict=True)
    return np.array([(label(text) == answer, 1) for text, answer in pairs], dtype=np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the percentage of right items: [..., 2] -> [...]."""
    percentage: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return percentage


def signature(corpus: Corpus) -> str:
    """Return the rule by which labels are read; no choice depends on the corpus."""
    return "accuracy|label:first-word|strip:().:,|invalid:wrong"
