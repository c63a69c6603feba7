"""The bound on log P(y|x) that the mean over N samples gives."""

import math

import torch

from warmup.method.objectives._common import below_best, rewards, softmax_weights

MIN_SAMPLES = 2
"""The baseline of a sample comes from the others."""
SETTINGS = {
    "tau": {"type": "number", "exclusiveMinimum": 0},
    "length_normalised": {"type": "boolean"},
    "control_variate": {"type": "boolean"},
}


def coefficients(
    l: torch.Tensor,
    lengths: torch.Tensor,
    *,
    tau: float = 1.0,
    length_normalised: bool = False,
    control_variate: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a = softmax(l / tau) and b_n = L − L_{−n}, both [B, N].

    L = tau log (1/N) Σ exp(l_n / tau), and L_{−n} is the same over the N − 1 other samples. The
    gradient is unbiased for that of −E L, with tau = 1 the N-sample bound of Burda et al. (arXiv
    1509.00519). L grows towards log P(y|x) with N; as tau grows, it falls to the bound of
    `jensen`. The leave-one-out credit is that of Mnih & Rezende (VIMCO, arXiv 1602.06725), except
    that they replace sample n by a mean of the others and we leave it out.

    Args:
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        lengths: [B] number of target tokens.
        tau: temperature of the mean.
        length_normalised: l / length instead of l.
        control_variate: without it b_n = L for each n, and the variance grows with N.
    """
    r = rewards(l, lengths, length_normalised) / tau
    if control_variate:
        credit = _leave_one_out_credit(r)
    else:
        mean = r.logsumexp(-1, keepdim=True) - math.log(r.shape[-1])
        credit = mean.masked_fill(mean.isneginf(), 0.0).expand_as(r)
    return softmax_weights(r), tau * credit


def _leave_one_out_credit(r: torch.Tensor) -> torch.Tensor:
    """Return the log-mean-exp of r minus that without r_n [B, N]; 0 if all others are −inf."""
    r = below_best(r)
    samples = r.shape[-1]
    itself = torch.eye(samples, dtype=torch.bool, device=r.device)
    rest = r[:, None].masked_fill(itself, -torch.inf).logsumexp(-1)
    credit = r.logsumexp(-1, keepdim=True) - rest + math.log((samples - 1) / samples)
    return credit.masked_fill(rest.isneginf(), 0.0)
