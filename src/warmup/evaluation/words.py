"""Words for ROUGE: those of rouge-score on ASCII text; letters of other scripts are kept."""

import unicodedata
from functools import cache, lru_cache

from warmup.common.languages import primary_code
from warmup.evaluation.metrics import _porter

# Each character of a script written without spaces is a word; Hangul has spaces.
_OWN_WORD = ("CJK ", "IDEOGRAPHIC ", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA")


@lru_cache(maxsize=1 << 16)  # ROUGE-1, -2 and -L read the same texts
def words(text: str, target_lang: str) -> tuple[str, ...]:
    """Return the lower-cased words of `text`: runs of letters, digits and their marks.

    English words of more than three letters are stemmed (Porter), as in published ROUGE.
    """
    spaced = "".join(map(_spaced, unicodedata.normalize("NFC", text).lower()))
    tokens = [token for token in spaced.split() if any(map(str.isalnum, token))]
    return tuple(map(_stem, tokens) if stemmed(target_lang) else tokens)


def stemmed(target_lang: str) -> bool:
    """Return whether words of the language are stemmed."""
    return primary_code(target_lang) == "en"


@cache
def _spaced(char: str) -> str:
    """Return the character, with spaces around it if it is a word of its own, or a space."""
    if char.isalnum():
        return f" {char} " if unicodedata.name(char, "").startswith(_OWN_WORD) else char
    # a combining mark, such as a Devanagari vowel sign, belongs to the letter before it
    return char if unicodedata.category(char).startswith("M") else " "


@cache
def _stem(word: str) -> str:
    return _porter.stem(word) if len(word) > 3 else word
