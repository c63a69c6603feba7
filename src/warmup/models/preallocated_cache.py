"""A cache of keys and values with room to grow, so that a step copies its own token only."""

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM = 64
"""Tokens that fit in behind the first ones before memory is asked for again."""


class RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped
    """Behaves as its base class does, but without a gradient: what it returns is written to."""

    keys: torch.Tensor
    values: torch.Tensor
    memory: list[torch.Tensor]
    """Keys and values [B, H, room, D], of which `keys` and `values` are the beginning."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens [B, H, T, D]; return all there are."""
        filled = self.get_seq_length()
        length = filled + key_states.shape[2]
        if not filled or length > self.memory[0].shape[2]:
            old = (self.keys, self.values) if filled else ()
            self.memory = [_longer(states, length + ROOM) for states in (key_states, value_states)]
            for memory, states in zip(self.memory, old, strict=False):
                memory[:, :, :filled] = states
            if not filled:
                self.lazy_initialization(key_states, value_states)
        for memory, states in zip(self.memory, (key_states, value_states), strict=True):
            memory[:, :, filled:length] = states
        self.keys, self.values = (memory[:, :, :length] for memory in self.memory)
        return self.keys, self.values


def roomy_cache(keys: tuple[tuple[torch.Tensor, torch.Tensor], ...]) -> DynamicCache:
    """Return a cache that holds the keys and values [B, H, T, D] of each layer."""
    cache = DynamicCache()
    cache.layer_class_to_replicate = RoomyLayer
    for layer, (k, v) in enumerate(keys):
        cache.update(k, v, layer)
    return cache


def _longer(states: torch.Tensor, length: int) -> torch.Tensor:
    batch, heads, _, width = states.shape
    return states.new_empty(batch, heads, length, width)
