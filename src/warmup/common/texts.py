"""Normalise text to one Unicode form, and tell whether anything of it is visible."""

import unicodedata

import regex  # type: ignore[import-untyped]

from warmup.common.errors import InputError

# Zero-width characters, fillers, controls, white space. The signs before numbers in Arabic and
# Syriac are format characters too, but visible.
_INVISIBLE = regex.compile(
    r"(?V1)[[\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\U00016FE4\U0001D159]"
    r"--\p{Prepended_Concatenation_Mark}]*"
)


def is_blank(text: str) -> bool:
    """Return whether a text is empty or consists of invisible characters only."""
    return _INVISIBLE.fullmatch(text) is not None


def nfc(text: str) -> str:
    """Return a text in Unicode's Normalization Form C, the form of all text that is read."""
    return unicodedata.normalize("NFC", text)


def check_nfc(text: str, where: str) -> None:
    """Raise an `InputError` that begins with `where` if a text is not in NFC."""
    if not unicodedata.is_normalized("NFC", text):
        raise InputError(f"{where}: not in Unicode's form NFC; `warmup prepare` normalises it")


class Normaliser:
    """Applies `nfc`, and counts the texts that it has read and those that it has changed."""

    def __init__(self, changed: int = 0) -> None:
        self.read = 0
        self.changed = changed

    def __call__(self, text: str) -> str:
        """Return a text in NFC."""
        normalised = nfc(text)
        self.read += text != ""
        self.changed += normalised != text
        return normalised

    def note(self) -> str:
        """Return a sentence on how many texts were changed; empty if none was."""
        if not self.changed:
            return ""
        texts = "1 text was" if self.changed == 1 else f"{self.changed:,} texts were"
        return f"{texts} brought into Unicode's form NFC"
