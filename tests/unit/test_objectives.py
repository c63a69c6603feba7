"""Objectives against exact enumeration, and in the extremes of log space."""

import itertools
import math

import pytest
import torch

from warmup import plugins
from warmup.objectives import likelihood, reweighted


@pytest.fixture
def world():
    """Five warmups c: parameters of P(c|x), and of P(y|x,c) as log-odds."""
    generator = torch.Generator().manual_seed(3)
    theta = torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_()
    phi = (2 * torch.randn(5, generator=generator, dtype=torch.float64)).requires_grad_()
    return theta, phi


def log_probabilities(theta, phi):
    return theta.log_softmax(-1), torch.nn.functional.logsigmoid(phi)


def enumerated_gradient(theta, phi):
    """Gradient of −log P(y|x) = −log Σ_c P(c|x) P(y|x,c)."""
    s, l = log_probabilities(theta, phi)
    return torch.autograd.grad(-(s + l).logsumexp(-1), (theta, phi))


def expected_gradient(theta, phi, samples, **settings):
    """Gradient of the loss in expectation over all draws of N warmups, by enumerating them."""
    s, l = log_probabilities(theta, phi)
    draws = torch.tensor(list(itertools.combinations_with_replacement(range(len(theta)), samples)))
    counts = (draws[..., None] == torch.arange(len(theta))).sum(1)
    ways = math.lgamma(samples + 1) - torch.lgamma(counts.double() + 1).sum(-1)
    probability = (ways + s[draws].sum(-1)).exp().detach()
    assert probability.sum().item() == pytest.approx(1)
    losses = reweighted.loss(s[draws], l[draws], **settings)
    return torch.autograd.grad((probability * losses).sum(), (theta, phi))


def distance(one, other):
    return torch.cat([a - b for a, b in zip(one, other, strict=True)]).norm().item()


def test_the_gradient_is_that_of_the_log_likelihood_from_200000_draws(world):
    s, l = log_probabilities(*world)
    draws = torch.multinomial(
        s.exp().detach(), 200_000, replacement=True, generator=torch.Generator().manual_seed(20)
    )
    found = torch.autograd.grad(reweighted.loss(s[draws][None], l[draws][None]).sum(), world)
    exact = enumerated_gradient(*world)
    # a standard error is about 0.002
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one, other, atol=0.01, rtol=0)
    assert distance(exact, [torch.zeros(5)] * 2) > 0.2


def test_the_bias_of_few_samples_falls_with_their_number(world):
    exact = enumerated_gradient(*world)
    bias = {n: distance(expected_gradient(*world, n), exact) for n in (2, 4, 8, 16)}
    assert bias[4] < 0.75 * bias[2]
    assert bias[8] < 0.75 * bias[4]
    # from there on as 1/N: halved by twice as many samples
    assert bias[16] == pytest.approx(bias[8] / 2, rel=0.25)


def test_the_control_variate_has_mean_zero(world):
    with_it = expected_gradient(*world, 4, control_variate=True)
    without = expected_gradient(*world, 4, control_variate=False)
    assert distance(with_it, without) < 1e-12


def test_the_control_variate_lowers_the_variance(world):
    def variance(control_variate):
        s, l = log_probabilities(*world)
        generator = torch.Generator().manual_seed(1)
        gradients = []
        for _ in range(500):
            draws = torch.multinomial(s.exp().detach(), 4, replacement=True, generator=generator)
            loss = reweighted.loss(s[draws], l[draws], control_variate=control_variate)
            gradients.append(torch.autograd.grad(loss, world[0], retain_graph=True)[0])
        return torch.stack(gradients).var(0).sum()

    assert variance(True) < 0.8 * variance(False)


def test_one_sample_gives_the_warmup_no_signal(world):
    s, l = log_probabilities(*world)
    theta, phi = torch.autograd.grad(reweighted.loss(s[:1], l[:1]), world)
    assert theta.abs().max() == 0
    assert phi.abs().max() > 0
    assert reweighted.MIN_SAMPLES == 2


def test_without_a_control_variate_it_is_the_weighted_loss_of_the_concatenation():
    s, l = torch.tensor([[-1.0, -2.0]]), torch.tensor([[-3.0, -3.0 + math.log(3)]])
    loss = reweighted.loss(s, l, control_variate=False)
    torch.testing.assert_close(loss, -(0.25 * (s + l)[:, 0] + 0.75 * (s + l)[:, 1]))


def test_tau_tempers_the_weights():
    s, l = torch.zeros(1, 2), torch.tensor([[0.0, 2 * math.log(3)]], requires_grad=True)
    for tau, weights in ((1.0, (0.1, 0.9)), (2.0, (0.25, 0.75)), (1e6, (0.5, 0.5))):
        (gradient,) = torch.autograd.grad(reweighted.loss(s, l, tau=tau).sum(), l)
        torch.testing.assert_close(-gradient, torch.tensor([weights]), atol=1e-5, rtol=0)


def test_examples_do_not_influence_each_other():
    generator = torch.Generator().manual_seed(0)
    s, l = -torch.rand(3, 4, generator=generator), -5 * torch.rand(3, 4, generator=generator)
    together = reweighted.loss(s, l)
    alone = torch.cat([reweighted.loss(s[i : i + 1], l[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(
    "l",
    [
        [-2000.0, -2010.0, -2003.0, -2000.5],  # 500 tokens of e^-4 each
        [-2000.0, -5.0, -1800.0, -1900.0],  # one sample is worth all the others
        [-1e5, -1e5, -1e5, -1e5],
        [0.0, 0.0, 0.0, 0.0],
    ],
)
def test_long_targets_stay_finite(l):
    l = torch.tensor([l], requires_grad=True)
    s = torch.tensor([[-3.0, -50.0, -0.5, 0.0]], requires_grad=True)
    loss = reweighted.loss(s, l)
    loss.sum().backward()
    assert loss.isfinite().all()
    torch.testing.assert_close(-l.grad, l.detach().double().softmax(-1).float())
    torch.testing.assert_close(s.grad, l.grad + 0.25)
    assert s.grad.sum().item() == pytest.approx(0, abs=1e-6)


def test_likelihood_is_the_negative_log_likelihood_and_its_gradient():
    l = torch.tensor([[-1.5], [-2000.0]], requires_grad=True)
    loss = likelihood.loss(torch.zeros_like(l), l)
    torch.testing.assert_close(loss, torch.tensor([1.5, 2000.0]))
    loss.sum().backward()
    torch.testing.assert_close(l.grad, torch.tensor([[-1.0], [-1.0]]))


def test_every_objective_gives_a_loss_per_example():
    for name in plugins.names("objectives"):
        objective = plugins.load("objectives", name)
        shape = (3, max(objective.MIN_SAMPLES, 1))
        assert objective.loss(-torch.ones(shape), -torch.ones(shape)).shape == (3,), name
