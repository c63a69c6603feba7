"""The gradient of the reference KL in expectation, against enumeration of every warmup."""

import copy
from dataclasses import dataclass

import pytest
import torch
from test_sampling import SOURCES, encode, enumerate_warmups

from helpers import tiny
from warmup.method.criterion import Criterion
from warmup.method.sampling import Warmups
from warmup.method.scoring import build_branches, score
from warmup.models.interface import LanguageModel

LONGEST = 2
METHOD = {
    "objective": "likelihood",
    "objective_settings": {},
    "reference_kl": {"weight": 1.0, "updates": 1, "final": 0.0, "divergence": "reverse"},
    "sampling": {
        "samples": 1,
        "max_tokens": LONGEST,
        "temperature": 1.0,
        "settle": 0,
        "predefined": None,
        "backprop_samples": None,
        "adaptive_samples": None,
    },
}


@dataclass
class World:
    """A model that has moved away from its start, and every warmup of one input."""

    model: LanguageModel
    criterion: Criterion
    every: Warmups
    batch: dict[str, torch.Tensor]
    """The input once for each warmup."""

    def log_probability(self, of):
        """Log P(c|x) of each warmup."""
        branches = build_branches(of.tokens, self.every, self.batch["labels"][:1])
        return score(of, of.network, encode(of, [SOURCES[0]]), branches).s[0]

    def divergence(self):
        """What the reference KL adds to the loss of each warmup."""
        penalised, free = (
            self.criterion.losses(self.model.network, self.batch, u)[0] for u in (0, 1)
        )
        return penalised - free

    def gradient(self, value):
        weights = [w for w in self.model.network.parameters() if w.requires_grad]
        found = torch.autograd.grad(
            value, weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in found])


def make_world(name, divergence):
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    method = copy.deepcopy(METHOD)
    method["reference_kl"]["divergence"] = divergence
    criterion = Criterion(model, method, seed=1)  # the model as it is now is the start model
    with torch.no_grad():
        for weight in model.network.parameters():
            weight.mul_(0.8)
    _, every = enumerate_warmups(model, LONGEST)
    source = encode(model, [SOURCES[0]])
    batch = {
        "input_ids": source.input_ids.expand(every.ids.shape[1], -1),
        "mask": source.mask.expand(every.ids.shape[1], -1),
        "labels": torch.full((every.ids.shape[1], 1), model.tokens.end),
        "index": torch.arange(every.ids.shape[1]),
    }
    one_each = Warmups(every.ids[0][:, None], every.lengths[0][:, None], every.forced[0][:, None])
    criterion.warm_up = lambda *_: (one_each, None)
    return World(model, criterion, every, batch)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_prefixes_are_taken_as_they_were_sampled(name):
    """E Σ KL is the divergence of whole warmups; its gradient lacks E (Σ KL) ∇ log P(c|x)."""
    world = make_world(name, "reverse")
    divergence = world.divergence()
    s = world.log_probability(world.model)
    whole = (s.exp() * (s - world.log_probability(world.criterion.start).detach())).sum()
    torch.testing.assert_close((s.exp() * divergence).sum(), whole, atol=1e-5, rtol=0)
    lacking = (s.exp() * divergence.detach()).sum()
    exact, lacks = world.gradient(whole), world.gradient(lacking)
    found = world.gradient((s.exp().detach() * divergence).sum())
    torch.testing.assert_close(found, exact - lacks, atol=1e-4, rtol=0)
    assert lacks.norm() > 0.01 * exact.norm()


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_forward_divergence_weighs_by_the_start_model(name):
    """Where the prefixes come from the start model it is the divergence of whole warmups.

    Its gradient is then whole, too: that of the cross-entropy of the start model's warmups.
    """
    world = make_world(name, "forward")
    q = world.log_probability(world.criterion.start).detach()
    s = world.log_probability(world.model)
    whole = (q.exp() * (q - s)).sum()
    found = (q.exp() * world.divergence()).sum()
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(world.gradient(found), world.gradient(whole), atol=1e-4, rtol=0)
    assert world.gradient(whole).norm() > 0.01
