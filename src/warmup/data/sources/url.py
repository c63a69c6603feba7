"""Records of files at an address, checked by their hash.

    {type: url, format: text, files: {en: {url: "https://…/train.en.gz", sha256: "…"}, de: …}}
    {type: url, format: tsv, file: {url: …, content_sha256: "…", member: data/en-de.tsv}, fields: …}

url             http(s) or file address, or a path; a relative one starts at the data root, which
                may itself be an http(s) address. What is on this machine is read in place
sha256          hash of the file as it is, or
content_sha256  hash of the text: decompressed, and taken from its archive
member          path of the text within a .tar(.gz, .bz2, .xz) or .zip archive (optional)

The other keys are described in `warmup.data.sources._table`. A file is kept in the downloads
folder, in a folder named by the first 16 digits of the SHA-256 of its address.
"""

import hashlib
from collections.abc import Iterator, Mapping
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
from warmup.data.sources import Context, Fetched, _archive, _table
from warmup.data.sources._download import download

NEEDS_NETWORK = True
_REMOTE = ("http", "https")
_LONGEST_NAME = 200  # bytes; file systems allow 255, some of which temporary names add


def read(spec: Mapping[str, Any], pair: Pair, context: Context) -> Iterator[Record]:
    """Yield the records of a split, without using the network.

    Raises:
        InputError: a key is not valid, a file is missing (not fetched yet) or has another hash, or
            a row is malformed.
    """
    where = _where(context)

    def open_text(entry: Any) -> _table.Text:
        _check_entry(where, entry)
        address, member = _address(entry, context), entry.get("member")
        path = _locate(address, context)
        if not path.is_file():
            advice = "; `warmup fetch data` downloads it" if _is_remote(address) else ""
            raise InputError(f"{where}: {address}: no such file: {path}{advice}")
        _verify(entry, path)
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
        _check_entry(where, entry)
        address = _address(entry, context)
        if _is_remote(address):
            path = _locate(address, context)
            download(address, path, partial(_verify, entry))
            relative = str(path.relative_to(context.downloads))
            fetched.append(Fetched(address, relative, sha256(path), path.stat().st_size))
    return fetched


def _where(context: Context) -> str:
    return f"splits.{context.split} (url)"


def _check_entry(where: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: a file must be {{url: …, sha256: …}}, not {entry!r}")
    text, digits = {"type": "string"}, {"$ref": "#/$defs/sha256"}
    hashes = {"sha256": digits, "content_sha256": digits}
    schema.check(entry, schema.mapping({"url": text}, hashes | {"member": text}), where)
    try:
        urlsplit(entry["url"])
    except ValueError as error:
        raise InputError(f"{where}: {entry['url']}: not a valid address: {error}") from None
    if not hashes.keys() & entry.keys():
        raise InputError(f"{where}: {entry['url']}: needs sha256 or content_sha256")


def _address(entry: dict[str, Any], context: Context) -> str:
    """Return the address or path of an entry, a relative one joined to the data root."""
    url: str = entry["url"]
    if urlsplit(url).scheme:
        return url
    root = context.data_root
    return f"{root.rstrip('/')}/{url}" if _is_remote(root) else str(Path(root) / url)


def _is_remote(address: str) -> bool:
    return urlsplit(address).scheme in _REMOTE


def _locate(address: str, context: Context) -> Path:
    """Return where the file of an address is, or will be once fetched."""
    parts = urlsplit(address)
    if parts.scheme in _REMOTE:
        folder = hashlib.sha256(address.encode()).hexdigest()[:16]
        return context.downloads / folder / _file_name(parts.path)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme:
        raise InputError(f"{address}: the address must be http, https, file, or a path")
    return Path(address)


def _file_name(path: str) -> str:
    """Return the last name in an address's path; its end tells how the file is compressed."""
    name = PurePosixPath(unquote(path)).name
    is_name = name not in ("", "..") and "\0" not in name and len(name.encode()) <= _LONGEST_NAME
    return name if is_name else "file"


def _verify(entry: dict[str, Any], path: Path) -> None:
    """Raise an `InputError` if the file does not have the hash that its entry gives."""
    found = {
        "sha256": partial(sha256, path),
        "content_sha256": partial(_archive.content_sha256, path, entry.get("member")),
    }
    for key, compute in found.items():
        if key in entry and (value := compute()) != entry[key]:
            raise InputError(
                f"{entry['url']}: {key} is {value}, but the configuration expects {entry[key]} "
                f"({path.stat().st_size} bytes)"
            )
