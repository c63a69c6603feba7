"""Attention masks of packed branches, for every kind of attention and window of a network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

ATTENTIONS = ("eager", "sdpa")
"""Attention implementations that take any mask; `transformers` chooses one of them by default."""


@contextmanager
def packed(allowed: torch.Tensor, positions: torch.Tensor) -> Iterator[None]:
    """Let a network that is called within the context attend among packed branches.

    `transformers` describes a layer's mask by a function of a query index and a key index (causal,
    a window, a chunk). It hands that function to the builder of masks for the attention in use,
    boolean or additive. Within this context the function gets positions instead of indices, so
    that a window counts the tokens of prompt and branch, and not those of other branches between.

    Args:
        allowed: [B, Q, K] bool, which keys a query may attend to at all.
        positions: [B, K] positions of the cached tokens, then of the Q tokens that are fed.
    """
    functions = ALL_MASK_ATTENTION_FUNCTIONS
    for name in ATTENTIONS:
        functions[name] = _by_position(functions[name], allowed, positions)
    try:
        yield
    finally:
        for name in ATTENTIONS:
            del functions[name]


def _by_position(
    make: Callable[..., Any], allowed: torch.Tensor, positions: torch.Tensor
) -> Callable[..., Any]:
    """Return the mask builder `make` with positions instead of indices."""
    queries, keys = positions[:, None, -allowed.shape[1] :, None], positions[:, None, None]

    def mask(*, mask_function: Callable[..., torch.Tensor], **settings: Any) -> Any:
        def reaches(batch: Any, head: Any, _query: Any, _key: Any) -> torch.Tensor:
            return mask_function(batch, head, queries, keys) & allowed[:, None]

        # `allowed` has the padding, and a mask must be built even if it looks causal
        own = {"attention_mask": None, "allow_is_causal_skip": False, "use_vmap": False}
        return make(mask_function=reaches, **settings | own)

    return mask
