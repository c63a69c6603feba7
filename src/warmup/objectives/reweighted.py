"""Posterior-weighted likelihood of warmup and target."""

import torch

MIN_SAMPLES = 2
"""With one sample its weight is 1 whatever it is worth: the warmup would get no signal."""


def loss(
    s: torch.Tensor, l: torch.Tensor, *, tau: float = 1.0, control_variate: bool = True
) -> torch.Tensor:
    """Return −Σ w_n l_n − Σ (w_n − 1/N) s_n per example [B], with w = softmax(l / tau).

    Its gradient is the self-normalised importance-sampling estimate of −∇ log P(y|x), the prior
    being the proposal (reweighted wake-sleep, Bornschein & Bengio, arXiv 1406.2751). The control
    variate 1/N has mean zero; without it and with tau = 1 this is the weighted negative
    log-likelihood of the concatenation `c SEP y`.

    Args:
        s: [B, N] log P(c_n|x).
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        tau: temperature of the weights; larger spreads them.
        control_variate: subtract 1/N from the weights of s.
    """
    w = (l.detach() / tau).softmax(-1)
    baseline = 1 / l.shape[-1] if control_variate else 0.0
    return -(w * l).sum(-1) - ((w - baseline) * s).sum(-1)
