"""Download a file once: resumed after an interruption, checked, and put in place when complete."""

import codecs
import contextlib
import fcntl
import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm  # type: ignore[import-untyped]

from warmup.common.errors import InputError, disk_problem

_TRIES = 4
_PAUSE = 1.0  # seconds before the second try, twice as many before the next
_TIMEOUT = 60  # seconds without a byte
_BLOCK = 1 << 18
_SHOWN = 80  # bytes of a web page in a message


def download(url: str, path: Path, verify: Callable[[Path], None]) -> None:
    """Make `path` the content of `url`, unless it is so already.

    The bytes go to a temporary file next to it. After an interruption the next call continues that
    file. Two processes that want the same file take turns.

    Args:
        url: an http or https address.
        path: the file to make.
        verify: raises an `InputError` if the file at the path given to it is not the right one.

    Raises:
        InputError: the server cannot be reached or refuses, the file fails `verify`, or a web page
            came instead of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # the end of the name says how the file is compressed
    partial = path.with_name(f"partial-{path.name}")
    with _turn(path.with_name(f"{path.name}.lock")):
        if path.exists():
            with contextlib.suppress(InputError):  # another file is wanted there now
                verify(path)
                return
        resumed = partial.exists()
        try:
            _get(url, partial, verify)
        except _WrongError:
            if not resumed:
                raise
            _get(url, partial, verify)  # the earlier part may have been of another version
        partial.replace(path)


class _WrongError(InputError):
    """The downloaded file is not the wanted one."""


def _get(url: str, partial: Path, verify: Callable[[Path], None]) -> None:
    """Complete `partial` and check it; a wrong file is deleted."""
    _complete(url, partial)
    try:
        _refuse_web_page(url, partial)
        verify(partial)
    except InputError as error:
        partial.unlink()
        raise _WrongError(str(error)) from None


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also when the process dies
        yield


def _complete(url: str, partial: Path) -> None:
    """Download the missing part of `partial`; retry after failures that may be temporary."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE * 2 ** (attempt - 1))
        try:
            problem = _transfer(url, partial)
            if not problem:
                return
        except HTTPError as error:
            problem = f"the server answered {error.code} {error.reason}"
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                partial.unlink(missing_ok=True)  # longer than the file is now: start again
            elif error.code < 500 and error.code != http.client.TOO_MANY_REQUESTS:
                raise InputError(f"{url}: {problem}") from None
        except URLError as error:
            problem = str(error.reason)
        except (OSError, http.client.HTTPException) as error:
            # the disk, not the network: another try does not help
            if isinstance(error, OSError) and disk_problem(error):
                raise OSError(error.errno, error.strerror, str(partial)) from None
            problem = str(error) or type(error).__name__
        except ValueError as error:  # such as a host name with two dots in a row
            raise InputError(f"{url}: not a valid address: {error}") from None
    raise InputError(f"{url}: cannot download: {problem}; run again to continue")


def _transfer(url: str, partial: Path) -> str:
    """Append to `partial` what the server sends; return what is wrong, nothing if it is all."""
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"User-Agent": "warmup"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with urlopen(Request(url, headers=headers), timeout=_TIMEOUT) as response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server sends all of it
        total = None if response.length is None else have + response.length
        with (
            partial.open("ab" if have else "wb") as stream,
            tqdm(
                desc=partial.name,
                initial=have,
                total=total,
                unit="B",
                unit_scale=True,
                leave=False,
                disable=None,  # if the output is not a terminal
            ) as progress,
        ):
            while block := response.read(_BLOCK):
                stream.write(block)
                progress.update(len(block))
    if total is None or (found := partial.stat().st_size) == total:
        return ""
    return f"the connection was closed early, after {found:,} of {total:,} bytes"


def _refuse_web_page(url: str, path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(512).removeprefix(codecs.BOM_UTF8).lstrip()
    if start.lower().startswith((b"<!doctype html", b"<html")):
        text = start[:_SHOWN].decode("utf-8", "replace")
        raise InputError(
            f"{url}: the server sent a web page instead of data ({path.stat().st_size:,} bytes, "
            f"which begin with {text!r}); is the address that of the file itself, and open to all?"
        )
