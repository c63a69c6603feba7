"""Keep the splits of a data set apart: no text is both trained on and tested on.

Two records are the same if their sources are, letters and digits compared, case ignored.
"""

import hashlib
import re

from warmup.records import Record

SAME = "the same source: letters and digits compared, case ignored"
"""When a record occurs in another split, in words."""

_NOT_LETTERS_OR_DIGITS = re.compile(r"[\W_]+")
_PARTS = 10
_RESERVED = {"valid": 0, "test": 1}  # the other eight parts are for training


def key(record: Record) -> str:
    """Return what identifies the record's source."""
    return _NOT_LETTERS_OR_DIGITS.sub("", record.source.casefold()) or record.source


def part(record: Record) -> str:
    """Return `train`, `valid` or `test`: where a generated record may occur, by hash, 8:1:1."""
    digest = hashlib.blake2b(key(record).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big") % _PARTS
    return next((name for name, reserved in _RESERVED.items() if number == reserved), "train")


def part_of_split(split: str) -> str:
    """Return the part that a split draws from: every split but `train` and `valid` is a test."""
    return split if split in ("train", "valid") else "test"


def without_leaks(splits: dict[str, list[Record]]) -> dict[str, list[Record]]:
    """Return the splits less the training records that occur elsewhere.

    `train` loses what is in any other split, and `valid` what is in a test split. A test split is
    never touched, so that its scores stay comparable with those of others.
    """
    tests = {key(r) for split in splits if part_of_split(split) == "test" for r in splits[split]}
    held_out = {"test": set[str](), "valid": tests}
    held_out["train"] = tests | {key(record) for record in splits.get("valid", [])}
    return {
        split: [record for record in records if key(record) not in held_out[part_of_split(split)]]
        for split, records in splits.items()
    }
