"""Process many rows in batches of similar rows, and in smaller batches if memory runs out."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from warmup.models.memory import retry_smaller

T = TypeVar("T")


def in_batches(
    what: str | None,
    keys: Sequence[tuple[int, ...]],
    work: Callable[[list[int]], list[T]],
    size: int,
) -> list[T]:
    """Return the results of all rows, in the order of the rows.

    Args:
        what: the verb of the progress lines on stderr; None prints none.
        keys: one key per row. All parts of the key but the last are equal within a batch, and the
            largest keys come first.
        work: returns the results of some rows. If it runs out of memory, this batch and all later
            ones are halved.
        size: rows per batch, at most.
    """
    results: dict[int, T] = {}
    waiting = deque(batches(keys, size))

    def halve() -> None:
        if len(waiting[0]) == 1:
            raise MemoryError("one row needs more memory than there is")
        most = len(waiting[0]) // 2
        halves = [batch[i : i + most] for batch in waiting for i in range(0, len(batch), most)]
        waiting.clear()
        waiting.extend(halves)
        print(f"out of memory: going on with batches of {most}", file=sys.stderr)

    while waiting:
        done = retry_smaller(lambda: work(waiting[0]), halve)
        results |= dict(zip(waiting.popleft(), done, strict=True))
        if what:
            print(f"{what} {len(results)}/{len(keys)}", file=sys.stderr, flush=True)
    return [results[i] for i in range(len(keys))]


def batches(keys: Sequence[tuple[int, ...]], size: int) -> Iterator[list[int]]:
    """Yield batches of row numbers, the largest keys first; see `in_batches`."""
    order = sorted(range(len(keys)), key=lambda i: (keys[i], i), reverse=True)
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) == size or keys[row][:-1] != keys[batch[0]][:-1]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
