"""The gradient of the reference KL in expectation, against enumeration of every warmup."""

import copy
from dataclasses import dataclass

import pytest
import torch
from test_sampling import SOURCES, encode, enumerate_warmups

from helpers import tiny
from warmup.config.settings import ReferenceKLConfig
from warmup.method.reference_kl import ReferenceKL
from warmup.method.sampling import Warmups
from warmup.method.scoring import build_branches, score
from warmup.models.interface import LanguageModel

LONGEST = 2


@dataclass
class World:
    """A model that has moved away from its start, and every warmup of one input."""

    model: LanguageModel
    kl: ReferenceKL
    every: Warmups
    batch: dict[str, torch.Tensor]
    """The one input."""

    def scores(self, model):
        branches = build_branches(model.tokens, self.every, self.batch["labels"])
        return score(model, model.network, encode(model, [SOURCES[0]]), branches), branches

    def log_probability(self, model):
        """Log P(c|x) of each warmup."""
        return self.scores(model)[0].s[0]

    def divergence(self):
        """The divergence of each warmup from the reference."""
        return self.kl.divergence(self.model, *self.scores(self.model), self.batch)[0]

    def gradient(self, value):
        weights = [w for w in self.model.network.parameters() if w.requires_grad]
        found = torch.autograd.grad(
            value, weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in found])


def make_world(name, divergence):
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    settings = ReferenceKLConfig(weight=1.0, updates=1, final=0.0, divergence=divergence)
    kl = ReferenceKL(model, settings)  # the model as it is now is the reference
    with torch.no_grad():
        for weight in model.network.parameters():
            weight.mul_(0.8)
    _, every = enumerate_warmups(model, LONGEST)
    source = encode(model, [SOURCES[0]])
    batch = {
        "input_ids": source.input_ids,
        "mask": source.mask,
        "labels": torch.full((1, 1), model.tokens.end),
    }
    return World(model, kl, every, batch)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_prefixes_are_taken_as_they_were_sampled(name):
    """E Σ KL is the divergence of whole warmups; its gradient lacks E (Σ KL) ∇ log P(c|x)."""
    world = make_world(name, "reverse")
    divergence = world.divergence()
    s = world.log_probability(world.model)
    whole = (s.exp() * (s - world.log_probability(world.kl.reference).detach())).sum()
    torch.testing.assert_close((s.exp() * divergence).sum(), whole, atol=1e-5, rtol=0)
    lacking = (s.exp() * divergence.detach()).sum()
    exact, lacks = world.gradient(whole), world.gradient(lacking)
    found = world.gradient((s.exp().detach() * divergence).sum())
    torch.testing.assert_close(found, exact - lacks, atol=1e-4, rtol=0)
    assert lacks.norm() > 0.01 * exact.norm()


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_forward_divergence_weighs_by_the_reference(name):
    """If the prefixes come from the reference, it is the divergence of whole warmups.

    Its gradient is then complete, too: that of the cross-entropy of the reference's warmups.
    """
    world = make_world(name, "forward")
    q = world.log_probability(world.kl.reference).detach()
    s = world.log_probability(world.model)
    whole = (q.exp() * (q - s)).sum()
    found = (q.exp() * world.divergence()).sum()
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(world.gradient(found), world.gradient(whole), atol=1e-4, rtol=0)
    assert world.gradient(whole).norm() > 0.01
