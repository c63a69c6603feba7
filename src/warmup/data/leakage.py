"""Keep the splits of a data set apart: no text is both trained on and tested on.

Two texts are the same if a reader would call them so; `key` says when. A record of `train` is left
out if its source is in another split, and one of `valid` if its source is in a test split. In
translation, whose two sides are equal, the same holds for targets. In other tasks many records
share a target, such as a label, so shared targets are only counted.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import regex  # type: ignore[import-untyped]

from warmup.data.records import Record

SAME = "form, case, spaces, quotation marks and marks that end sentences or their parts ignored"
"""How texts are compared, in words."""

_UNSEEN = regex.compile(r"(?V1)[\p{Default_Ignorable_Code_Point}\p{Cc}--\s]")
_QUOTES = regex.compile(r"(?V1)[\p{Quotation_Mark}--']")
_ONE_SIGN = {  # signs that are written in several ways
    **dict.fromkeys(map(ord, "‘’‚‛′ʼ"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-"),
}
_MARKS = regex.compile(r"\s*[\p{Terminal_Punctuation}¡¿][\s\p{Terminal_Punctuation}¡¿]*")
_TIGHT = regex.compile(r"\s*([\p{Ps}\p{Pe}'])\s*")
_KEPT_APART = ("<super>", "<sub>", "<fraction>", "<circle>")  # 10² is not 102
_NOT_LETTERS_OR_DIGITS = regex.compile(r"[\W_]+")
_PARTS = 10
_RESERVED = {"valid": 0, "test": 1}  # the other eight parts are for training


def key(text: str) -> str:
    """Return a key that two texts share if a reader would call them the same.

    Compatible characters (full-width letters, ligatures, non-breaking spaces) are one (NFKC), as
    are upper and lower case, any white space, and the ways to write an apostrophe or a dash. White
    space next to apostrophes and brackets is ignored. Invisible characters, quotation marks, and
    marks such as `. , : ; ? !` are ignored in any script. Such a mark counts within numbers (`3.5`,
    `1, 2`), before a digit (`.5`), and `!` after one (`5!`). All else counts: digits, signs,
    symbols, brackets, marks on letters, raised digits. A text of ignored characters only is its
    own key.
    """
    while (simpler := _simplify(text)) != text:
        text = simpler
    return text


def _simplify(text: str) -> str:
    folded = _fold(text)
    bare = _MARKS.sub(_drop_marks, _QUOTES.sub("", folded))
    return " ".join(_TIGHT.sub(r"\1", bare).split()) or folded


def _fold(text: str) -> str:
    text = _UNSEEN.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join(map(_compatible, text))).translate(_ONE_SIGN)
    return " ".join(text.casefold().split())


@cache
def _compatible(character: str) -> str:
    """Return the characters that NFKC writes a character with."""
    if unicodedata.decomposition(character).startswith(_KEPT_APART):
        return character
    return unicodedata.normalize("NFKD", character)


def _drop_marks(found: "regex.Match[str]") -> str:
    """Return what remains of a row of marks and the spaces among them."""
    text, run = found.string, found.group()
    marks = "".join(run.split())
    after_digit = text[found.start() - 1 : found.start()].isdecimal()
    before_digit = text[found.end() : found.end() + 1].isdecimal()
    space = " " if run[-1].isspace() else ""
    if after_digit and before_digit:
        return marks + space
    factorial = marks[: len(marks) - len(marks.lstrip("!"))] if after_digit else ""
    point = marks[-1] if before_digit and not space and marks != factorial else ""
    return factorial + (" " if len(marks) < len(run) else "") + point


@dataclass(frozen=True)
class Kept:
    """The records of a split that are kept, and how many occur in a later split."""

    records: list[Record]
    same_source: int
    """Records left out because a later split has their source."""
    same_target: int
    """Records left out because a later split has one of their targets, but not their source."""
    same_target_kept: int
    """Records kept although a later split has one of their targets."""

    @property
    def left_out(self) -> int:
        """How many records were left out."""
        return self.same_source + self.same_target


def without_leaks(splits: Mapping[str, list[Record]], by_target: bool) -> dict[str, Kept]:
    """Return the splits without the records of `train` and `valid` that occur in a later split.

    `train` loses what is in any other split, and `valid` what is in a test split. A test split
    stays as it is, so that its scores are comparable with published ones.

    Args:
        splits: name -> records.
        by_target: whether a record that shares only a target with a later split is left out.
    """
    order = ["train", "valid", "test"]

    def later(split: str) -> list[Record]:
        after = order[order.index(part_of_split(split)) + 1 :]
        return [r for other in splits if part_of_split(other) in after for r in splits[other]]

    return {split: _without(records, later(split), by_target) for split, records in splits.items()}


def _without(records: list[Record], later: list[Record], by_target: bool) -> Kept:
    if not later:
        return Kept(records, 0, 0, 0)
    sources = {key(record.source) for record in later}
    targets = {key(target) for record in later for target in record.targets}
    new = [record for record in records if key(record.source) not in sources]
    shared = [any(key(target) in targets for target in record.targets) for record in new]
    if not by_target:
        return Kept(new, len(records) - len(new), 0, sum(shared))
    unshared = [record for record, leaks in zip(new, shared, strict=True) if not leaks]
    return Kept(unshared, len(records) - len(new), sum(shared), 0)


def part(record: Record) -> str:
    """Return `train`, `valid` or `test`: where a generated record may occur, by hash, 8:1:1.

    The hash is of letters and digits, so that texts with the same `key` are in the same part.
    """
    text = _NOT_LETTERS_OR_DIGITS.sub("", key(record.source)) or record.source
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big") % _PARTS
    return next((name for name, reserved in _RESERVED.items() if number == reserved), "train")


def part_of_split(split: str) -> str:
    """Return the part that a split draws from: every split but `train` and `valid` is a test."""
    return split if split in ("train", "valid") else "test"
