"""Split a batch into passes of bounded size."""

from typing import Any

import torch

from warmup.criterion import Batch
from warmup.projection import IGNORED


def decoder_tokens(batch: Batch, warmup: dict[str, Any] | None) -> int:
    """Return how many decoder tokens a batch takes at most, padding included.

    Args:
        batch: examples.
        warmup: a method's settings of warmups, or None without.
    """
    return len(batch["index"]) * int(_each(batch, warmup).max())


def split(batch: Batch, warmup: dict[str, Any] | None, limit: int | None) -> list[Batch]:
    """Return parts of a batch with at most `limit` decoder tokens each, but one example at least.

    The parts are sorted by target length, so that little is padding; what is padding in a
    whole part is cut off.

    Args:
        batch: examples.
        warmup: a method's settings of warmups, or None without.
        limit: decoder tokens, padding included; None for all in one part.
    """
    each = _each(batch, warmup)
    if limit is None or len(each) * int(each.max()) <= limit:
        return [batch]
    parts: list[list[int]] = [[]]
    for row in each.argsort(stable=True).tolist():
        if parts[-1] and (len(parts[-1]) + 1) * int(each[row]) > limit:
            parts.append([])
        parts[-1].append(row)
    return [_rows(batch, rows) for rows in parts]


def _each(batch: Batch, warmup: dict[str, Any] | None) -> torch.Tensor:
    """Return the decoder tokens of each example [B]."""
    targets: torch.Tensor = (batch["labels"] != IGNORED).sum(-1)
    if warmup is None:
        return targets
    return (targets + int(warmup["max_tokens"]) + 1) * int(warmup["samples"])


def _rows(batch: Batch, rows: list[int]) -> Batch:
    part = {name: value[rows] for name, value in batch.items()}
    longest = int((part["labels"] != IGNORED).sum(-1).max())
    return part | {"labels": part["labels"][:, :longest]}
