"""A cache of keys and values with spare memory: a decoding step copies only its own token."""

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

SPARE_TOKENS = 64
"""Tokens that a layer has spare memory for whenever it allocates."""


class PreallocatedLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped
    """Behaves as its base class does, but without a gradient: its tensors are overwritten."""

    keys: torch.Tensor
    values: torch.Tensor
    memory: list[torch.Tensor]
    """Memory of keys and values [B, H, length, D]; `keys` and `values` are its beginning."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of T tokens [B, H, T, D]; return those of all tokens."""
        filled = self.get_seq_length()
        length = filled + key_states.shape[2]
        if not filled or length > self.memory[0].shape[2]:
            old = (self.keys, self.values) if filled else ()
            size = length + SPARE_TOKENS
            self.memory = [_empty_like(states, size) for states in (key_states, value_states)]
            for memory, states in zip(self.memory, old, strict=False):
                memory[:, :, :filled] = states
            if not filled:
                self.lazy_initialization(key_states, value_states)
        for memory, states in zip(self.memory, (key_states, value_states), strict=True):
            memory[:, :, filled:length] = states
        self.keys, self.values = (memory[:, :, :length] for memory in self.memory)
        return self.keys, self.values


def preallocated_cache(keys: tuple[tuple[torch.Tensor, torch.Tensor], ...]) -> DynamicCache:
    """Return a cache that holds the given keys and values [B, H, T, D] of each layer."""
    cache = DynamicCache()
    cache.layer_class_to_replicate = PreallocatedLayer
    for layer, (k, v) in enumerate(keys):
        cache.update(k, v, layer)
    return cache


def _empty_like(states: torch.Tensor, length: int) -> torch.Tensor:
    """Return memory for `length` tokens."""
    batch, heads, _, width = states.shape
    return states.new_empty(batch, heads, length, width)
