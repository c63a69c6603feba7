"""Word error rate of speech recognition and translation: edits of words, per reference word.

Words are separated by white space. The name `wer` is that of the SIGMORPHON shared tasks, where an
item is one word: see `warmup.evaluation.metrics.word_error_rate`.
"""

from warmup.evaluation.metrics import Corpus, FloatArray, _edit_rate

NAME = "wer_edits"
LABEL = "WER (edits)"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"

aggregate = _edit_rate.aggregate


def statistics(corpus: Corpus) -> FloatArray:
    """Return the edits and the words of the reference for each item: [n, 2].

    Raises:
        InputError: a reference has no words.
    """
    return _edit_rate.statistics(corpus, NAME, str.split)


def signature(corpus: Corpus) -> str:
    """Return how words are separated and edits are counted."""
    return "wer_edits|words:whitespace|case:mixed|edits:levenshtein|refs:least"
