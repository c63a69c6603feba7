"""Symbol error rate: edits from reference to output, per symbol of the reference.

Symbols, such as phones, are separated by white space.
"""

from warmup.evaluation.metrics import Corpus, FloatArray, _edit_rate

NAME = "ser"
LABEL = "SER"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"

aggregate = _edit_rate.aggregate


def statistics(corpus: Corpus) -> FloatArray:
    """Return the edits and the symbols of the reference for each item: [n, 2].

    Raises:
        InputError: a reference has no symbols.
    """
    return _edit_rate.statistics(corpus, NAME, str.split)


def signature(corpus: Corpus) -> str:
    """Return how symbols are separated and edits are counted."""
    return "ser|symbols:whitespace|case:mixed|edits:levenshtein|refs:least"
