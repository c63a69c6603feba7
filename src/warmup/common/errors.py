"""Errors that a person can act on, and how they become messages and exit statuses."""

import contextlib
import errno
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class InputError(Exception):
    """Bad input: the message names the file and line, or the key, and the valid choices."""


class StoppedError(Exception):
    """The process was asked to end and has saved its work; the message says where."""

    def __init__(self, message: str, by: signal.Signals = signal.SIGTERM) -> None:
        super().__init__(message)
        self.by = by


_LONGEST = 2000
"""Most characters of a message, since it may quote input of any length."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (
    errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP,
    errno.ENOENT, errno.ESTALE, errno.ENOTEMPTY, errno.EBUSY,  # another process works there
    errno.EMFILE, errno.ENFILE,
)  # fmt: skip
_WRITER_FAILED = ("No space left on device", "File too large", "PytorchStreamWriter failed")
"""Messages of libraries whose errors have no number."""
_NO_TEMPORARY = "No usable temporary directory"
"""Message of Python if TMPDIR and all other folders for temporary files are full."""


def unknown(kind: str, name: object, choices: Iterable[str]) -> InputError:
    """Return the error for a name that is not among its valid choices."""
    return InputError(f"unknown {kind} {name!r}; choose from: {', '.join(sorted(choices))}")


def run(main: Callable[[], T]) -> T:
    """Run a command and return its result; print an error that a person can act on as one line.

    The exit status is 2 for an `InputError`, and 1 if the disk is full or cannot be written or
    memory runs out. For a process that was asked to end, it is 128 plus the number of the signal.
    """
    try:
        return main()
    except InputError as error:
        _print_line(f"error: {error}")
        raise SystemExit(2) from None
    except StoppedError as stopped:
        _print_line(f"stopped: {stopped}")
        raise SystemExit(128 + stopped.by) from None
    except KeyboardInterrupt:  # Ctrl-C; unfinished files are not there
        _print_line("stopped: interrupted; start again to go on")
        raise SystemExit(128 + signal.SIGINT) from None
    except BrokenPipeError:  # the reader of our output closed it, as `| head` does
        sys.stderr.close()
        raise SystemExit(1) from None
    except Exception as error:
        problem = disk_problem(error)
        if out_of_memory(error):
            problem = "not enough memory; end other programs, or give this one more"
        if not problem:
            raise
        _print_line(f"error: {problem}")
        raise SystemExit(1) from None


def _print_line(message: str) -> None:
    line = " ".join(message.split())
    print(line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …", file=sys.stderr)


@contextlib.contextmanager
def adding_path(path: Path) -> Iterator[None]:
    """Add the path that is written to an error of a full disk that names no path."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and error.filename is None:
            error.filename = str(path)
        raise


def disk_problem(error: BaseException) -> str | None:
    """Return what a person can do about an error of the disk; None for any other."""
    where = getattr(error, "filename", None)
    number = getattr(error, "errno", None)
    prefix = f"{where}: " if where is not None else ""
    if number in _FULL or any(text in str(error) for text in _WRITER_FAILED):
        reason = "the disk is full, or a limit on its use is reached"
        return f"{prefix}cannot write: {reason}; free some space and start again to go on"
    if isinstance(error, OSError) and _NO_TEMPORARY in str(error):
        return f"{error.strerror}: free some space there, or set TMPDIR to another folder"
    if isinstance(error, OSError) and number in _REFUSED:
        return f"{prefix}{error.strerror}"
    return None


def out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out. PyTorch's error for that has no type of its own on a CPU."""
    is_typed = type(error).__name__ in ("MemoryError", "OutOfMemoryError")
    return is_typed or "DefaultCPUAllocator: not enough memory" in str(error)
