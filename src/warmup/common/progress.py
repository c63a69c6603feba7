"""Say how far a command is that reads many records."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 100_000
"""Records between two lines; a command that reads fewer says nothing."""


def counted(records: Iterable[T], what: str) -> Iterator[T]:
    """Yield records, and print on stderr how many have been read.

    Args:
        records: anything.
        what: begins the lines.
    """
    for number, record in enumerate(records, start=1):
        yield record
        if number % EVERY == 0:
            print(f"{what}: {number:,} records", file=sys.stderr, flush=True)
