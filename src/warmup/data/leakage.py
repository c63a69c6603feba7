"""Keep the splits of a data set apart: no text is both trained on and tested on.

Two texts are the same if a reader would call them so; `key` says when. A record of `train` is left
out if its source is in another split, and one of `valid` if its source is in a test split. In
translation, whose two sides are equal, the same holds for targets. In other tasks many records
share a target, such as a label, so shared targets are only counted.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

from warmup.data.records import Record

SAME = "form, case, spaces, quotation marks and marks that end sentences or their parts ignored"
"""How texts are compared, in words."""

_PLAIN = re.compile("[a-z0-9]+(?: [a-z0-9]+)*")  # the most frequent keys, which stay as they are
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
    while not _PLAIN.fullmatch(text) and (simpler := _simplify(text)) != text:
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


_LATER = {"test": (), "valid": ("test",), "train": ("valid", "test")}
"""Part -> the parts whose texts it must not have, in the order in which they are filtered."""


class Keyed(NamedTuple):
    """A record with the keys of its texts."""

    record: Record
    source: str
    targets: list[str]


class HeldOut:
    """The keys of all texts in `valid` and the test splits, which are kept in memory."""

    def __init__(self) -> None:
        self._sources: dict[str, set[str]] = {"valid": set(), "test": set()}
        self._targets: dict[str, set[str]] = {"valid": set(), "test": set()}

    def add(self, part: str, one: Keyed) -> None:
        """Add the keys of a record of a part; those of `train` are not needed."""
        if part in self._sources:
            self._sources[part].add(one.source)
            self._targets[part].update(one.targets)

    def has_source(self, part: str, one: Keyed) -> bool:
        """Return whether a part later than this one has the record's source."""
        return any(one.source in self._sources[later] for later in _LATER[part])

    def has_target(self, part: str, one: Keyed) -> bool:
        """Return whether a part later than this one has one of the record's targets."""
        return any(not self._targets[later].isdisjoint(one.targets) for later in _LATER[part])


@dataclass
class Filter:
    """Leaves out the records of a split that occur in a later one, and counts them.

    `train` loses what is in any other split, and `valid` what is in a test split. A test split
    stays as it is, so that its scores are comparable with published ones.
    """

    split: str
    held_out: HeldOut
    """The texts of the splits that were filtered before; see `in_order`."""
    by_target: bool
    """Whether a record that shares only a target with a later split is left out."""
    same_source: int = 0
    """Records left out because a later split has their source."""
    same_target: int = 0
    """Records left out because a later split has one of their targets, but not their source."""
    same_target_kept: int = 0
    """Records kept although a later split has one of their targets."""

    def kept(self, records: Iterable[Record]) -> Iterator[Keyed]:
        """Yield the records that are kept. All are added to what is held out."""
        part = part_of_split(self.split)
        for record in records:
            one = Keyed(record, key(record.source), [*map(key, record.targets)])
            self.held_out.add(part, one)
            same_source = self.held_out.has_source(part, one)
            same_target = not same_source and self.held_out.has_target(part, one)
            self.same_source += same_source
            self.same_target += same_target and self.by_target
            self.same_target_kept += same_target and not self.by_target
            if not (same_source or (same_target and self.by_target)):
                yield one


def in_order(splits: Iterable[str]) -> list[str]:
    """Return splits in the order in which they have to be filtered: `train` is the last one."""
    return sorted(splits, key=lambda split: [*_LATER].index(part_of_split(split)))


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
