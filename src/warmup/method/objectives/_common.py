"""Functions that objectives share. Nothing here carries a gradient; NaN stays NaN."""

import torch


def rewards(l: torch.Tensor, lengths: torch.Tensor, length_normalised: bool) -> torch.Tensor:
    """Return the reward of each warmup [B, N]: l, or l per target token; at least float32.

    Args:
        l: [B, N] log P(y|x,c_n), nats.
        lengths: [B] number of target tokens.
        length_normalised: whether to divide by the length.
    """
    r = l.detach().to(torch.promote_types(l.dtype, torch.float32))
    return r / lengths[:, None] if length_normalised else r


def below_best(r: torch.Tensor) -> torch.Tensor:
    """Return r_n − max_m r_m [B, N]; −inf for all if all are −inf.

    For a long target, differences between samples are small compared with l. What depends only on
    differences is precise if computed from this: if all are equal, it is exactly 0.
    """
    best = r.amax(-1, keepdim=True)
    return r - best.masked_fill(best.isneginf(), 0.0)


def softmax_weights(r: torch.Tensor) -> torch.Tensor:
    """Return softmax(r) over the samples [B, N]; 0 for all if all are −inf."""
    likelihood = below_best(r).exp()
    return likelihood / likelihood.sum(-1, keepdim=True).clamp(min=1)


def floored(r: torch.Tensor) -> torch.Tensor:
    """Return r [B, N] with −inf replaced by the lowest finite value of its row, or by 0."""
    impossible = r.isneginf()
    lowest = r.masked_fill(impossible, torch.inf).amin(-1, keepdim=True)
    return torch.where(impossible, lowest.masked_fill(lowest.isposinf(), 0.0), r)


def deviations(r: torch.Tensor) -> torch.Tensor:
    """Return r_n − mean of r over the samples [B, N]."""
    difference = below_best(r)
    return difference - difference.mean(-1, keepdim=True)


def leave_one_out_advantages(r: torch.Tensor) -> torch.Tensor:
    """Return r_n − mean_{m≠n} r_m [B, N]; needs two samples.

    The baseline does not depend on sample n, so the score-function estimate keeps its expectation
    (Kool et al., "Buy 4 REINFORCE Samples, Get a Baseline for Free!", 2019).
    """
    samples = r.shape[-1]
    return deviations(r) * (samples / (samples - 1))
