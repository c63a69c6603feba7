"""The anchor's gradient in expectation, against enumeration of every warmup."""

import copy

import pytest
import torch
from test_sampling import SOURCES, encode, enumerate_warmups

from helpers import tiny
from warmup.method.criterion import Criterion
from warmup.method.sampling import Warmups
from warmup.method.scoring import lay_out, score

LONGEST = 2
METHOD = {
    "objective": "likelihood",
    "objective_settings": {},
    "warmup": {
        "samples": 1,
        "max_tokens": LONGEST,
        "temperature": 1.0,
        "anchor": {"weight": 1.0, "updates": 1},
        "predefined": None,
        "backprop_samples": None,
        "adaptive_samples": None,
    },
}


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_prefixes_are_taken_as_they_were_sampled(name):
    """E Σ KL is the divergence of whole warmups; its gradient lacks E (Σ KL) ∇ log P(c|x)."""
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    criterion = Criterion(model, METHOD, seed=1)  # the model as it is now is the start model
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

    def log_probability(of):
        branches = lay_out(of.tokens, every, batch["labels"][:1])
        return score(of, of.network, encode(of, [SOURCES[0]]), branches).s[0]

    def gradient(value):
        weights = [w for w in model.network.parameters() if w.requires_grad]
        found = torch.autograd.grad(
            value, weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in found])

    anchored, free = (criterion.losses(model.network, batch, update)[0] for update in (0, 1))
    divergence = anchored - free
    s = log_probability(model)
    whole = (s.exp() * (s - log_probability(criterion.start).detach())).sum()
    torch.testing.assert_close((s.exp() * divergence).sum(), whole, atol=1e-5, rtol=0)
    lacking = (s.exp() * divergence.detach()).sum()
    exact, lacks = gradient(whole), gradient(lacking)
    found = gradient((log_probability(model).exp().detach() * divergence).sum())
    torch.testing.assert_close(found, exact - lacks, atol=1e-4, rtol=0)
    assert lacks.norm() > 0.01 * exact.norm()
