"""Read and write files: atomically, with hashes, and with errors that name file and line."""

import contextlib
import errno
import fcntl
import gzip
import hashlib
import json
import math
import os
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from warmup.common.errors import InputError, adding_path


@contextlib.contextmanager
def atomic(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a temporary path next to `path`; on success fsync it and rename it to `path`.

    A file or a folder can be made at the yielded path. After an error nothing remains. What a
    killed process has left is deleted by the next one that writes the same path.

    Args:
        path: what to write. An existing file is replaced.
        replace: replace an existing folder, with all that is in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    scratch, descriptor = _scratch(path)
    temporary = scratch / path.name
    try:
        with adding_path(path):
            yield temporary
            sync(temporary)
        if not temporary.is_dir():
            _refuse_folder(path)
        elif replace and path.is_dir():
            shutil.rmtree(path)  # rename cannot replace a directory that holds files
        else:
            refuse_full(path)
        temporary.replace(path)
        _sync_one(path.parent)  # a new name is on the disk when its folder is
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def _sweep(path: Path) -> None:
    """Delete scratch folders of `path` that killed processes have left: those without a lock."""
    scratch = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}")
    for left in path.parent.iterdir():
        if scratch.fullmatch(left.name) and (descriptor := _lock(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(descriptor)


def _scratch(path: Path) -> tuple[Path, int | None]:
    """Make a scratch folder of `path` and lock it; return it with the descriptor of the lock."""
    while True:
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        descriptor = _lock(scratch, wait=True)
        if scratch.exists():
            return scratch, descriptor
        if descriptor is not None:  # another process has swept it before it was locked
            os.close(descriptor)


def _lock(folder: Path, wait: bool = False) -> int | None:
    """Lock a folder until the descriptor is closed or the process ends; return None if it fails."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # gone, or a file of that name
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or the file system has no locks
        os.close(descriptor)
        return None
    return descriptor


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder, and let one process at a time use it; others wait.

    On a file system without locks none waits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _lock(folder, wait=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _refuse_folder(path: Path) -> None:
    """Raise an error if a file would replace a folder, whose content may be valuable."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def refuse_full(folder: Path) -> None:
    """Check that a folder which is to be written does not exist, or is empty.

    Raises:
        InputError: it is not empty.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder}: is not empty; delete it, or choose another folder")


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file a second name, or copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def sync(path: Path) -> None:
    """Wait until a file, or a folder with all its files, is on the disk."""
    for item in [path, *path.rglob("*")] if path.is_dir() else [path]:
        _sync_one(item)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    _refuse_folder(path)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def to_json(value: Any, where: str, **layout: Any) -> str:
    """Return `value` as JSON.

    Args:
        value: of types that JSON has.
        where: the file that it is written to, for errors.
        layout: `indent` or `separators` of `json.dumps`.

    Raises:
        InputError: a number is NaN or infinite, which JSON does not have.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
    except ValueError as error:
        raise InputError(f"{where}: cannot be written: {error}") from None


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; errors as `to_json`."""
    write_text(path, to_json(value, str(path), indent=2) + "\n")


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object per line, atomically; return how many. Errors as `to_json`."""
    _refuse_folder(path)  # before the rows are made, which may take hours
    with atomic(path) as temporary:
        return fill_jsonl(temporary, rows, str(path))


def fill_jsonl(path: Path, rows: Iterable[dict[str, Any]], name: str) -> int:
    """Write one JSON object per line as the rows are made; return how many.

    Args:
        path: what to write, such as what `atomic` yields.
        rows: the objects.
        name: what error messages call the file; errors as `to_json`.
    """
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(to_json(row, name) + "\n")
            count += 1
    return count


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is missing or is not JSON; the line of NaN or Infinity is named.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start})") from None
    return parse_json(text, str(path))


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the object of each non-empty line (`.gz` allowed, `-` is standard input).

    Raises:
        InputError: a line is not a JSON object; the message names it.
    """
    return (row for _, row in read_places(path))


def read_places(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place (`path:line`) and the object of each non-empty line; see `read_jsonl`."""
    return parse_jsonl(read_lines(path), str(path))


def parse_jsonl(lines: Iterable[str], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place (`name:line`) and the object of each non-empty line.

    Raises:
        InputError: a line is not a JSON object; the message names it.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        row = parse_json(line, where)
        if not isinstance(row, dict):
            raise InputError(f"{where}: expected a JSON object, not {type(row).__name__}")
        yield where, row


def parse_json(text: str, where: str) -> Any:
    """Return the value of JSON text; `where` begins errors.

    Raises:
        InputError: it is not JSON. NaN and infinite numbers are not, though `json` reads them.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # fails for half of a surrogate pair
    except _NotFiniteError as error:
        line = f":{_line_of(error.number, text)}" if "\n" in text.strip() else ""
        problem = f"not JSON: {error.number}, where a number must be finite"
        raise InputError(f"{where}{line}: {problem}") from None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of too many digits
        raise InputError(f"{where}: not JSON: {error}") from None
    return value


class _NotFiniteError(Exception):
    def __init__(self, number: str) -> None:
        super().__init__(number)
        self.number = number


def _finite(number: str) -> float:
    """Return a number of JSON text; `json` also reads NaN, Infinity and 1e999."""
    value = float(number)
    if not math.isfinite(value):
        raise _NotFiniteError(number)
    return value


def _line_of(number: str, text: str) -> int:
    """Return the first line of JSON text with a number, not counting strings."""
    parts = re.finditer(r'"(?:[^"\\]|\\.)*"|[^\s,:\[\]{}"]+', text)
    start = next(part.start() for part in parts if part.group() == number)
    return text.count("\n", 0, start) + 1


def read_lines(path: Path) -> Iterator[str]:
    r"""Yield lines of UTF-8 text without their `\n` or `\r\n` (`.gz`, and `-` for standard input).

    Raises:
        InputError: missing or unreadable file, broken gzip, or a line that is not UTF-8.
    """
    with _readable(str(path)), _open(path) as stream:
        yield from decode_lines(stream, str(path))


def decode_lines(stream: Iterable[bytes], name: str) -> Iterator[str]:
    r"""Yield lines of UTF-8 text without their `\n` or `\r\n`.

    Raises:
        InputError: a line is not UTF-8; the message names it.
    """
    for number, line in enumerate(stream, start=1):
        try:
            # utf-8-sig on the first line only: a byte order mark is not text
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}:{number}: not UTF-8 (byte {error.start} of the line)"
            ) from None
        yield text.removesuffix("\n").removesuffix("\r")


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`, decompressed if it ends in `.gz`; errors as `read_lines`."""
    with _readable(str(path)), _open(path) as stream:
        return stream.read()


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name}: broken gzip: {error}") from None
    except OSError as error:
        raise InputError(f"{name}: cannot read: {error.strerror or error}") from None
    except ValueError as error:  # a name that a file cannot have, such as one with NUL
        raise InputError(f"{name!r}: cannot read: {error}") from None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]  # GzipFile reads bytes as IO[bytes] does
    else:
        with path.open("rb") as plain:
            yield plain


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or of a directory's sorted names and contents.

    Raises:
        InputError: the file is missing or unreadable.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for item in sorted(p for p in path.rglob("*") if p.is_file()):
            name = os.fsencode(item.relative_to(path))  # file names need not be UTF-8
            digest.update(name + f"\0{sha256(item)}\n".encode())
    else:
        with _readable(str(path)), path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def sha256_text(lines: Iterable[str]) -> str:
    """Return the SHA-256 of lines, each ended by a line break."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8") + b"\n")
    return digest.hexdigest()
