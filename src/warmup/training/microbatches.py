"""Split a batch into micro-batches: parts that go through the network one after the other."""

import torch

from warmup.config.settings import SamplingConfig
from warmup.data.batches import IGNORED, Batch


def count_tokens(batch: Batch, sampling: SamplingConfig | None) -> int:
    """Return how many tokens of a batch go through the network at most, padding included.

    An input counts once; its target counts for each warmup, with a longest one and the separator.

    Args:
        batch: examples.
        sampling: a method's settings of sampling; None for a method without warmups.
    """
    inputs, outputs = _lengths(batch, sampling)
    return len(inputs) * int(inputs.max() + outputs.max())


def split(batch: Batch, sampling: SamplingConfig | None, limit: int | None) -> list[Batch]:
    """Return micro-batches of at most `limit` tokens each, but of at least one example.

    They are sorted by length to keep padding small. Columns that are only padding are cut off.

    Args:
        batch: examples.
        sampling: a method's settings of sampling; None for a method without warmups.
        limit: as `count_tokens` counts; None for one micro-batch with all examples.
    """
    if limit is None or count_tokens(batch, sampling) <= limit:
        return [batch]
    inputs, outputs = _lengths(batch, sampling)
    parts: list[list[int]] = []
    for row in (inputs + outputs).argsort(stable=True).tolist():
        rows = [*parts[-1], row] if parts else []
        if rows and len(rows) * int(inputs[rows].max() + outputs[rows].max()) <= limit:
            parts[-1] = rows
        else:
            parts.append([row])
    return [_select(batch, rows) for rows in parts]


def _lengths(batch: Batch, sampling: SamplingConfig | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of each input [B], and those that the decoder reads after it [B]."""
    inputs, targets = batch["mask"].sum(-1), (batch["labels"] != IGNORED).sum(-1)
    if sampling is None:
        return inputs, targets
    return inputs, (targets + sampling.max_tokens + 1) * sampling.samples


def _select(batch: Batch, rows: list[int]) -> Batch:
    part = {name: value[rows] for name, value in batch.items()}
    inputs, targets = part["mask"].any(0), (part["labels"] != IGNORED).any(0)
    cropped = {name: part[name][:, inputs] for name in ("input_ids", "mask")}
    return part | cropped | {"labels": part["labels"][:, targets]}
