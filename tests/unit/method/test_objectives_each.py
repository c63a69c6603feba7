"""Each objective's definition."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.objective_variants import evaluate, rows, tensor
from warmup.method.objectives import (
    expected,
    group_normalised,
    jensen,
    likelihood,
    multisample,
    reweighted,
    surrogate,
)

# likelihood


def test_likelihood_is_the_negative_log_likelihood_and_its_gradient():
    l = torch.tensor([[-1.5], [-2000.0]], requires_grad=True)
    s = torch.zeros_like(l)
    loss = surrogate(*evaluate(likelihood, l), s, l)
    torch.testing.assert_close(loss, torch.tensor([1.5, 2000.0]))
    loss.sum().backward()
    torch.testing.assert_close(l.grad, torch.tensor([[-1.0], [-1.0]]))


def test_likelihood_learns_from_every_warmup_alike():
    a, b = evaluate(likelihood, tensor([-1.0, -2.0, -3.0, -4.0]))
    torch.testing.assert_close(a, tensor([0.25] * 4))
    assert (b == 0).all()


# reweighted


def test_one_sample_gives_the_warmup_no_signal():
    a, b = evaluate(reweighted, tensor([-3.0], [-2000.0]))
    assert a.tolist() == [[1.0], [1.0]]
    assert b.tolist() == [[0.0], [0.0]]


def test_without_a_control_variate_it_is_the_weighted_loss_of_the_concatenation():
    s, l = tensor([-1.0, -2.0]), tensor([-3.0, -3.0 + math.log(3)])
    loss = surrogate(*evaluate(reweighted, l, control_variate=False), s, l)
    torch.testing.assert_close(loss, -(0.25 * (s + l)[:, 0] + 0.75 * (s + l)[:, 1]))


def test_the_control_variate_is_one_part_in_n():
    a, b = evaluate(reweighted, tensor([-3.0, -3.0 + math.log(3)]))
    torch.testing.assert_close(a, tensor([0.25, 0.75]))
    torch.testing.assert_close(b, tensor([-0.25, 0.25]))


@pytest.mark.parametrize("objective", [reweighted, multisample])
def test_tau_tempers_the_weights(objective):
    l = tensor([0.0, 2 * math.log(3)])
    for tau, weights in ((1.0, (0.1, 0.9)), (2.0, (0.25, 0.75)), (1e6, (0.5, 0.5))):
        a, _ = evaluate(objective, l, tau=tau)
        torch.testing.assert_close(a, tensor(weights), atol=1e-5, rtol=0)


# multisample


def test_multisample_rewards_what_a_sample_adds_to_the_mean_of_the_others():
    likelihoods = [0.5, 0.1, 0.3]
    a, b = evaluate(multisample, tensor([math.log(p) for p in likelihoods]))
    torch.testing.assert_close(a, tensor([5 / 9, 1 / 9, 3 / 9]))
    torch.testing.assert_close(b.exp(), tensor([0.3 / 0.2, 0.3 / 0.4, 0.3 / 0.3]))


def test_multisample_without_a_control_variate_rewards_each_sample_with_the_bound():
    likelihoods = [0.5, 0.1, 0.3]
    _, b = evaluate(multisample, tensor([math.log(p) for p in likelihoods]), control_variate=False)
    torch.testing.assert_close(b.exp(), tensor([0.3, 0.3, 0.3]))


@settings(max_examples=50)
@given(l=rows, tau=st.floats(0.1, 100))
def test_a_useless_sample_costs_multisample_no_more_than_its_share(l, tau):
    _, b = evaluate(multisample, tensor(*l), tau=tau)
    assert (b >= tau * math.log(3 / 4) - 1e-9).all()


def test_multisample_has_no_finite_credit_for_the_only_possible_sample():
    _, b = evaluate(multisample, tensor([-math.inf, -3.0, -math.inf]))
    torch.testing.assert_close(b, tensor([math.log(2 / 3), 0.0, math.log(2 / 3)]))


def test_multisample_tends_to_jensen_as_tau_grows():
    l = tensor([-3.0, -4.5, -3.25, -9.0])
    for one, other in zip(evaluate(multisample, l, tau=1e6), evaluate(jensen, l), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


# jensen, group_normalised


def test_jensen_compares_a_sample_with_the_mean_of_the_others():
    a, b = evaluate(jensen, tensor([-1.0, -2.0, -6.0]))
    torch.testing.assert_close(a, tensor([1 / 3] * 3))
    torch.testing.assert_close(b, tensor([3.0, 1.5, -4.5]) / 3)
    _, b = evaluate(jensen, tensor([-1.0, -2.0, -6.0]), control_variate=False)
    torch.testing.assert_close(b, tensor([-1.0, -2.0, -6.0]) / 3)


def test_group_normalised_advantages_have_variance_one():
    a, b = evaluate(group_normalised, tensor([-1.0, -2.0, -6.0]), epsilon=0.0)
    torch.testing.assert_close(a, tensor([1 / 3] * 3))
    torch.testing.assert_close(b, tensor([2.0, 1.0, -3.0]) / math.sqrt(14 / 3) / 3)
    torch.testing.assert_close((3 * b).square().mean(), torch.tensor(1.0).double())


def test_of_two_samples_group_normalised_keeps_only_which_is_better():
    _, b = evaluate(group_normalised, tensor([-1.0, -2.0], [-60.0, -10.0]))
    torch.testing.assert_close(2 * b, tensor([1.0, -1.0], [-1.0, 1.0]), atol=3e-3, rtol=0)


@settings(max_examples=50)
@given(l=rows)
def test_group_normalised_points_where_jensen_does(l):
    (_, b), (_, other) = evaluate(group_normalised, tensor(*l)), evaluate(jensen, tensor(*l))
    scale = b.norm(dim=-1, keepdim=True) / other.norm(dim=-1, keepdim=True).clamp(min=1e-300)
    torch.testing.assert_close(b, scale * other)


def test_group_normalised_does_not_scale_rounding_up():
    difference = 1e-4  # one step of float32 near 2000
    _, b = evaluate(group_normalised, tensor([-2000.0, -2000.0 - difference]))
    assert (b.abs() < 0.05).all()


# expected


def test_expected_weighs_by_likelihood():
    l = tensor([math.log(0.5), math.log(0.1), math.log(0.3)])
    a, b = evaluate(expected, l, relative=False)
    torch.testing.assert_close(3 * a, tensor([0.5, 0.1, 0.3]))
    torch.testing.assert_close(3 * b, tensor([0.3, -0.3, 0.0]))
    a, b = evaluate(expected, l, relative=False, control_variate=False)
    torch.testing.assert_close(b, a)
    a, b = evaluate(expected, l)
    torch.testing.assert_close(3 * a, tensor([1.0, 0.2, 0.6]))
    torch.testing.assert_close(3 * b, tensor([0.6, -0.6, 0.0]))


def test_expected_vanishes_for_long_targets_unless_it_is_relative():
    l = tensor([-2000.0, -2001.0])
    assert all((x == 0).all() for x in evaluate(expected, l, relative=False))
    a, b = evaluate(expected, l)
    torch.testing.assert_close(2 * a, tensor([1.0, math.exp(-1)]))
    torch.testing.assert_close(2 * b, tensor([1 - math.exp(-1), math.exp(-1) - 1]))


@settings(max_examples=50)
@given(l=rows)
def test_relative_expected_is_reweighted_with_another_weight_for_the_example(l):
    a, b = evaluate(expected, tensor(*l), control_variate=False)
    w, v = evaluate(reweighted, tensor(*l), control_variate=False)
    torch.testing.assert_close(a, w * a.sum(-1, keepdim=True))
    torch.testing.assert_close(b, v * b.sum(-1, keepdim=True))
