"""Choosing samples for the backward pass: unbiased, and by how much noisier."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from warmup.method.objectives import reweighted, surrogate
from warmup.method.subsampling import subsample


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def totals(a, b, draws, uniform):
    """Coefficients that each sample has in the end, for each offset: two of [U, N]."""
    a, b = (x.expand(len(uniform), -1) for x in (a, b))
    index, *chosen = subsample(a, b, uniform, draws)
    return [torch.zeros_like(a).scatter_add(-1, index, x) for x in chosen]


def over_all_offsets(a, b, draws):
    """Totals for one row on each interval of offsets without a change, and the lengths of these.

    What is chosen changes only where an evenly spaced draw crosses a border between two samples.
    """
    q = (a.abs() + b.abs()) / (a.abs() + b.abs()).sum()
    edges = torch.cat([tensor(0.0, 1.0), (q.cumsum(-1) * draws).frac()]).sort().values
    middles, widths = (edges[1:] + edges[:-1]) / 2, edges.diff()
    return totals(a, b, draws, middles), widths


coefficient = st.floats(-3, 3).map(lambda x: 0.0 if abs(x) < 1e-3 else x)
row = st.lists(st.tuples(coefficient, coefficient), min_size=2, max_size=9)


@settings(max_examples=100)
@given(row=row, draws=st.integers(1, 6))
def test_the_expectation_over_the_offset_is_exact(row, draws):
    a, b = tensor(*row).T
    assume((a.abs() + b.abs()).sum() > 0)
    chosen, widths = over_all_offsets(a, b, draws)
    for x, found in zip((a, b), chosen, strict=True):
        torch.testing.assert_close(widths @ found, x, atol=1e-9, rtol=1e-9)


@settings(max_examples=100)
@given(row=row, draws=st.integers(1, 6), uniform=st.floats(0, 1, exclude_max=True))
def test_samples_come_as_often_as_they_weigh(row, draws, uniform):
    a, b = tensor(*row).T
    assume((a.abs() + b.abs()).sum() > 0)
    index, *_ = subsample(a[None], b[None], tensor(uniform), draws)
    assert index.shape == (1, draws)
    q = (a.abs() + b.abs()) / (a.abs() + b.abs()).sum()
    counts = torch.bincount(index[0], minlength=len(a))
    assert ((counts - draws * q).abs() < 1 + 1e-9).all()
    assert (counts[q == 0] == 0).all()


def test_reweighted_samples_without_a_control_variate_are_drawn_by_their_weight():
    l = torch.log(tensor([0.5, 0.25, 0.125, 0.125]))
    a, b = reweighted.coefficients(l, torch.ones(1), control_variate=False)
    counts = torch.zeros(4)
    for uniform in torch.arange(0.5, 8) / 8:
        index, new_a, new_b = subsample(a, b, uniform[None], 1)
        counts[index[0, 0]] += 1
        # each draw then counts alike
        torch.testing.assert_close(new_a, tensor([1.0]))
        torch.testing.assert_close(new_b, tensor([1.0]))
    assert counts.tolist() == [4, 2, 1, 1]


def test_the_gradient_is_unbiased_given_the_samples():
    """Through the loss: the mean over the offsets is the gradient with all samples."""
    generator = torch.Generator().manual_seed(0)
    s, l = torch.randn(2, 1, 6, generator=generator, dtype=torch.float64)
    slopes = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64)
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    s, l = (value + slope @ x for value, slope in zip((s, l), slopes, strict=True))
    a, b = reweighted.coefficients(l, torch.ones(1))

    def gradient(loss):
        return torch.autograd.grad(loss, x, retain_graph=True)[0]

    full = gradient(surrogate(a, b, s, l).sum())
    offsets = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    rows = [value.expand(4000, -1) for value in (a, b, s, l)]
    index, new_a, new_b = subsample(rows[0], rows[1], offsets, 2)
    loss = surrogate(new_a, new_b, rows[2].gather(1, index), rows[3].gather(1, index))
    # an edge between samples is met to half a step of the grid
    torch.testing.assert_close(gradient(loss.mean()), full, atol=5e-3, rtol=0)
    assert (gradient(loss[0]) - full).norm() > 0.1


def variance(a, b, draws):
    """Return the variance of the coefficients over the offset, summed over samples."""
    (found_a, found_b), widths = over_all_offsets(a, b, draws)
    return (widths @ ((found_a - a).square() + (found_b - b).square())).sum().item()


def test_fewer_draws_mean_more_variance():
    generator = torch.Generator().manual_seed(0)
    l = 2 * torch.randn(50, 8, generator=generator, dtype=torch.float64)
    a, b = reweighted.coefficients(l, torch.ones(50))
    mean = {
        m: sum(variance(x, y, m) for x, y in zip(a, b, strict=True)) / len(a) for m in (1, 2, 4, 8)
    }
    assert mean[1] > 1.5 * mean[2] > 1.5**2 * mean[4] > 1.5**3 * mean[8] > 0


def test_one_sample_with_all_the_weight_adds_no_variance():
    w = tensor(0.0, 0.0, 1.0, 0.0)
    for draws in (1, 2, 3):
        assert variance(w, w, draws) == 0


def test_equal_weights_and_all_draws_give_every_sample_once():
    a = torch.full((2, 4), 0.25)
    index, new_a, new_b = subsample(a, -a, torch.tensor([0.0, 0.999]), 4)
    assert index.tolist() == [[0, 1, 2, 3]] * 2
    torch.testing.assert_close(new_a, a)
    torch.testing.assert_close(new_b, -a)


def test_the_same_offset_gives_the_same_and_rows_do_not_meet():
    generator = torch.Generator().manual_seed(2)
    a, b = torch.randn(2, 5, 8, generator=generator)
    uniform = torch.rand(5, generator=generator)
    once = subsample(a, b, uniform, 3)
    for one, other in zip(once, subsample(a, b, uniform, 3), strict=True):
        assert torch.equal(one, other)
    for i in range(5):
        alone = subsample(a[i : i + 1], b[i : i + 1], uniform[i : i + 1], 3)
        for one, other in zip(once, alone, strict=True):
            assert torch.equal(one[i : i + 1], other)
    different = subsample(a, b, (uniform + 0.5) % 1, 3)
    assert not torch.equal(once[0], different[0])


def test_a_row_without_coefficients_gets_the_first_samples_and_zeros():
    a = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    index, new_a, new_b = subsample(a, torch.zeros(2, 4), torch.tensor([0.9, 0.9]), 3)
    assert index.tolist() == [[0, 1, 2], [1, 1, 1]]
    torch.testing.assert_close(new_a, torch.tensor([[0.0] * 3, [1 / 3] * 3]))
    assert (new_b == 0).all()


@pytest.mark.parametrize("draws", [1, 2, 3, 1000])
def test_the_largest_offset_stays_inside(draws):
    a = torch.tensor([[0.1, 0.2, 0.7, 0.0]])
    last = torch.tensor([1 - 2**-53], dtype=torch.float64)
    index, new_a, _ = subsample(a, torch.zeros(1, 4), last, draws)
    assert index.max() == 2
    assert new_a.isfinite().all()


def test_rounding_never_draws_what_has_no_coefficient():
    generator = torch.Generator().manual_seed(4)
    a = torch.rand(2000, 9, generator=generator, dtype=torch.float64)
    a[:, -1] = 0
    last = torch.full((2000,), 1 - 2**-53, dtype=torch.float64)
    index, new_a, _ = subsample(a, torch.zeros_like(a), last, 1)
    assert (index < 8).all()
    assert new_a.isfinite().all()


def test_tiny_coefficients_and_single_precision():
    a = torch.tensor([[1e-38, 2e-38, 1e-38]])
    index, new_a, new_b = subsample(a, a, torch.tensor([0.4]), 2)
    assert index.tolist() == [[0, 1]]
    assert new_a.dtype == new_b.dtype == torch.float32
    torch.testing.assert_close(new_a * 1e38, torch.full((1, 2), 2.0))


def test_nan_stays_nan():
    a = torch.tensor([[0.5, float("nan"), 0.5], [0.5, 0.25, 0.25]])
    index, new_a, _ = subsample(a, torch.zeros(2, 3), torch.tensor([0.1, 0.1]), 2)
    assert ((index >= 0) & (index < 3)).all()
    assert new_a[0].isnan().any()
    assert new_a[1].isfinite().all()


def test_no_gradient_flows_through_the_choice():
    a = torch.rand(1, 4)
    assert not any(x.requires_grad for x in subsample(a, a, torch.tensor([0.5]), 2))
