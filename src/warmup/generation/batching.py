"""Work on many rows in batches of rows alike, and in smaller ones where memory runs out."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from warmup.common.errors import out_of_memory

T = TypeVar("T")


def in_batches(
    what: str | None,
    keys: Sequence[tuple[int, ...]],
    work: Callable[[list[int]], list[T]],
    size: int,
) -> list[T]:
    """Return the results of all rows, in their order.

    Args:
        what: is done, to tell progress on stderr; None for silence.
        keys: one a row. The rows of a batch have the same but for the last part, and the largest
            come first.
        work: returns the results of some rows. Where memory runs out, the batch and all that follow
            are halved.
        size: rows at once.
    """
    found: dict[int, T] = {}
    waiting = deque(batches(keys, size))
    while waiting:
        rows = waiting.popleft()
        done = _unless_out_of_memory(work, rows)
        if done is None:
            most = len(rows) // 2
            waiting = deque(
                batch[i : i + most]
                for batch in (rows, *waiting)
                for i in range(0, len(batch), most)
            )
            print(f"out of memory: going on with batches of {most}", file=sys.stderr)
            continue
        found |= dict(zip(rows, done, strict=True))
        if what:
            print(f"{what} {len(found)}/{len(keys)}", file=sys.stderr, flush=True)
    return [found[i] for i in range(len(keys))]


def batches(keys: Sequence[tuple[int, ...]], size: int) -> Iterator[list[int]]:
    """Yield rows of at most `size`, the largest keys first; all but the last part are the same."""
    order = sorted(range(len(keys)), key=lambda i: (keys[i], i), reverse=True)
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) == size or keys[row][:-1] != keys[batch[0]][:-1]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _unless_out_of_memory(work: Callable[[list[int]], list[T]], rows: list[int]) -> list[T] | None:
    """Return the results of a batch; None if memory does not suffice and it can be divided."""
    try:
        return work(rows)
    except (RuntimeError, MemoryError) as error:
        if len(rows) == 1 or not out_of_memory(error):
            raise
    if torch.cuda.is_available():  # behind the error, which holds on to what it was at
        torch.cuda.empty_cache()
    return None
