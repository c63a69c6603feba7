"""Read records from text files in one of four formats; `local`, `url` and `hub` share this.

format  text   `files: {en: …, de: …}`, one segment per line; languages, or `source` and `target`
        tsv    `file`, `fields`: column names if `header: true`, else column numbers from 0; a tab
               separates, and quotation marks mean nothing; all lines have as many columns
        csv    the same with commas; a cell in quotation marks may have commas, line breaks and
               doubled quotation marks, as spreadsheets write it
        jsonl  `file`, `fields`: keys; `a.b` is key b of the object that key a has
fields  part of a record -> column: `source`, and either `target` (text, or a list of texts that are
        all references), `targets` (a list of columns), or `choices` (a column that has a list, or a
        list of columns) with `answer` (a number from 0, a letter, or the option's text);
        `question`, `explanation`, `features` and `id` if there are any. For both directions of
        a pair: `{en: 0, de: 1}`. Options that are the same in each row are given themselves,
        `choices: {fixed: [True, False, Unknown]}`, and `answers: {Uncertain: Unknown}` says which
        option a label of the column `answer` stands for, if it is called otherwise.
characters  the parts, `source` or `target`, whose characters become symbols (optional); see
        `warmup.data.symbols`

Which records are taken, `warmup.data.sources._selection` describes. Instead of one file there may
be a list of files, which are read one after the other.
"""

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from typing import Any

from warmup.common.errors import InputError, unknown
from warmup.common.files import parse_jsonl
from warmup.common.languages import Pair
from warmup.common.texts import is_blank
from warmup.config import schema
from warmup.data import symbols
from warmup.data.records import IncompleteError, Record
from warmup.data.sources import LeftOut, _fields, _selection

OPTIONAL: dict[str, Any] = {
    "characters": {"type": "array", "items": {"enum": list(symbols.PARTS)}},
    **_selection.KEYS,
}
"""Schemas of keys that any format may have."""
_CELLS = ("tsv", "csv")
csv.field_size_limit(sys.maxsize)  # a document may be longer than the usual limit
_FILE = {"type": ["string", "object"]}
_FILES = {"type": [*_FILE["type"], "array"], "items": _FILE, "minItems": 1}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, or a pair of lines."""

    place: str
    """Where it is, `file:line`."""
    values: dict[Any, Any]
    """By column name or number."""
    gap: str = ""
    """Where and why it is incomplete, if it is so whatever columns are needed."""


@dataclass(frozen=True)
class Text:
    """A text file, plain, compressed or within an archive."""

    name: str
    """What error messages call it."""
    lines: Callable[[], Iterator[str]]
    """Open it and yield its lines."""


def entries(where: str, spec: Mapping[str, Any], pair: Pair) -> list[list[Any]]:
    """Return the files of each side of the pair (format text), or those of the table.

    Raises:
        InputError: a key is missing, unknown, or does not go with the format.
    """
    if spec.get("format") not in _FORMATS:
        raise unknown(f"format in {where}", spec.get("format"), _FORMATS)
    common: dict[str, Any] = {"type": {}, "format": {}}
    if spec["format"] != "text":
        optional = {"header": {"type": "boolean"}} if spec["format"] in _CELLS else {}
        required = common | {"file": _FILES, "fields": {"type": "object"}}
        schema.check(spec, schema.mapping(required, optional | OPTIONAL), where)
        return [_list(spec["file"])]
    required = common | {"files": {"type": "object", "additionalProperties": _FILES}}
    schema.check(spec, schema.mapping(required, OPTIONAL), where)
    files = spec["files"]
    sides = ("source", "target") if "source" in files else (pair.source, pair.target)
    for side in sides:
        if side not in files:
            raise InputError(
                f"{where}: files has no {side!r}, only {', '.join(map(str, files)) or 'nothing'}"
            )
    if sides[0] == sides[1]:
        raise InputError(f"{where}: files of one language are named source and target")
    columns = [_list(files[side]) for side in sides]
    if len(columns[0]) != len(columns[1]):
        counts = " and ".join(f"{len(c)} ({s})" for c, s in zip(columns, sides, strict=True))
        raise InputError(f"{where}: files has unequal numbers of files: {counts}")
    return columns


def read(
    where: str,
    spec: Mapping[str, Any],
    pair: Pair,
    open_text: Callable[[Any], Text],
    left_out: LeftOut,
) -> Iterator[Record]:
    """Yield the records of a split; `open_text` makes a `Text` of what the spec names as a file.

    Raises:
        InputError: the spec is not valid, or a row is malformed, naming file and line.
    """
    columns = check(where, spec, pair)
    fields = _resolve(where, spec, pair)
    texts = [[open_text(entry) for entry in column] for column in columns]

    def rows() -> Iterator[Row]:
        kind = _FORMATS[spec["format"]]
        if spec["format"] in _CELLS:
            kind = partial(kind, header=bool(spec.get("header")), width=_width(fields))
        return chain.from_iterable(kind(*group) for group in zip(*texts, strict=True))

    def make(number: int, row: Row) -> Record:
        if row.gap:
            raise IncompleteError(row.gap)
        return _fields.make(row.values, fields, pair, row.place, number)

    yield from _selection.select(rows, make, spec, where, left_out)


def check(where: str, spec: Mapping[str, Any], pair: Pair) -> list[list[Any]]:
    """Check all keys of the entry of a split; return its files as `entries` does.

    Raises:
        InputError: a key is missing or not valid.
    """
    columns = entries(where, spec, pair)
    _resolve(where, spec, pair)
    return columns


def _resolve(where: str, spec: Mapping[str, Any], pair: Pair) -> dict[str, Any]:
    """Return which column each part of a record is in; errors as `_fields.resolve`."""
    if spec["format"] == "text":
        return {"source": "source", "target": "target"}
    return _fields.resolve(spec["fields"], pair, where)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _width(fields: Mapping[str, Any]) -> int:
    """Return how many columns the fields need, if they are numbers."""
    columns = chain.from_iterable(map(_list, fields.values()))
    return 1 + max((column for column in columns if isinstance(column, int)), default=0)


def _text_rows(source: Text, target: Text) -> Iterator[Row]:
    end = object()
    lines = zip_longest(source.lines(), target.lines(), fillvalue=end)
    for number, (one, other) in enumerate(lines, start=1):
        if one is end or other is end:
            total = number + sum(1 for _ in lines)
            ended, longer = (source, target) if one is end else (target, source)
            raise InputError(
                f"{ended.name} has {number - 1} lines but {longer.name} has {total}; parallel "
                "files need as many"
            )
        blank = [
            f"{text.name}:{number}: empty line"
            for text, line in ((source, one), (target, other))
            if is_blank(str(line))
        ]
        yield Row(f"{source.name}:{number}", {"source": one, "target": other}, "".join(blank[:1]))


def _tsv_rows(text: Text, header: bool, width: int) -> Iterator[Row]:
    lines = enumerate(text.lines(), start=1)
    return _rows(((n, line.split("\t")) for n, line in lines), text.name, header, width)


def _csv_rows(text: Text, header: bool, width: int) -> Iterator[Row]:
    return _rows(_csv_cells(text), text.name, header, width)


def _csv_cells(text: Text) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each row, and its cells."""
    reader = csv.reader((f"{line}\n" for line in text.lines()), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{text.name}:{number}: not CSV: {error}") from None


def _rows(
    numbered: Iterator[tuple[int, list[str]]], name: str, header: bool, width: int
) -> Iterator[Row]:
    """Yield the rows of a table whose cells are given with the numbers of their lines."""
    names: Sequence[str | int] = ()
    first = ""
    for number, cells in numbered:
        where = f"{name}:{number}"
        if header and not names:
            if len(set(cells)) != len(cells):
                raise InputError(f"{where}: the header has a column name twice")
            names, first = cells, "the header"
            continue
        if not names and len(cells) >= width:  # the first whole line says how many there are
            names, first = range(len(cells)), f"line {number}"
        gap = ""
        if names and len(cells) != len(names):
            gap = f"{where}: {len(cells)} columns, but {first} has {len(names)}"
        yield Row(where, dict(zip(names or range(len(cells)), cells, strict=False)), gap)


def _jsonl_rows(text: Text) -> Iterator[Row]:
    return (Row(place, values) for place, values in parse_jsonl(text.lines(), text.name))


_FORMATS: dict[Any, Callable[..., Iterator[Row]]] = {
    "text": _text_rows,
    "tsv": _tsv_rows,
    "csv": _csv_rows,
    "jsonl": _jsonl_rows,
}
