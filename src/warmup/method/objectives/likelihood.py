"""Supervised fine-tuning: the negative log-likelihood of the target."""

from typing import Any

import torch

MIN_SAMPLES = 0
SETTINGS: dict[str, Any] = {}


def coefficients(l: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a = 1/N and b = 0, both [B, N].

    Without warmups N is 1 and l is log P(y|x). With warmups the target learns equally from each,
    and the warmups are not trained.

    Args:
        l: [B, N] log P(y|x), or log P(y|x,c_n), nats.
        lengths: [B], not used.
    """
    a = torch.full_like(l, 1 / l.shape[-1], dtype=torch.promote_types(l.dtype, torch.float32))
    return a, torch.zeros_like(a)
