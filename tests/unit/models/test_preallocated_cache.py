"""A cache with room holds what one that is joined at every step holds."""

import pytest
import torch
from transformers import DynamicCache

from warmup.models import preallocated_cache
from warmup.models.preallocated_cache import RoomyLayer, roomy_cache


def states(tokens, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, tokens, 5, generator=generator)


@pytest.mark.parametrize("room", [0, 1, 4, 64])
def test_all_tokens_are_there_whatever_room_there_is(monkeypatch, room):
    monkeypatch.setattr(preallocated_cache, "ROOM", room)
    first = tuple((states(4, layer), states(4, 10 + layer)) for layer in range(2))
    ours, plain = roomy_cache(first), DynamicCache()
    for layer, (k, v) in enumerate(first):
        plain.update(k, v, layer)
    for step, tokens in enumerate([1, 1, 3, 1, 7, 1]):
        for layer in range(2):
            new = states(tokens, 100 + step), states(tokens, 200 + step)
            found, expected = ours.update(*new, layer), plain.update(*new, layer)
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
        assert ours.get_seq_length() == plain.get_seq_length()
        assert ours.get_mask_sizes(1, 0) == plain.get_mask_sizes(1, 0)
    assert {type(layer) for layer in ours.layers} == {RoomyLayer}


def test_a_step_copies_nothing_but_its_own_tokens():
    cache = roomy_cache(((states(4, 0), states(4, 1)),))
    before = cache.layers[0].keys.data_ptr()
    cache.update(states(1, 2), states(1, 3), 0)
    assert cache.layers[0].keys.data_ptr() == before


def test_the_given_states_are_left_as_they_are():
    given = states(4, 0)
    kept = given.clone()
    cache = roomy_cache(((given, given),))
    cache.update(states(1, 2), states(1, 3), 0)
    assert torch.equal(given, kept)
