"""A preallocated cache holds what a cache that is concatenated at every step holds."""

import torch
from transformers import DynamicCache

from warmup.models.preallocated_cache import PreallocatedLayer, preallocated_cache


def states(tokens, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, tokens, 5, generator=generator)


def test_all_tokens_are_kept_however_often_memory_is_allocated():
    first = tuple((states(4, layer), states(4, 10 + layer)) for layer in range(2))
    ours, plain = preallocated_cache(first), DynamicCache()
    for layer, (k, v) in enumerate(first):
        plain.update(k, v, layer)
    # the spare memory is filled exactly, exceeded by one token, and exceeded by far
    for step, tokens in enumerate([1, 3, 60, 1, 1, 200, 63, 1, 1]):
        for layer in range(2):
            new = states(tokens, 100 + step), states(tokens, 200 + step)
            found, expected = ours.update(*new, layer), plain.update(*new, layer)
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
        assert ours.get_seq_length() == plain.get_seq_length()
        assert ours.get_mask_sizes(1, 0) == plain.get_mask_sizes(1, 0)
    assert {type(layer) for layer in ours.layers} == {PreallocatedLayer}


def test_a_step_copies_nothing_but_its_own_tokens():
    cache = preallocated_cache(((states(4, 0), states(4, 1)),))
    before = cache.layers[0].keys.data_ptr()
    cache.update(states(1, 2), states(1, 3), 0)
    assert cache.layers[0].keys.data_ptr() == before


def test_the_given_states_are_left_as_they_are():
    given = states(4, 0)
    kept = given.clone()
    cache = preallocated_cache(((given, given),))
    cache.update(states(1, 2), states(1, 3), 0)
    assert torch.equal(given, kept)
