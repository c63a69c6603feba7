"""Gradients of the objectives against enumeration of every warmup of a tiny language model."""

import statistics

import pytest
import torch

from helpers.enumerated import (
    TARGET,
    assert_same,
    coefficients,
    distance,
    expected_gradient,
    jacobians,
    log_marginal,
    log_mean_exp,
    make_world,
    tuples,
    variance,
)
from warmup.method.objectives import (
    expected,
    group_normalised,
    jensen,
    likelihood,
    multisample,
    reweighted,
)


@pytest.fixture(scope="module")
def world():
    return make_world()


def test_the_world_is_a_distribution_in_which_warmups_matter(world):
    s, l = world.log_probabilities()
    assert len(s) == len(l) == 7
    assert s.exp().sum().item() == pytest.approx(1)
    assert s.exp().min() > 0.01
    assert (l.max() - l.min()).item() > 2


# unbiased: the expectation over all tuples is the gradient, to rounding

on_off = pytest.mark.parametrize("control_variate", [True, False])
two_or_three = pytest.mark.parametrize("samples", [2, 3])


@on_off
@two_or_three
@pytest.mark.parametrize("tau", [1.0, 0.5, 7.0])
def test_multisample_has_the_gradient_of_its_bound(world, samples, tau, control_variate):
    s, l = world.log_probabilities()
    draws = tuples(samples)
    bound = (s[draws].sum(-1).exp() * log_mean_exp(l[draws], tau)).sum()
    found = expected_gradient(world, multisample, samples, tau=tau, control_variate=control_variate)
    assert_same(found, world.gradient(-bound))


@on_off
@two_or_three
def test_jensen_has_the_gradient_of_the_expected_log_likelihood(world, samples, control_variate):
    s, l = world.log_probabilities()
    found = expected_gradient(world, jensen, samples, control_variate=control_variate)
    assert_same(found, world.gradient(-(s.exp() * l).sum()))


@on_off
@two_or_three
def test_expected_has_the_gradient_of_the_expected_likelihood(world, samples, control_variate):
    s, l = world.log_probabilities()
    found = expected_gradient(
        world, expected, samples, relative=False, control_variate=control_variate
    )
    assert_same(found, world.gradient(-(s.exp() * l.exp()).sum()))


@two_or_three
def test_relative_expected_is_a_ratio_to_the_best_sample(world, samples):
    """Each tuple's share of the gradient of E P(y|x,c), divided by its largest P(y|x,c)."""
    s, l = (x.detach() for x in world.log_probabilities())
    slope_s, slope_l = jacobians(world)
    total = torch.zeros(slope_s.shape[1], dtype=torch.float64)
    for draw in tuples(samples).tolist():
        p = [l[c].exp() for c in draw]
        for n, c in enumerate(draw):
            others = sum(p[:n] + p[n + 1 :]) / (samples - 1)
            share = p[n] * slope_l[c] + (p[n] - others) * slope_s[c]
            total -= s[draw].sum().exp() * share / max(p) / samples
    found = expected_gradient(world, expected, samples)
    assert_same(found, total.split([world.theta.numel(), world.phi.numel()]))


@two_or_three
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_group_normalised_is_jensen_with_each_tuple_s_advantages_scaled(world, samples, epsilon):
    """The target's gradient is that of jensen; the warmup's is its definition, tuple by tuple."""
    s, l = (x.detach() for x in world.log_probabilities())
    slopes = jacobians(world)[0][:, : world.theta.numel()]
    warmup = torch.zeros_like(slopes[0])
    for draw in tuples(samples).tolist():
        of_draw = [l[c].item() for c in draw]
        mean, spread = statistics.fmean(of_draw), statistics.pstdev(of_draw)
        for c, value in zip(draw, of_draw, strict=True):
            advantage = (value - mean) / (spread + epsilon)
            warmup -= s[draw].sum().exp() * advantage * slopes[c] / samples
    found = expected_gradient(world, group_normalised, samples, epsilon=epsilon)
    assert_same(found, [warmup, expected_gradient(world, jensen, samples)[1]])


@pytest.mark.parametrize("samples", [1, 2])
def test_likelihood_trains_only_the_target(world, samples):
    s, l = world.log_probabilities()
    found = expected_gradient(world, likelihood, samples)
    assert_same(found, world.gradient(-(s.exp().detach() * l).sum()))
    assert (found[0] == 0).all()


def test_length_normalised_objectives_have_their_warmup_s_gradient(world):
    """And `length` times their target's, so that the target's share keeps its scale."""
    s, l = world.log_probabilities()
    r, draws = l / len(TARGET), tuples(2)
    objectives = {
        jensen: (s.exp() * r).sum(),
        expected: (s.exp() * r.exp()).sum(),
        multisample: (s[draws].sum(-1).exp() * log_mean_exp(r[draws])).sum(),
    }
    for objective, value in objectives.items():
        options = {"relative": False} if objective is expected else {}
        found = expected_gradient(world, objective, 2, length_normalised=True, **options)
        warmup, target = world.gradient(-value)
        assert_same(found, [warmup, len(TARGET) * target])


def test_a_control_variate_does_not_change_the_expectation(world):
    for objective in (reweighted, multisample, jensen, expected):
        options = {"relative": False} if objective is expected else {}
        with_it = expected_gradient(world, objective, 3, **options)
        without = expected_gradient(world, objective, 3, control_variate=False, **options)
        assert distance(with_it, without) < 1e-12


# consistent: biased for few samples, less for more


def test_the_bias_of_reweighted_falls_with_the_number_of_samples(world):
    exact = world.gradient(-log_marginal(*world.log_probabilities()))
    bias = {n: distance(expected_gradient(world, reweighted, n), exact) for n in (2, 3, 4, 6, 12)}
    assert bias[2] > 0.1
    assert bias[2] > 1.2 * bias[3] > 1.2**2 * bias[4] > 1.2**3 * bias[6]
    # in the end as 1/N: halved by twice as many samples
    assert bias[12] == pytest.approx(bias[6] / 2, rel=0.15)


def test_without_bias_in_1_over_n_reweighted_is_the_gradient_of_the_log_likelihood(world):
    """What two numbers of samples extrapolate to is far closer to it than either."""
    exact = world.gradient(-log_marginal(*world.log_probabilities()))
    six, twelve = (expected_gradient(world, reweighted, n) for n in (6, 12))
    extrapolated = [2 * b - a for a, b in zip(six, twelve, strict=True)]
    assert distance(extrapolated, exact) < 0.2 * distance(twelve, exact)


@pytest.mark.parametrize("length_normalised", [False, True])
def test_tempered_reweighted_tends_to_the_tempered_posterior(world, length_normalised):
    """For warmup and target alike; the target's share keeps its scale."""
    s, l = world.log_probabilities()
    tau = 3.0
    divisor = tau * (len(TARGET) if length_normalised else 1)
    exact = world.gradient(-log_marginal(s, l / divisor))
    options = {"tau": tau, "length_normalised": length_normalised}
    six, twelve = (expected_gradient(world, reweighted, n, **options) for n in (6, 12))
    for few, many, limit, scale in zip(six, twelve, exact, (1, divisor), strict=True):
        assert (2 * many - few - scale * limit).norm() < 0.02 * (scale * limit).norm()


def test_relative_expected_tends_to_the_direction_of_the_likelihood_s_gradient(world):
    exact = torch.cat(world.gradient(-log_marginal(*world.log_probabilities())))

    def angle(samples):
        found = torch.cat(expected_gradient(world, expected, samples))
        return 1 - torch.cosine_similarity(found, exact, dim=0).item()

    assert angle(12) < 0.5 * angle(3)
    assert angle(12) < 0.05


def test_reweighted_is_the_gradient_of_the_log_likelihood_from_200000_draws(world):
    """Within five standard errors in each of the 45 parameters, from one draw of N = 200,000."""
    samples = 200_000
    s, l = (x.detach() for x in world.log_probabilities())
    exact = torch.cat(world.gradient(-log_marginal(*world.log_probabilities())))
    generator = torch.Generator().manual_seed(20)
    draws = torch.multinomial(s.exp(), samples, replacement=True, generator=generator)
    a, b = coefficients(reweighted, l[draws][None], {})
    slope_s, slope_l = (slope[draws] for slope in jacobians(world))
    found = -(a[0] @ slope_l + b[0] @ slope_s)
    # the delta method for a ratio of means: spread of what each draw adds to the error
    adds = a[0, :, None] * (slope_s + slope_l + exact) - slope_s / samples
    error = adds.square().sum(0).sqrt()
    assert (found - exact).abs().le(5 * error + 1e-12).all()
    # the test would notice: another objective's gradient is far outside
    wrong = torch.cat(world.gradient(-(s.exp() * world.log_probabilities()[1]).sum()))
    assert (wrong - exact).abs().gt(20 * error).any()
    assert error.max() < 0.005


# variance


def test_without_a_baseline_the_variance_of_multisample_grows_with_the_samples(world):
    few, many = (variance(world, multisample, n, control_variate=False) for n in (2, 8))
    assert many > 2 * few
    few, many = (variance(world, multisample, n) for n in (2, 8))
    assert many < 0.5 * few


@pytest.mark.parametrize("objective", [reweighted, multisample, jensen])
def test_a_control_variate_lowers_the_variance(world, objective):
    with_it = variance(world, objective, 4)
    assert with_it < 0.8 * variance(world, objective, 4, control_variate=False)


@pytest.mark.parametrize("objective", [reweighted, jensen, expected, group_normalised])
def test_more_samples_have_less_variance(world, objective):
    assert variance(world, objective, 8) < 0.6 * variance(world, objective, 2)
