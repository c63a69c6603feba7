"""Training objectives, one file each: how much each sampled warmup counts.

A module here has
    MIN_SAMPLES   how many warmups per example it needs (0: it needs none),
    SETTINGS      JSON Schema of each of its settings, and
    coefficients(l, lengths, *, …) -> (a, b)
                  both [B, N] and without gradient, from l = log P(y|x,c_n) [B, N] in nats and
                  lengths [B], the number of target tokens. After `*` come the objective's
                  settings, each with a default.
Its name is the `objective` of the configuration, which reads the two constants from the file
without importing it: they have to be literals. The loss of an example is
−Σ a_n l_n − Σ b_n s_n with s_n = log P(c_n|x), see `surrogate`: a_n says how much the target
learns from warmup n, b_n how much more probable the warmup itself becomes.

With the setting `length_normalised` the coefficients come from l / length instead of l. For the
warmup this is the objective with l / length instead of l. The target's part keeps its scale, which
is `length` times that of the normalised objective.

The coefficients of an example depend on no other example and not on the order of its warmups. They
are at least float32, and finite even if l is −inf: a warmup under which the target is impossible
gets the limit of the definition if that is finite, and otherwise counts as the worst of the others.
NaN in l or s makes the loss of its example NaN.
"""

import torch


def surrogate(a: torch.Tensor, b: torch.Tensor, s: torch.Tensor, l: torch.Tensor) -> torch.Tensor:
    """Return −Σ a_n l_n − Σ b_n s_n per example [B].

    Its gradient estimates the objective's gradient; its value is in general not the objective.
    0 · (−inf) counts as 0: a sample with coefficient 0 is not in the loss.

    Args:
        a: [B, N] coefficients of l.
        b: [B, N] coefficients of s.
        s: [B, N] log P(c_n|x), nats.
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
    """
    return -_weighted_sum(a, l) - _weighted_sum(b, s)


def _weighted_sum(weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return Σ weight · x over the last dimension, with 0 · (±inf) = 0 but 0 · NaN = NaN."""
    return (weight * x.masked_fill((weight == 0) & x.isinf(), 0.0)).sum(-1)
