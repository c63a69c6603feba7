"""A language model so tiny that every warmup, and every draw of N of them, is enumerated."""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import pytest
import torch

from warmup.method.objectives import surrogate

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


def make_world():
    """A world with random parameters, the same each time."""
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
