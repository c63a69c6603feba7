"""Choose which rows of a source become records, in one stream.

rows              `[from, to]`: rows by number, from 0 and without a header; `to` is not among them,
                  and `null` is the end
part              `{of, take}`: divide the records into `of` parts of about the same size, and take
                  those whose numbers, from 0, are in `take`. Records with the same source are in
                  one part, so the parts of one file can be splits
skip_incomplete   `true`: leave out rows without a source or a target, and those with another number
                  of columns; otherwise such a row is an error. Parallel lines are left out as pairs
max_length        leave out records with a longer source or target, in characters
max_length_ratio  leave out records whose source and target differ more in length: the longer one
                  divided by the shorter one
unique            `true`: leave out records whose texts are the same as those of an earlier one
sample            `{size, seed}`: draw this many records, in the order of the rows
limit             take the first records only

All are optional. Each applies to what those before it leave. None depends on which side is the
source, and a sample is drawn by the numbers of the rows, so both directions of a pair have the same
records.
"""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol, TypeVar

from warmup.common.errors import InputError
from warmup.common.texts import nfc
from warmup.data import leakage
from warmup.data.records import IncompleteError, Record
from warmup.data.sources import LeftOut

KEYS: dict[str, Any] = {
    "rows": {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "prefixItems": [
            {"type": "integer", "minimum": 0},
            {"type": ["integer", "null"], "minimum": 0},
        ],
        "description": "[from, to], numbers of rows from 0; null for the end",
    },
    "part": {
        "type": "object",
        "additionalProperties": False,
        "required": ["of", "take"],
        "properties": {
            "of": {"type": "integer", "minimum": 2, "description": "number of parts"},
            "take": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "integer", "minimum": 0},
                "description": "numbers of parts, from 0",
            },
        },
        "description": "{of: number of parts, take: numbers of those that are taken}",
    },
    "skip_incomplete": {
        "type": "boolean",
        "description": "whether incomplete rows are left out; otherwise they are errors",
    },
    "max_length": {
        "type": "integer",
        "minimum": 1,
        "description": "characters of the longest source or target",
    },
    "max_length_ratio": {
        "type": "number",
        "minimum": 1,
        "description": "length of source or target, the longer divided by the shorter",
    },
    "unique": {"type": "boolean", "description": "whether repeated records are left out"},
    "sample": {
        "type": "object",
        "additionalProperties": False,
        "required": ["size", "seed"],
        "properties": {
            "size": {"type": "integer", "minimum": 1, "description": "number of records"},
            "seed": {"$ref": "#/$defs/seed"},
        },
        "description": "{size: number of records, seed: of the draw}",
    },
    "limit": {"type": "integer", "minimum": 1},
}
"""Schemas of the keys."""


class _Row(Protocol):
    @property
    def place(self) -> str: ...


R = TypeVar("R", bound=_Row)


def select(
    rows: Callable[[], Iterator[R]],
    make: Callable[[int, R], Record],
    spec: Mapping[str, Any],
    where: str,
    left_out: LeftOut,
) -> Iterator[Record]:
    """Yield the records of the rows that the entry of a split chooses.

    A sample needs the rows twice: once to draw, once to yield. Neither keeps records in memory.

    Args:
        rows: opens the source and yields its rows.
        make: makes a record of the number of a row, from 1, and the row. It raises an
            `IncompleteError` for an incomplete one.
        spec: the entry.
        where: begins errors about it.
        left_out: counts what is left out.

    Raises:
        InputError: of `rows` and `make`; or fewer records than the sample should have.
    """
    if "part" in spec:
        _check_part(spec["part"], where)
    chosen = _filtered(rows, make, spec, left_out)
    if sample := spec.get("sample"):
        numbers = _draw((number for number, _ in chosen), sample, where, left_out)
        numbered = ((n, row) for n, row in enumerate(rows(), start=1) if n in numbers)
        chosen = ((number, make(number, row)) for number, row in numbered)
    for _, record in islice(chosen, spec.get("limit")):
        yield record


def _filtered(
    rows: Callable[[], Iterator[R]],
    make: Callable[[int, R], Record],
    spec: Mapping[str, Any],
    left_out: LeftOut,
) -> Iterator[tuple[int, Record]]:
    """Yield the number and the record of each row that no key but `sample` and `limit` excludes."""
    max_length, max_ratio = spec.get("max_length"), spec.get("max_length_ratio")
    first, end = spec.get("rows", (0, None))
    part = spec.get("part")
    numbers: dict[str, int] = {}
    seen: set[bytes] = set()
    for number, row in islice(enumerate(rows(), start=1), first, end):
        try:
            record = make(number, row)
        except IncompleteError as error:
            if not spec.get("skip_incomplete"):
                raise
            left_out.incomplete += 1
            left_out.incomplete_example = left_out.incomplete_example or str(error)
            continue
        if part and _part(record, part["of"]) not in part["take"]:
            continue
        if "id" in spec.get("fields", ()):  # other records are called by their numbers
            if record.id in numbers:
                first = next(islice(rows(), numbers[record.id] - 1, None))
                raise InputError(f"{row.place}: id {record.id!r} was used before, at {first.place}")
            numbers[record.id] = number
        lengths = _lengths(record) if max_length or max_ratio else []
        if max_length and max(lengths) > max_length:
            left_out.too_long += 1
        elif max_ratio and max(lengths) > max_ratio * min(lengths):
            left_out.unequal_lengths += 1
        elif spec.get("unique") and (key := _key(record)) in seen:
            left_out.duplicates += 1
        else:
            if spec.get("unique"):
                seen.add(key)
            yield number, record


def _part(record: Record, number: int) -> int:
    """Return the part that a record is in, by what `leakage` compares of its source.

    For a pair of two languages it is the same in both directions.
    """
    turned = record.source_lang > record.target_lang
    text = record.targets[0] if turned else record.source
    digest = hashlib.blake2b(leakage.key(nfc(text)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % number


def _check_part(part: Mapping[str, Any], where: str) -> None:
    if others := [number for number in part["take"] if number >= part["of"]]:
        raise InputError(
            f"{where}: part: take has {others[0]}, but {part['of']} parts have the numbers 0 to "
            f"{part['of'] - 1}"
        )


def _lengths(record: Record) -> list[int]:
    """Return the numbers of characters of the source and the targets."""
    return [len(nfc(text)) for text in (record.source, *record.targets)]


def _key(record: Record) -> bytes:
    """Return a hash of all that a record says, whatever it is called."""
    said = {key: value for key, value in record.to_dict().items() if key not in ("id", "meta")}
    text = nfc(json.dumps(said, ensure_ascii=False))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _draw(
    numbers: Iterator[int], sample: Mapping[str, int], where: str, left_out: LeftOut
) -> set[int]:
    """Return the numbers of the rows in a sample: those with the smallest hash of seed and number.

    Raises:
        InputError: there are fewer than the sample should have.
    """
    size = sample["size"]
    count = 0

    def keys() -> Iterator[int]:
        nonlocal count
        for number in numbers:
            count += 1
            digest = hashlib.blake2b(f"{sample['seed']}:{number}".encode(), digest_size=8).digest()
            yield int.from_bytes(digest, "big") << 64 | number  # one number takes less memory

    drawn = {key & (1 << 64) - 1 for key in heapq.nsmallest(size, keys())}
    if count < size:
        raise InputError(
            "; ".join(
                [
                    f"{where}: sample: {size:,} records are wanted, but there are {count:,}",
                    *left_out.sentences(),
                ]
            )
        )
    left_out.not_sampled += count - size
    return drawn
