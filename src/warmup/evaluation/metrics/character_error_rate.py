"""Character error rate: edits from reference to output, per character of the reference.

A character is a code point of the text in NFC; spaces within a text count, those around it do not.
"""

from warmup.evaluation.metrics import Corpus, FloatArray, _edit_rate

NAME = "cer"
LABEL = "CER"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"

aggregate = _edit_rate.aggregate


def statistics(corpus: Corpus) -> FloatArray:
    """Return the edits and the characters of the reference for each item: [n, 2].

    Raises:
        InputError: a reference has no characters.
    """
    return _edit_rate.statistics(corpus, NAME, str.strip)


def signature(corpus: Corpus) -> str:
    """Return what a character is and how edits are counted."""
    return "cer|characters:code-points|strip:spaces|case:mixed|edits:levenshtein|refs:least"
