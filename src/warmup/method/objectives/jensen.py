"""The expected log-likelihood of the target, a lower bound on log P(y|x)."""

import torch

from warmup.method.objectives._common import floored, leave_one_out_advantages, rewards

MIN_SAMPLES = 2
"""The baseline of a sample is the mean of the others."""
SETTINGS = {
    "length_normalised": {"type": "boolean"},
    "control_variate": {"type": "boolean"},
}


def coefficients(
    l: torch.Tensor,
    lengths: torch.Tensor,
    *,
    length_normalised: bool = False,
    control_variate: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a = 1/N and b_n = A_n / N, both [B, N], with A_n = l_n − mean_{m≠n} l_m.

    The gradient is unbiased for that of −E_{c ~ P(c|x)} log P(y|x,c), by Jensen's inequality an
    upper bound on −log P(y|x) (JEPO with a single sample, Tang et al., arXiv 2503.19618; LaTRO
    without its divergence term, Chen et al., arXiv 2411.04282).

    Args:
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        lengths: [B] number of target tokens.
        length_normalised: advantages from l / length.
        control_variate: without it A_n = l_n.
    """
    r = floored(rewards(l, lengths, length_normalised))
    advantage = leave_one_out_advantages(r) if control_variate else r
    samples = r.shape[-1]
    return torch.full_like(r, 1 / samples), advantage / samples
