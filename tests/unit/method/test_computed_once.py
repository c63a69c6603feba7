"""No step is taken that is not needed: inputs once for all warmups, none behind their ends."""

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


@pytest.fixture
def steps(monkeypatch):
    """Return a function that counts the steps of a model, from then on, in what it returns."""

    def count(model):
        made = []
        plain = model.decode_step
        monkeypatch.setattr(
            model, "decode_step", lambda tokens, cache: made.append(1) or plain(tokens, cache)
        )
        return made

    return count


@pytest.mark.parametrize("name", ["t5", "bart", "llama"])
def test_sampling_stops_where_all_warmups_have_ended(name, steps):
    model = own(name)
    uniform = uniforms(1, 0, torch.arange(len(SOURCES)), SAMPLES, LONGEST)

    def draw():
        source = model.encode(*inputs(model))
        return sample(model, source, max_tokens=LONGEST, temperature=1.0, uniform=uniform)[0]

    prefer(model, model.tokenizer.convert_tokens_to_ids(tiny.WORDS[0]))
    made = steps(model)
    assert draw().forced.all()
    assert len(made) == LONGEST - 1  # START comes before the first of them
    made.clear()
    prefer(model, model.tokens.separator)
    assert (draw().lengths == 0).all()
    assert not made


@pytest.mark.parametrize("name", ["t5", "bart", "llama"])
@pytest.mark.parametrize("limit", [None, LONGEST])
def test_greedy_writing_stops_where_all_sequences_have_ended(name, limit, steps):
    model = own(name)
    prefer(model, model.tokens.separator if limit else model.tokens.end, model.tokens.end)
    made = steps(model)
    with torch.no_grad():
        source = model.encode(*inputs(model))
        found = greedy_search.search(
            model, source, max_warmup_tokens=limit, max_new_tokens=2 * LONGEST, end=model.tokens.end
        )
    written = [model.tokens.separator, model.tokens.end] if limit else [model.tokens.end]
    assert found.ids.tolist() == [written] * len(SOURCES)
    assert len(made) == len(written) - 1


@pytest.mark.parametrize("name", ["t5", "mt5", "bart"])
@pytest.mark.parametrize("draws", [None, 2])
def test_an_update_encodes_an_input_once_and_makes_its_keys_for_all_warmups(name, draws):
    model = own(name)
    sampling = {
        "samples": SAMPLES, "max_tokens": LONGEST, "temperature": 1.0,
        "predefined": None, "backprop_samples": draws, "adaptive_samples": None, "settle": 0,
    }  # fmt: skip
    settings = {
        "objective": "reweighted",
        "objective_settings": {},
        "sampling": sampling,
        "reference_kl": None,
    }
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
