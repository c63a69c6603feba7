"""The likelihood of warmup and target together, with equal weight for each warmup."""

from typing import Any

import torch

MIN_SAMPLES = 1
SETTINGS: dict[str, Any] = {}


def coefficients(l: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a = b = 1/N, both [B, N].

    With predefined warmups it is supervised training on `c SEP y`. Sampled warmups get no signal:
    the expectation of the gradient of log P(c|x) over c ~ P(c|x) is zero.

    Args:
        l: [B, N] log P(y|x,c_n), nats.
        lengths: [B], not used.
    """
    a = torch.full_like(l, 1 / l.shape[-1], dtype=torch.promote_types(l.dtype, torch.float32))
    return a, a.clone()
