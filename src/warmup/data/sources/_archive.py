"""Read a file that may be compressed, or a member of an archive, without unpacking to disk."""

import contextlib
import gzip
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from warmup.common.errors import InputError
from warmup.common.files import decode_lines

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    RuntimeError,  # a zip that is encrypted, or compressed in an unknown way
)


def read_lines(path: Path, member: str | None) -> Iterator[str]:
    """Yield the lines of a text file, plain or `.gz`, or of a member of a tar or zip archive.

    Raises:
        InputError: missing, broken, not UTF-8, or no such member.
    """
    with _open(path, member) as stream:
        yield from decode_lines(stream, f"{path}:{member}" if member else str(path))


def content_sha256(path: Path, member: str | None) -> str:
    """Return the SHA-256 of what `read_lines` reads: decompressed, and taken from its archive.

    Raises:
        InputError: as `read_lines`.
    """
    digest = hashlib.sha256()
    with _open(path, member) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def _open(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    name = f"{path}:{member}" if member else str(path)
    with contextlib.ExitStack() as stack:
        try:
            opened = _open_member(path, member, stack) if member else path.open("rb")
            stream = stack.enter_context(opened)
            if name.endswith(".gz"):
                stream = cast(IO[bytes], stack.enter_context(gzip.open(stream, "rb")))
            yield stream
        except _BROKEN as error:
            raise InputError(f"{name}: cannot read: {error}") from None


def _open_member(path: Path, member: str, stack: contextlib.ExitStack) -> IO[bytes]:
    """Open a file of an archive; `./` at the beginning of its name has no meaning."""
    wanted = PurePosixPath(member)
    if wanted.is_absolute() or ".." in wanted.parts:
        raise InputError(f"{path}: member {member!r} leads out of the archive")
    files = []
    if path.suffix == ".zip":
        archive = stack.enter_context(zipfile.ZipFile(path))
        for entry in archive.infolist():
            if not entry.is_dir():
                if PurePosixPath(entry.filename) == wanted:
                    return archive.open(entry)
                files.append(entry.filename)
    elif path.name.endswith(_TAR):
        tar = stack.enter_context(tarfile.open(path))  # noqa: SIM115
        for item in tar:  # in one pass: what comes after the member is not decompressed
            if item.isfile():  # a link is refused: it may lead out of the archive
                if PurePosixPath(item.name) == wanted:
                    return cast(IO[bytes], tar.extractfile(item))
                files.append(item.name)
    else:
        raise InputError(f"{path}: has no members; an archive is one of {', '.join(_TAR)}, .zip")
    raise InputError(
        f"{path}: no file {member!r} in the archive; it has {', '.join(files[:10])}"
        + (f" and {len(files) - 10} more" if len(files) > 10 else "")
    )
