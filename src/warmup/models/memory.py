"""Do with less at once what needs more memory than there is."""

from collections.abc import Callable
from typing import TypeVar

import torch

from warmup.common.errors import out_of_memory

T = TypeVar("T")


def retry_smaller(work: Callable[[], T], shrink: Callable[[], None]) -> T:
    """Return the result of `work`. When memory runs out, call `shrink` and begin again.

    Args:
        work: the work, done from its beginning at each call.
        shrink: lets the next call of `work` need less memory. It raises an error if that is not
            possible.
    """
    while True:
        try:
            return work()
        except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is the former
            if not out_of_memory(error):
                raise
        # after the `except`: until then the error keeps what the work had allocated
        shrink()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
