"""What the training log says about the warmups of each example."""

import math

import torch

from warmup.data.batches import IGNORED
from warmup.method.sampling import Warmups

Diagnostics = dict[str, torch.Tensor]
"""Values of the training log by name, each [B]."""


def describe_samples(warmups: Warmups, l: torch.Tensor, labels: torch.Tensor) -> Diagnostics:
    """Return the diagnostics of N samples per example.

    Args:
        warmups: the samples.
        l: [B, N] log P(y|x,c_n), nats, without a gradient.
        labels: [B, T] targets; -100 is padding.
    """
    weights = l.softmax(-1)
    empty = warmups.lengths == 0
    return {
        "reward": log_mean_exp(l),
        "warmup_length": warmups.lengths.float().mean(-1),
        "warmup_forced": warmups.forced.float().mean(-1),
        "warmup_empty": empty.float().mean(-1),
        "warmup_copied": (begins_target(warmups, labels) & ~empty).float().mean(-1),
        "effective_sample_size": 1 / weights.square().sum(-1),
        "samples": torch.full_like(l[:, 0], l.shape[1]),
    }


def begins_target(warmups: Warmups, labels: torch.Tensor) -> torch.Tensor:
    """Return whether the target [B, T] begins with the whole warmup [B, N]."""
    longest = warmups.ids.shape[-1]
    missing = max(longest - labels.shape[-1], 0)
    targets = torch.nn.functional.pad(labels, (0, missing), value=IGNORED)[:, None, :longest]
    ended = torch.arange(longest, device=labels.device) >= warmups.lengths[..., None]
    return ((warmups.ids == targets) | ended).all(-1)


def log_mean_exp(l: torch.Tensor) -> torch.Tensor:
    """Return log (1/N) Σ exp l_n over the last dimension."""
    return l.logsumexp(-1) - math.log(l.shape[-1])
