"""Choose a few samples for the backward pass without changing the expected gradient."""

import torch


def subsample(
    a: torch.Tensor, b: torch.Tensor, uniform: torch.Tensor, draws: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return M of the N samples by systematic resampling: index, a', b', each [B, M].

    Sample n is drawn M q_n times on average, q_n ∝ |a_n| + |b_n|, and each draw has the
    coefficients a_n / (M q_n) and b_n / (M q_n). The expectation of −Σ a' l − Σ b' s over the
    offset is −Σ a_n l_n − Σ b_n s_n, and likewise for the gradient: no bias is added. Variance is
    added, more for smaller M, and none if one sample has all the weight. The draws are evenly
    spaced (systematic resampling, Kitagawa 1996), so sample n is drawn ⌊M q_n⌋ or ⌈M q_n⌉ times,
    more than once only if q_n > 1/M.

    An example whose coefficients are all 0 gets its first samples with coefficients 0.

    Args:
        a: [B, N] coefficients of l.
        b: [B, N] coefficients of s.
        uniform: [B] offset of the evenly spaced draws, in [0, 1).
        draws: M.
    """
    size = (a.abs() + b.abs()).double()
    total = size.sum(-1, keepdim=True)
    cumulative = size.cumsum(-1)
    order = torch.arange(draws, device=a.device)
    last_below_one = 1 - torch.finfo(torch.float64).eps / 2
    points = ((order + uniform.to(size)[:, None]) / draws).clamp(max=last_below_one)
    # divided by itself the last entry is exactly 1, whatever the rounding
    index = torch.searchsorted(cumulative / cumulative[:, -1:], points, right=True)
    index = torch.where(total == 0, order, index).clamp(max=a.shape[-1] - 1)
    scale = (total / (draws * size.gather(-1, index))).masked_fill(total == 0, 0.0)
    return index, (a.gather(-1, index) * scale).to(a), (b.gather(-1, index) * scale).to(b)
