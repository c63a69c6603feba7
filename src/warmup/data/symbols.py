"""Symbols of a text: the characters of a word, or what white space separates, such as phones.

Everything after the preparation of data counts symbols by the white space between them. This
module writes the characters of a text in that form.
"""

from collections.abc import Sequence
from dataclasses import replace

from warmup.common.errors import InputError
from warmup.data.records import Record

SPACE = "␣"
"""The symbol that stands for white space of any kind within a text."""
PARTS = ("source", "target")
"""The parts of a record whose characters can be symbols."""


def of_characters(text: str) -> str:
    """Return a text with its characters as symbols: `op slot` becomes `o p ␣ s l o t`.

    A character is a Unicode code point; text in NFC has one for most letters with marks.

    Raises:
        InputError: the text has the character that stands for white space.
    """
    if SPACE in text:
        raise InputError(f"{text!r} contains {SPACE!r}, which stands for a space between symbols")
    return " ".join(SPACE if character.isspace() else character for character in text)


def split(record: Record, parts: Sequence[str]) -> Record:
    """Return a record in NFC with the characters of some of its parts as symbols.

    Args:
        record: one with natural text.
        parts: of `PARTS`; the others stay as they are.

    Raises:
        InputError: as `of_characters`, naming the record.
    """
    if not parts:
        return record
    try:
        source = of_characters(record.source) if "source" in parts else record.source
        targets = [*map(of_characters, record.targets)] if "target" in parts else record.targets
    except InputError as error:
        raise InputError(f"record {record.id!r}: {error}") from None
    return replace(record, source=source, targets=targets)
