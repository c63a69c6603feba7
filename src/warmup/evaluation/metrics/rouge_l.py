"""ROUGE-L: F-score of the longest common subsequence of words, best reference, mean over items."""

from warmup.evaluation.metrics import Corpus, FloatArray, _rouge, mean

NAME = "rougeL"
LABEL = "ROUGE-L"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return 100 F and the number 1 for each item: [n, 2]."""
    return _rouge.statistics(corpus, _rouge.subsequence_f)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the mean over items: [..., 2] -> [...]."""
    return mean(sums)


def signature(corpus: Corpus) -> str:
    """Return the choices that change the value."""
    return _rouge.signature(corpus, NAME)
