"""Posterior-weighted likelihood of warmup and target."""

import torch

from warmup.method.objectives._common import rewards, softmax_weights

MIN_SAMPLES = 2
"""The weight of a single sample is always 1: the warmup would get no signal."""
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
    """Return a = w and b = w − 1/N, both [B, N], with w = softmax(l / tau).

    The gradient is the self-normalised importance-sampling estimate of −∇ log P(y|x), the prior
    being the proposal (reweighted wake-sleep, Bornschein & Bengio, arXiv 1406.2751). Its bias
    falls as 1/N. Without the control variate and with tau = 1 it is that of the weighted negative
    log-likelihood of the concatenation `c SEP y`.

    Args:
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        lengths: [B] number of target tokens.
        tau: temperature of the weights; larger spreads them.
        length_normalised: w = softmax(l / (tau · length)).
        control_variate: subtract 1/N, which has mean zero, from the weights of s.
    """
    w = softmax_weights(rewards(l, lengths, length_normalised) / tau)
    b = w - w.mean(-1, keepdim=True) if control_variate else w
    return w, b
