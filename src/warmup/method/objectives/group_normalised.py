"""The expected log-likelihood, with advantages on one scale for every example."""

import torch

from warmup.method.objectives._common import deviations, floored, rewards

MIN_SAMPLES = 2
"""One sample has no spread."""
SETTINGS = {
    "epsilon": {"type": "number", "exclusiveMinimum": 0},
}


def coefficients(
    l: torch.Tensor, lengths: torch.Tensor, *, epsilon: float = 1e-3
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a = 1/N and b_n = A_n / N, both [B, N], with A_n = (l_n − mean) / (std + epsilon).

    `jensen` with the advantages of GRPO (Shao et al., arXiv 2402.03300, section 4.1.2). An
    example whose warmups differ by 0.1 nat counts as much as one whose warmups differ by 10, so for
    the warmup it is not the gradient of any objective. std is that of the N samples (divided by N),
    so A has variance 1. Dividing by the target's length would change nothing.

    Args:
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        lengths: [B], not used.
        epsilon: nats; smaller differences of l are rounding (equal warmups, long target) and must
            not be scaled up.
    """
    r = floored(rewards(l, lengths, length_normalised=False))
    deviation = deviations(r)
    std = deviation.square().mean(-1, keepdim=True).sqrt()
    samples = r.shape[-1]
    return torch.full_like(r, 1 / samples), deviation / (std + epsilon) / samples
