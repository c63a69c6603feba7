"""Retry work that ran out of memory, in smaller parts."""

from collections.abc import Callable
from typing import TypeVar

import torch

from warmup.common.errors import out_of_memory

T = TypeVar("T")


def retry_smaller(work: Callable[[], T], shrink: Callable[[], None]) -> T:
    """Return the result of `work`. If memory runs out, call `shrink` and start `work` again.

    Args:
        work: does all of the work at each call.
        shrink: makes the next call of `work` need less memory; raises an error if it cannot.
    """
    while True:
        try:
            return work()
        except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is the former
            if not out_of_memory(error):
                raise
        # outside `except`: the error keeps the memory that the work had allocated
        shrink()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
