"""ROUGE-1: F-score of single words, best reference, mean over items."""

from warmup.evaluation.metrics import Corpus, FloatArray, _rouge, mean

NAME = "rouge1"
LABEL = "ROUGE-1"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return 100 F and the number 1 for each item: [n, 2]."""
    return _rouge.statistics(corpus, lambda ref, hyp: _rouge.ngram_f(ref, hyp, order=1))


def aggregate(sums: FloatArray) -> FloatArray:
    """Return the mean over items: [..., 2] -> [...]."""
    return mean(sums)


def signature(corpus: Corpus) -> str:
    """Return the choices that change the value."""
    return _rouge.signature(corpus, NAME)
