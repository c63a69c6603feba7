"""Counter-based random numbers depend on their five counters and on nothing else."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from warmup.method.random_numbers import uniforms


def test_shape_type_and_range():
    u = uniforms(1, 2, torch.arange(3), 4, 5)
    assert u.shape == (3, 4, 5)
    assert u.dtype == torch.float64
    assert (u >= 0).all()
    assert (u < 1).all()


@given(
    st.integers(0, 2**32), st.integers(0, 2**33), st.lists(st.integers(0, 2**40), min_size=1),
    st.integers(1, 5), st.integers(0, 5),
)  # fmt: skip
def test_an_example_draws_the_same_whatever_else_is_drawn(seed, update, examples, samples, length):
    together = uniforms(seed, update, torch.tensor(examples), samples, length)
    for row, example in zip(together, examples, strict=True):
        alone = uniforms(seed, update, torch.tensor([example]), samples + 1, length + 2)
        assert torch.equal(row, alone[0, :samples, :length])


def test_each_counter_changes_every_number():
    one = uniforms(1, 2, torch.tensor([3]), 2, 4)
    for other in (
        uniforms(2, 2, torch.tensor([3]), 2, 4),
        uniforms(1, 3, torch.tensor([3]), 2, 4),
        uniforms(1, 2, torch.tensor([4]), 2, 4),
    ):
        assert not (one == other).any()
    assert len(set(one.flatten().tolist())) == 8


def test_counters_do_not_stand_in_for_each_other():
    swapped = uniforms(2, 1, torch.tensor([3]), 2, 4)
    assert not (uniforms(1, 2, torch.tensor([3]), 2, 4) == swapped).any()
    square = uniforms(5, 5, torch.arange(8), 8, 8)
    assert square.unique().numel() == 8**3


def test_numbers_are_uniform_and_uncorrelated():
    u = uniforms(20, 3, torch.arange(200), 10, 50).numpy()
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-3
    for neighbours in (
        (u[:-1].ravel(), u[1:].ravel()),
        (u[:, :-1].ravel(), u[:, 1:].ravel()),
        (u[:, :, :-1].ravel(), u[:, :, 1:].ravel()),
    ):
        # of 98,000 or more independent pairs: a standard error of 0.0032 at most
        assert abs(stats.pearsonr(*neighbours).statistic) < 0.015
