"""Split a batch into micro-batches of bounded size."""

from typing import Any

import torch

from warmup.data.batches import IGNORED, Batch


def tokens(batch: Batch, sampling: dict[str, Any] | None) -> int:
    """Return how many tokens of a batch go through the network at most, padding included.

    An input counts once; its target counts for each warmup, with a longest one and the separator.

    Args:
        batch: examples.
        sampling: a method's settings of sampling, None for no warmups.
    """
    inputs, behind = _each(batch, sampling)
    return len(inputs) * int(inputs.max() + behind.max())


def split(batch: Batch, sampling: dict[str, Any] | None, limit: int | None) -> list[Batch]:
    """Return parts of a batch with at most `limit` tokens each, but one example at least.

    The parts are sorted by length, so that little is padding; what is padding in a whole part is
    cut off.

    Args:
        batch: examples.
        sampling: a method's settings of sampling, None for no warmups.
        limit: as `tokens` counts them; None for all in one part.
    """
    if limit is None or tokens(batch, sampling) <= limit:
        return [batch]
    inputs, behind = _each(batch, sampling)
    parts: list[list[int]] = []
    for row in (inputs + behind).argsort(stable=True).tolist():
        rows = [*parts[-1], row] if parts else []
        if rows and len(rows) * int(inputs[rows].max() + behind[rows].max()) <= limit:
            parts[-1] = rows
        else:
            parts.append([row])
    return [_rows(batch, rows) for rows in parts]


def _each(batch: Batch, sampling: dict[str, Any] | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of each example's input [B], and what the decoder reads behind it [B]."""
    inputs, targets = batch["mask"].sum(-1), (batch["labels"] != IGNORED).sum(-1)
    if sampling is None:
        return inputs, targets
    return inputs, (targets + int(sampling["max_tokens"]) + 1) * int(sampling["samples"])


def _rows(batch: Batch, rows: list[int]) -> Batch:
    part = {name: value[rows] for name, value in batch.items()}
    inputs, targets = part["mask"].any(0), (part["labels"] != IGNORED).any(0)
    kept = {name: part[name][:, inputs] for name in ("input_ids", "mask")}
    return part | kept | {"labels": part["labels"][:, targets]}
