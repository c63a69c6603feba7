"""Porter's stemmer (1980) with NLTK's extensions, as ROUGE with stemming uses it.

The stems are those of `PorterStemmer().stem` of NLTK 3, whose import takes longer than scoring a
test set. A *shape* spells a word in vowels and consonants; the *measure* counts the `vc` in it.
"""

_IRREGULAR = {
    "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
    "innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
    "cannings": "canning", "canning": "canning", "howe": "howe", "proceed": "proceed",
    "exceed": "exceed", "succeed": "succeed",
}  # fmt: skip

# The first suffix in a list that a word has is the only one considered.
_PLURAL = {"sses": "ss", "ies": "i", "ss": "ss", "s": ""}
_DERIVED = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize",
    "bli": "ble", "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize",
    "ation": "ate", "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful",
    "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "fulli": "ful",
}  # fmt: skip
_FORMED = {
    "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
}  # fmt: skip
_ENDINGS = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
)  # fmt: skip


def stem(word: str) -> str:
    """Return the stem of a lower-case word of more than two letters."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = _without_past(_without_plural(word))
    if word.endswith("y") and len(word) > 2 and _shape(word[:-1]).endswith("c"):
        word = word[:-1] + "i"
    return _without_e(_without_ending(_replaced(_underived(word), _FORMED)))


def _shape(word: str) -> str:
    """Return `c` or `v` for each letter; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    return _shape(word).count("vc")


def _is_short(word: str) -> bool:
    """Return whether a word ends consonant, vowel, consonant other than w, x, y, or is `vc`."""
    shape = _shape(word)
    return shape == "vc" or (shape.endswith("cvc") and word[-1] not in "wxy")


def _replaced(word: str, rules: dict[str, str]) -> str:
    for suffix, replacement in rules.items():
        if word.endswith(suffix):
            start = word.removesuffix(suffix)
            return start + replacement if _measure(start) > 0 else word
    return word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    for suffix, replacement in _PLURAL.items():
        if word.endswith(suffix):
            return word.removesuffix(suffix) + replacement
    return word


def _without_past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    start = word.removesuffix("ed") if word.endswith("ed") else word.removesuffix("ing")
    if start == word or "v" not in _shape(start):
        return word
    if start.endswith(("at", "bl", "iz")):
        return start + "e"
    if start[-2:] == 2 * start[-1] and _shape(start).endswith("c"):
        return start if start[-1] in "lsz" else start[:-1]
    return start + "e" if _measure(start) == 1 and _is_short(start) else start


def _underived(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _underived(word[:-2])
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _replaced(word, _DERIVED)


def _without_ending(word: str) -> str:
    for suffix in _ENDINGS:
        if word.endswith(suffix):
            start = word.removesuffix(suffix)
            kept = suffix == "ion" and not start.endswith(("s", "t"))
            return start if _measure(start) > 1 and not kept else word
    return word


def _without_e(word: str) -> str:
    if word.endswith("e"):
        start = word[:-1]
        if _measure(start) > 1 or (_measure(start) == 1 and not _is_short(start)):
            word = start
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
