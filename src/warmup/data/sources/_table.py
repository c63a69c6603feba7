"""Read records from text files in one of three formats; `local`, `url` and `hub` share this.

format  text   `files: {en: …, de: …}`, one segment per line; languages, or `source` and `target`
        tsv    `file`, `fields`: column names if `header: true`, else column numbers from 0; a tab
               separates, and quotation marks mean nothing; all lines have as many columns
        jsonl  `file`, `fields`: keys; `a.b` is key b of the object that key a has
fields  part of a record -> column: `source`, and either `target` (text, or a list of texts that are
        all references), `targets` (a list of columns), or `choices` (a column that has a list, or a
        list of columns) with `answer` (a number from 0, a letter, or the option's text);
        `question`, `explanation`, `features` and `id` if there are any. For both directions of
        a pair: `{en: 0, de: 1}`.
characters  the parts, `source` or `target`, whose characters become symbols (optional); see
        `warmup.data.symbols`
limit   take the first rows only

Instead of one file there may be a list of files, which are read one after the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Any

from warmup.common.errors import InputError, unknown
from warmup.common.files import parse_jsonl
from warmup.common.languages import Pair
from warmup.common.texts import is_blank
from warmup.config import schema
from warmup.data import symbols
from warmup.data.records import Record
from warmup.data.sources import _fields

OPTIONAL: dict[str, Any] = {
    "limit": {"type": "integer", "minimum": 1},
    "characters": {"type": "array", "items": {"enum": list(symbols.PARTS)}},
}
"""Schemas of keys that any format may have."""
_FILE = {"type": ["string", "object"]}
_FILES = {"type": [*_FILE["type"], "array"], "items": _FILE, "minItems": 1}

Row = tuple[str, dict[Any, Any]]
"""Where a row is (`file:line`), and its values by column name or number."""


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
        optional = {"header": {"type": "boolean"}} if spec["format"] == "tsv" else {}
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
    where: str, spec: Mapping[str, Any], pair: Pair, open_text: Callable[[Any], Text]
) -> Iterator[Record]:
    """Yield the records of a split; `open_text` makes a `Text` of what the spec names as a file.

    Raises:
        InputError: the spec is not valid, or a row is malformed, naming file and line.
    """
    columns = entries(where, spec, pair)
    texts = [[open_text(entry) for entry in column] for column in columns]
    fields = {"source": "source", "target": "target"}
    if spec["format"] != "text":
        fields = _fields.resolve(spec["fields"], pair, where)
    rows = chain.from_iterable(
        _FORMATS[spec["format"]](*group, bool(spec.get("header")))
        for group in zip(*texts, strict=True)
    )
    seen: dict[str, str] = {}
    for number, (place, row) in enumerate(islice(rows, spec.get("limit")), start=1):
        record = _fields.make(row, fields, pair, place, number)
        if record.id in seen:
            raise InputError(f"{place}: id {record.id!r} was used before, at {seen[record.id]}")
        seen[record.id] = place
        yield record


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text_rows(source: Text, target: Text, header: bool) -> Iterator[Row]:
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
        for text, line in ((source, one), (target, other)):
            if is_blank(str(line)):
                raise InputError(f"{text.name}:{number}: empty line")
        yield f"{source.name}:{number}", {"source": one, "target": other}


def _tsv_rows(text: Text, header: bool) -> Iterator[Row]:
    names: Sequence[str | int] = ()
    for number, line in enumerate(text.lines(), start=1):
        cells = line.split("\t")
        where = f"{text.name}:{number}"
        if not names:  # the first line says how many columns there are
            names = cells if header else range(len(cells))
            if len(set(names)) != len(names):
                raise InputError(f"{where}: the header has a column name twice")
            if header:
                continue
        if len(cells) != len(names):
            first = "the header" if header else "line 1"
            raise InputError(f"{where}: {len(cells)} columns, but {first} has {len(names)}")
        yield where, dict(zip(names, cells, strict=True))


def _jsonl_rows(text: Text, header: bool) -> Iterator[Row]:
    return parse_jsonl(text.lines(), text.name)


_FORMATS: dict[Any, Callable[..., Iterator[Row]]] = {
    "text": _text_rows,
    "tsv": _tsv_rows,
    "jsonl": _jsonl_rows,
}
