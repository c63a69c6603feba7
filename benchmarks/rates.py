"""How fast this machine multiplies matrices of the sizes in a step."""

import time
from collections.abc import Callable
from functools import cache, partial

import torch

MAX_ROWS, MAX_COLUMNS = 512, 2**15
"""Larger products are timed at this size: beyond it the rate hardly changes."""
SECONDS = 0.3
"""Time spent on one size."""


def rate(rows: int, inner: int, columns: int, device: str, dtype: str) -> float:
    """Return operations per second of [rows, inner] · [inner, columns], measured once per size."""
    return _measured(min(rows, MAX_ROWS), inner, min(columns, MAX_COLUMNS), device, dtype)


@cache
def _measured(rows: int, inner: int, columns: int, device: str, dtype: str) -> float:
    """Return the rate of the fastest of many products; other programs can only slow one down."""
    kind = getattr(torch, dtype)
    states = torch.randn(rows, inner, device=device, dtype=kind)
    weight = torch.randn(columns, inner, device=device, dtype=kind)
    best = _fastest(partial(torch.nn.functional.linear, states, weight), device)
    return 2 * rows * inner * columns / best


def _fastest(work: Callable[[], torch.Tensor], device: str) -> float:
    """Return the seconds of the fastest of many runs."""
    best, count, stop = float("inf"), 0, time.perf_counter() + SECONDS
    while count < 5 or time.perf_counter() < stop:
        began = time.perf_counter()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
        count += 1
    return best
