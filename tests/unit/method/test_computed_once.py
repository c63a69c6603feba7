"""Nothing is computed twice: inputs once for all warmups, and no step after their ends."""

import copy

import pytest
import torch

from helpers import tiny
from warmup.data.batches import pad
from warmup.generation import greedy_search
from warmup.method.criterion import Criterion
from warmup.method.random_numbers import uniforms
from warmup.method.sampling import sample

LONGEST, SAMPLES = 8, 4
SOURCES = [[0, 1, 2], [3], [4, 4, 0, 1]]
KEYS = ("EncDecAttention.k", "encoder_attn.k_proj")
"""Ends of the names of modules that make the keys of cross-attention, in T5 and in BART."""


def own(name):
    """Return a tiny model that may be changed."""
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network)
    return model


def inputs(model):
    rows = [[model.tokenizer.convert_tokens_to_ids(tiny.WORDS[i]) for i in x] for x in SOURCES]
    mask = pad([[1] * len(row) for row in rows], 0, model.pads_left)
    return pad(rows, model.tokens.pad, model.pads_left), mask


def prefer(model, *tokens):
    """Let the network say nothing but these tokens, wherever they are allowed."""
    head = model.network.get_output_embeddings()
    head.bias = torch.nn.Parameter(torch.zeros(len(head.weight)))
    with torch.no_grad():
        head.bias[list(tokens)] = 1e4


def calls_of(model):
    """Return a list that grows by one whenever the network is called with START or a token."""
    calls = []
    model.network.register_forward_hook(lambda *_: calls.append(1))
    return calls


@pytest.mark.parametrize("name", ["t5", "bart", "llama"])
def test_sampling_stops_when_all_warmups_have_ended(name):
    model = own(name)
    uniform = uniforms(1, 0, torch.arange(len(SOURCES)), SAMPLES, LONGEST)

    def draw():
        source = model.encode(*inputs(model))
        return sample(model, source, max_tokens=LONGEST, temperature=1.0, uniform=uniform)[0]

    prefer(model, model.tokenizer.convert_tokens_to_ids(tiny.WORDS[0]))
    calls = calls_of(model)
    assert draw().forced.all()
    assert len(calls) == LONGEST  # START, and each token but the last
    calls.clear()
    prefer(model, model.tokens.separator)
    assert (draw().lengths == 0).all()
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["t5", "bart", "llama"])
@pytest.mark.parametrize("limit", [None, LONGEST])
def test_greedy_search_stops_when_all_sequences_have_ended(name, limit):
    model = own(name)
    prefer(model, model.tokens.separator if limit else model.tokens.end, model.tokens.end)
    calls = calls_of(model)
    with torch.no_grad():
        source = model.encode(*inputs(model))
        found = greedy_search.search(
            model,
            source,
            max_warmup_tokens=limit,
            max_new_tokens=2 * LONGEST,
            end=model.tokens.end,
        )
    generated = [model.tokens.separator, model.tokens.end] if limit else [model.tokens.end]
    assert found.ids.tolist() == [generated] * len(SOURCES)
    assert len(calls) == len(generated)


@pytest.mark.parametrize("name", ["t5", "mt5", "bart"])
@pytest.mark.parametrize("draws", [None, 2])
def test_an_update_encodes_an_input_once_and_makes_its_keys_for_all_warmups(name, draws):
    model = own(name)
    sampling = {
        "samples": SAMPLES, "max_tokens": LONGEST, "temperature": 1.0,
        "predefined": None, "backprop_samples": draws, "adaptive_samples": None, "settle": 0,
    }  # fmt: skip
    run = tiny.resolved("warmup", sampling=sampling, reference_kl=None)
    settings = tiny.typed(run).method
    input_ids, mask = inputs(model)
    batch = {
        "input_ids": input_ids,
        "mask": mask,
        "labels": torch.full((len(SOURCES), 1), model.tokens.end),
        "index": torch.arange(len(SOURCES)),
    }
    criterion = Criterion(model, settings, seed=1)
    encoded, rows = [], []
    model.network.get_encoder().register_forward_hook(lambda *_: encoded.append(1))
    layers = [m for path, m in model.network.named_modules() if path.endswith(KEYS)]
    for layer in layers:
        layer.register_forward_hook(lambda _, states, __: rows.append(len(states[0])))
    _, notes = criterion.losses(model.network, batch, 0)
    assert notes["warmup_length"].max() > 0
    assert len(encoded) == 1
    assert len(rows) >= 2 * len(layers) > 0  # in sampling and in scoring
    assert set(rows) == {len(SOURCES)}
