"""Gradients of the objectives against enumeration of every warmup of a tiny language model."""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import pytest
import torch

from warmup.objectives import (
    expected,
    group_normalised,
    jensen,
    likelihood,
    multisample,
    reweighted,
    surrogate,
)

SEPARATOR = 2
LONGEST = 2
WARMUPS = [c for m in range(LONGEST + 1) for c in itertools.product(range(SEPARATOR), repeat=m)]
"""All seven over two tokens; the two tokens long ones end by the limit, without a separator."""
TARGET = torch.tensor([0, 2, 1])


@dataclass
class World:
    """A bigram model of warmups and a linear model of a three-token target given the warmup."""

    theta: torch.Tensor
    """[3, 3] logits of the next token (or separator) at the start and after either token."""
    phi: torch.Tensor
    """[4, 3, 3] from features of a warmup to logits at each place of the target."""

    def log_probabilities(self):
        """s = log P(c|x) and l = log P(y|x,c) of every warmup [7]."""
        step = self.theta.log_softmax(-1)
        s = torch.stack([self._log_warmup(step, c) for c in WARMUPS])
        features = torch.tensor(
            [[1, len(c), sum(c), c[:1] == (1,)] for c in WARMUPS], dtype=torch.float64
        )
        logits = torch.einsum("cf,ftv->ctv", features, self.phi)
        places = torch.arange(len(TARGET))
        return s, logits.log_softmax(-1)[:, places, TARGET].sum(-1)

    @staticmethod
    def _log_warmup(step, c):
        states = [0, *(token + 1 for token in c)]
        tokens = c if len(c) == LONGEST else (*c, SEPARATOR)
        return sum(step[state, token] for state, token in zip(states, tokens, strict=False))

    def gradient(self, value):
        """Of a scalar: with regard to the warmup's and to the target's parameters, flat."""
        gradients = torch.autograd.grad(
            value, (self.theta, self.phi), retain_graph=True, allow_unused=True
        )
        parameters = (self.theta, self.phi)
        return [
            torch.zeros(p.numel(), dtype=torch.float64) if g is None else g.flatten()
            for g, p in zip(gradients, parameters, strict=True)
        ]


@pytest.fixture(scope="module")
def world():
    generator = torch.Generator().manual_seed(5)
    theta = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    phi = torch.randn(4, 3, 3, generator=generator, dtype=torch.float64)
    return World(theta.requires_grad_(), phi.requires_grad_())


def tuples(samples):
    """All N-tuples of warmups [7^N, N]."""
    return torch.tensor(list(itertools.product(range(len(WARMUPS)), repeat=samples)))


@cache
def multisets(samples):
    """N warmups without regard to their order, and the log of in how many orders they come."""
    draws = torch.tensor(
        list(itertools.combinations_with_replacement(range(len(WARMUPS)), samples))
    )
    counts = (draws[..., None] == torch.arange(len(WARMUPS))).sum(1)
    return draws, math.lgamma(samples + 1) - torch.lgamma(counts.double() + 1).sum(-1)


def coefficients(objective, l, options):
    with torch.no_grad():
        return objective.coefficients(l, torch.full((len(l),), len(TARGET)), **options)


def expected_gradient(world, objective, samples, **options):
    """Gradient of the loss in expectation over all draws of N warmups."""
    s, l = world.log_probabilities()
    draws, log_orders = multisets(samples) if samples > 3 else (tuples(samples), 0.0)
    probability = (log_orders + s[draws].sum(-1)).exp().detach()
    assert probability.sum().item() == pytest.approx(1)
    a, b = coefficients(objective, l[draws], options)
    return world.gradient((probability * surrogate(a, b, s[draws], l[draws])).sum())


def jacobians(world):
    """Gradients of s and of l of each warmup, both [7, parameters]."""
    return [
        torch.stack([torch.cat(world.gradient(x)) for x in values])
        for values in world.log_probabilities()
    ]


def variance(world, objective, samples, **options):
    """Exact variance of the gradient of the warmup's parameters, summed over them."""
    s, l = (x.detach() for x in world.log_probabilities())
    slopes = jacobians(world)[0][:, : world.theta.numel()]
    draws, log_orders = multisets(samples)
    probability = (log_orders + s[draws].sum(-1)).exp()
    _, b = coefficients(objective, l[draws], options)
    gradients = torch.einsum("dn,dnp->dp", b, slopes[draws])
    mean = probability @ gradients
    return (probability @ (gradients - mean).square()).sum().item()


def log_mean_exp(r, tau=1.0):
    return tau * ((r / tau).logsumexp(-1) - math.log(r.shape[-1]))


def log_marginal(s, l):
    return (s + l).logsumexp(-1)


def assert_same(found, exact):
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)
    assert torch.cat(exact).norm() > 0.02  # there was something to find


def distance(one, other):
    return (torch.cat(one) - torch.cat(other)).norm().item()


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


def test_tempered_reweighted_tends_to_the_tempered_posterior(world):
    s, l = world.log_probabilities()
    tau = 3.0
    exact = world.gradient(-log_marginal(s, l / tau))[0]
    six, twelve = (expected_gradient(world, reweighted, n, tau=tau)[0] for n in (6, 12))
    assert (2 * twelve - six - exact).norm() < 0.02 * exact.norm()


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
