"""Errors a person can act on, and the one place where they become an exit status."""

import sys
from collections.abc import Callable, Iterable


class InputError(Exception):
    """Bad input: the message names the file and line, or the key, and the valid choices."""


def unknown(kind: str, name: object, choices: Iterable[str]) -> InputError:
    """Return the error for a name that is not among its valid choices."""
    return InputError(f"unknown {kind} {name!r}; choose from: {', '.join(sorted(choices))}")


def run(main: Callable[[], None]) -> None:
    """Run a command line; print an `InputError` as one line and exit with status 2."""
    try:
        main()
    except InputError as error:
        message = " ".join(str(error).split())
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(2) from None
    except BrokenPipeError:  # the reader of our output closed it, as `| head` does
        sys.stderr.close()
        raise SystemExit(1) from None
