"""The expected likelihood of the target: P(y|x) itself instead of its logarithm."""

import torch

from warmup.method.objectives._common import below_best, leave_one_out_advantages, rewards

MIN_SAMPLES = 2
"""The baseline of a sample is the mean of the others."""
SETTINGS = {
    "relative": {"type": "boolean"},
    "length_normalised": {"type": "boolean"},
    "control_variate": {"type": "boolean"},
}


def coefficients(
    l: torch.Tensor,
    lengths: torch.Tensor,
    *,
    relative: bool = True,
    length_normalised: bool = False,
    control_variate: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a_n = R_n / N and b_n = (R_n − mean_{m≠n} R_m) / N, both [B, N].

    With R_n = exp(l_n) the gradient is unbiased for that of −E_{c ~ P(c|x)} P(y|x,c) = −P(y|x)
    (VeriFree, Zhou et al., arXiv 2505.21493), that is P(y|x) times the gradient of −log P(y|x):
    examples with an improbable target count little, and those with a long target nothing, since R
    is below the smallest floating-point number. R_n = exp(l_n − max_m l_m) keeps the differences
    between the samples of an example; it is biased for finite N.

    Args:
        l: [B, N] log P(y|x,c_n), nats, summed over the target.
        lengths: [B] number of target tokens.
        relative: R_n relative to the best sample instead of exp(l_n).
        length_normalised: R from l / length, the geometric mean of the token probabilities.
        control_variate: without it b = a.
    """
    r = rewards(l, lengths, length_normalised)
    likelihood = (below_best(r) if relative else r).exp()
    advantage = leave_one_out_advantages(likelihood) if control_variate else likelihood
    samples = r.shape[-1]
    return likelihood / samples, advantage / samples
