"""Macro-F1 of multiple choice: unweighted mean of the F1 of each label."""

import numpy as np

from warmup.evaluation.answer_labels import label, reference_labels
from warmup.evaluation.metrics import Corpus, FloatArray

NAME = "macro_f1"
LABEL = "macro-F1"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return (both, output, reference) counts of each of the C reference labels: [n, 3 C].

    An output without a label, or with one that no reference has, counts for no class. It lowers
    the recall of the right class and adds no class.

    Raises:
        InputError: a reference has no label.
    """
    answers = reference_labels(corpus)
    classes = np.array(sorted(set(answers)))
    reference = np.array(answers)[:, None] == classes
    output = np.array([label(text) or "" for text in corpus.hypotheses])[:, None] == classes
    counts = np.stack([output & reference, output, reference], axis=-1)
    return counts.reshape(len(answers), -1).astype(np.float64)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return macro-F1 in percent: [..., 3 C] -> [...].

    The classes are the labels of the references in the sum. A class that a resample or a subset
    lacks is left out there, as if there were no other items.
    """
    both, output, reference = np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 3), -1, 0)
    f1 = 2 * both / np.maximum(output + reference, 1)
    present = reference > 0
    percentage: FloatArray = 100 * (f1 * present).sum(-1) / present.sum(-1)
    return percentage


def signature(corpus: Corpus) -> str:
    """Return the rule by which labels are read and averaged; no choice depends on the corpus."""
    return "macro_f1|classes:references|label:first-word|strip:().:,|invalid:wrong|zero_division:0"
