"""Records of files on this machine.

    {type: local, format: text, files: {en: multi30k/train.en.gz, de: multi30k/train.de.gz}}
    {type: local, format: tsv, file: tatoeba/en-de.train.tsv.gz, fields: {en: 0, de: 1}}
    {type: local, format: jsonl, file: dialogsum.jsonl, fields: {source: dialogue, target: summary}}

A path is relative to the data root, or absolute; the file is UTF-8, plain or `.gz`. The other keys
are described in `warmup.data.sources._table`.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_lines
from warmup.common.languages import Pair
from warmup.data.records import Record
from warmup.data.sources import Context, Fetched, _table

NEEDS_NETWORK = False


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split.

    Raises:
        InputError: a key is not valid, a file is missing, or a row is malformed.
    """
    where = _where(context)

    def open_text(entry: Any) -> _table.Text:
        path = _existing(where, entry, context)
        return _table.Text(str(path), partial(read_lines, path))

    return _table.read(where, spec, pair, open_text, context.left_out)


def files(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Path]:
    """Return the files of a split, whether they are there or not.

    Raises:
        InputError: a key is not valid.
    """
    where = _where(context)
    columns = _table.entries(where, spec, pair)
    return [_path(where, entry, context) for entry in chain.from_iterable(columns)]


def check(spec: Mapping[str, Any], pair: Pair, split: str, data_root: str) -> None:
    """Check the entry of a split, and that its files are there.

    Raises:
        InputError: a key is not valid, or a file is missing.
    """
    context = Context(split, data_root, Path())
    where = _where(context)
    for entry in chain.from_iterable(_table.check(where, spec, pair)):
        _existing(where, entry, context)


def fetch(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Fetched]:
    """Return nothing: the files are here."""
    return []


def _where(context: Context) -> str:
    return f"splits.{context.split} (local)"


def _path(where: str, entry: Any, context: Context) -> Path:
    if not isinstance(entry, str):
        raise InputError(f"{where}: a file must be a path, not {entry!r}")
    return Path(context.data_root) / entry


def _existing(where: str, entry: Any, context: Context) -> Path:
    path = _path(where, entry, context)
    if not path.is_file():
        raise InputError(f"{where}: no such file: {path} (data root: {context.data_root})")
    return path
