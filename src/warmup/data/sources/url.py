"""Records of files at an address, checked by their hash.

    {type: url, format: text, files: {en: {url: "https://…/train.en.gz", sha256: "…"}, de: …}}
    {type: url, format: tsv, file: {url: …, content_sha256: "…", member: data/en-de.tsv}, fields: …}

url             http(s) or file address, or a path; a relative one starts at the data root, which
                may itself be an http(s) address. What is on this machine is read in place
sha256          hash of the file as it is, or
content_sha256  hash of the text: decompressed, and taken from its archive
member          path of the text within a .tar(.gz, .bz2, .xz) or .zip archive (optional)
bytes           size of the file, for messages and plans (optional)
mirrors         further addresses of the same text, tried in this order if the first fails
                (optional). Each has these keys, too; those that it leaves out are as in the entry,
                but for the hashes of the entry if it has one of its own

The other keys are described in `warmup.data.sources._table`. A download is kept in the downloads
folder, in a folder named by the first 16 digits of the SHA-256 of its address. If the data root is
a folder that has the file under its host and path, as `wget --force-directories` saves it, it is
read there instead: `{data_root}/www.statmt.org/wmt15/training-parallel-nc-v10.tgz`.
"""

import contextlib
import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from warmup.common.errors import InputError
from warmup.common.files import sha256
from warmup.common.languages import Pair
from warmup.config import schema
from warmup.data.records import Record
from warmup.data.sources import Context, Fetched, _archive, _copies, _table
from warmup.data.sources._download import download

NEEDS_NETWORK = True
_LONGEST_NAME = 200  # bytes; file systems allow 255, some of which temporary names add
_HASHES = ("sha256", "content_sha256")
_OPTIONAL: dict[str, Any] = {
    **{key: {"$ref": "#/$defs/sha256"} for key in _HASHES},
    "member": {"type": "string"},
    "bytes": {"type": "integer", "minimum": 1},
}


@dataclass(frozen=True)
class _Address:
    """One of the addresses of a text."""

    entry: Mapping[str, Any]
    """What the configuration says of it, without other addresses."""
    url: str
    """The address or path, complete."""
    path: Path
    """Where the file is, or will be once downloaded."""
    is_remote: bool
    """Whether it has to be downloaded; otherwise it is read in place."""

    def verify(self, path: Path) -> None:
        """Raise an `InputError` if the file at `path` does not have the right hash."""
        entry = self.entry
        found = {
            "sha256": partial(sha256, path),
            "content_sha256": partial(_archive.content_sha256, path, entry.get("member")),
        }
        for key, compute in found.items():
            if key in entry and (value := compute()) != entry[key]:
                size = f" ({entry['bytes']:,} bytes)" if "bytes" in entry else ""
                raise InputError(
                    f"{entry['url']}: {key} is {value} ({path.stat().st_size:,} bytes), but the "
                    f"configuration expects {entry[key]}{size}"
                )


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split, without using the network.

    Raises:
        InputError: a key is not valid, a file is missing (not fetched yet) or has another hash, or
            a row is malformed.
    """
    where = _where(context)

    def open_text(entry: Any) -> _table.Text:
        address = _right(where, _addresses(where, entry, context))
        path, member = address.path, address.entry.get("member")
        name = f"{path}:{member}" if member else str(path)
        return _table.Text(name, partial(_archive.read_lines, path, member))

    return _table.read(where, spec, pair, open_text, context.left_out)


def fetch(spec: Mapping[str, Any], pair: Pair, context: Context) -> list[Fetched]:
    """Download the files of a split that are not there yet, and return all of them.

    Raises:
        InputError: a key is not valid, a download fails, or a file has another hash.
    """
    where = _where(context)
    fetched = []
    for entry in chain.from_iterable(_table.entries(where, spec, pair)):
        address = _get(where, _addresses(where, entry, context), context)
        if address.is_remote:
            relative = str(address.path.relative_to(context.downloads))
            size = address.path.stat().st_size
            fetched.append(Fetched(address.url, relative, sha256(address.path), size))
    return fetched


def check(spec: Mapping[str, Any], pair: Pair, split: str, data_root: str) -> None:
    """Check the entry of a split, and that the files that are read in place are there.

    Raises:
        InputError: a key is not valid, or a file on this machine is missing.
    """
    context = Context(split, data_root, Path())
    where = _where(context)
    for entry in chain.from_iterable(_table.check(where, spec, pair)):
        addresses = _addresses(where, entry, context)
        if not any(address.is_remote or address.path.is_file() for address in addresses):
            _right(where, addresses)


def _where(context: Context) -> str:
    return f"splits.{context.split} (url)"


def _right(where: str, addresses: list[_Address]) -> _Address:
    """Return the first address whose file is there and has the right hash.

    Raises:
        InputError: there is none.
    """
    there = [address for address in addresses if address.path.is_file()]
    if not there:
        first = addresses[0]
        advice = "; `warmup fetch data` downloads it" if first.is_remote else ""
        raise InputError(f"{where}: {first.url}: no such file: {first.path}{advice}")
    for address in there[:-1]:
        with contextlib.suppress(InputError):
            address.verify(address.path)
            return address
    there[-1].verify(there[-1].path)
    return there[-1]


def _get(where: str, addresses: list[_Address], context: Context) -> _Address:
    """Return an address whose file is right, after a download if there is none yet.

    Raises:
        InputError: all of them fail; says why each does, and where else a file may be put.
    """
    with contextlib.suppress(InputError):
        return _right(where, addresses)
    problems: list[str] = []
    for address in addresses:
        if problems:
            print(f"{problems[-1]}; trying {address.url}", file=sys.stderr)
        try:
            if address.is_remote:
                download(address.url, address.path, address.verify)
                return address
            return _right(where, [address])
        except InputError as error:
            problems.append(str(error))
    copies = [
        _copies.place(address.url, context.data_root) for address in addresses if address.is_remote
    ]
    if copies and copies[0]:
        problems.append(f"a copy of the file may be put at {copies[0]}")
    raise InputError("; ".join(problems))


def _addresses(where: str, entry: Any, context: Context) -> list[_Address]:
    """Return the addresses of a text, in the order in which they are tried.

    Raises:
        InputError: the entry is not valid.
    """
    if not isinstance(entry, dict):
        raise InputError(f"{where}: a file must be {{url: …, sha256: …}}, not {entry!r}")
    url = {"url": {"type": "string"}}
    mirrors = {"type": "array", "items": schema.mapping(url, _OPTIONAL)}
    schema.check(entry, schema.mapping(url, _OPTIONAL | {"mirrors": mirrors}), where)
    first = {key: value for key, value in entry.items() if key != "mirrors"}
    text = {key: value for key, value in first.items() if key not in (*_HASHES, "bytes")}
    others = [
        (text if any(key in mirror for key in _HASHES) else first) | mirror
        for mirror in entry.get("mirrors", [])
    ]
    return [_address(where, each, context) for each in (first, *others)]


def _address(where: str, entry: Mapping[str, Any], context: Context) -> _Address:
    url: str = entry["url"]
    if not any(key in entry for key in _HASHES):
        raise InputError(f"{where}: {url}: needs sha256 or content_sha256")
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise InputError(f"{where}: {url}: not a valid address: {error}") from None
    if not scheme:  # relative addresses start at the data root
        root = context.data_root
        url = f"{root.rstrip('/')}/{url}" if _copies.is_remote(root) else str(Path(root) / url)
    parts = urlsplit(url)
    if parts.scheme in _copies.REMOTE:
        copy = _copies.place(url, context.data_root)
        if copy and copy.is_file():
            return _Address(entry, url, copy, is_remote=False)
        folder = hashlib.sha256(url.encode()).hexdigest()[:16]
        path = context.downloads / folder / _file_name(parts.path)
        return _Address(entry, url, path, is_remote=True)
    if parts.scheme not in ("", "file"):
        raise InputError(f"{where}: {url}: the address must be http, https, file, or a path")
    path = Path(unquote(parts.path)) if parts.scheme else Path(url)
    return _Address(entry, url, path, is_remote=False)


def _file_name(path: str) -> str:
    """Return the last name in an address's path; its end tells how the file is compressed."""
    name = PurePosixPath(unquote(path)).name
    is_name = name not in ("", "..") and "\0" not in name and len(name.encode()) <= _LONGEST_NAME
    return name if is_name else "file"
