"""Attention masks of packed branches, for every attention and window that a network has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

ATTENTIONS = ("eager", "sdpa")
"""Attentions that take a mask of any form; `transformers` chooses one of them by itself."""


@contextmanager
def packed(allowed: torch.Tensor, positions: torch.Tensor) -> Iterator[None]:
    """Let a network that is called within attend among packed branches.

    `transformers` describes a layer's mask by a function of two indices (causal, a window, a
    chunk) and hands it to the function that makes a mask for the attention in use: of booleans, or
    of what is added to the scores. Here it is given positions in the place of indices, so that a
    window counts the tokens of prompt and branch and not those of other branches between them.

    Args:
        allowed: [B, Q, K] bool, which keys a query may attend to at all.
        positions: [B, K] of the tokens that are cached, then of the Q that are fed.
    """
    functions = ALL_MASK_ATTENTION_FUNCTIONS
    for name in ATTENTIONS:
        functions[name] = _among(functions[name], allowed, positions)
    try:
        yield
    finally:
        for name in ATTENTIONS:
            del functions[name]


def _among(
    make: Callable[..., Any], allowed: torch.Tensor, positions: torch.Tensor
) -> Callable[..., Any]:
    """Return `make` with positions in the place of indices."""
    queries, keys = positions[:, None, -allowed.shape[1] :, None], positions[:, None, None]

    def mask(*, mask_function: Callable[..., torch.Tensor], **settings: Any) -> Any:
        def reaches(batch: Any, head: Any, _query: Any, _key: Any) -> torch.Tensor:
            return mask_function(batch, head, queries, keys) & allowed[:, None]

        # padding is in `allowed`, and nothing may be left to a flag that says "causal"
        own = {"attention_mask": None, "allow_is_causal_skip": False, "use_vmap": False}
        return make(mask_function=reaches, **settings | own)

    return mask
