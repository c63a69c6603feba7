"""Choose few of many samples for the backward pass, without changing the expected gradient."""

import torch


def resample(
    a: torch.Tensor, b: torch.Tensor, uniform: torch.Tensor, draws: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return M of the N samples by systematic resampling: index, a', b', each [B, M].

    Sample n is drawn M q_n times in the mean, q_n ∝ |a_n| + |b_n|, and each draw has the
    coefficients a_n / (M q_n) and b_n / (M q_n). Over the offset, −Σ a' l − Σ b' s therefore has
    the expectation −Σ a_n l_n − Σ b_n s_n, and so has its gradient: no bias is added to the
    objective's own. Variance is added: none where one sample has all the coefficients, and in
    general more the smaller M is. The draws are spaced evenly (systematic resampling, Kitagawa
    1996), so sample n comes ⌊M q_n⌋ or ⌈M q_n⌉ times, more than once only if q_n > 1/M.

    An example without any coefficient gets the first samples and zeros.

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
    # dividing by its own last entry makes that exactly 1, whatever the rounding
    index = torch.searchsorted(cumulative / cumulative[:, -1:], points, right=True)
    index = torch.where(total == 0, order, index).clamp(max=a.shape[-1] - 1)
    scale = (total / (draws * size.gather(-1, index))).masked_fill(total == 0, 0.0)
    return index, (a.gather(-1, index) * scale).to(a), (b.gather(-1, index) * scale).to(b)
