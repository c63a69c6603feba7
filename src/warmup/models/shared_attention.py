"""Cross-attention in which the branches of an example share the keys and values of its input."""

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "sdpa_shared"
MODEL_TYPES = ("bart", "mbart", "mt5", "pegasus", "t5")
"""Model types whose cross-attention takes its batch size from the keys."""


def share_keys(network: PreTrainedModel) -> None:
    """Switch a network to shared cross-attention, if its type and attention allow it.

    Its decoder may then have N rows for each row of the encoder's states; the rows of an example
    are consecutive. The network otherwise computes what it did.
    """
    config = network.config
    if config.model_type in MODEL_TYPES and config._attn_implementation == "sdpa":
        network.set_attn_implementation(NAME)


def shares_keys(network: PreTrainedModel) -> bool:
    """Return whether `share_keys` has switched the network."""
    return bool(network.config._attn_implementation == NAME)


def _attention(  # noqa: PLR0917  # called by transformers
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    position_bias: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as `sdpa` of `transformers` does, with N rows of queries per row of keys.

    Args:
        module: the layer.
        query: [B·N, heads, L, D]
        key: [B, heads, S, D]
        value: [B, heads, S, D]
        attention_mask: [B, 1, L, S]; if N > 1 it is the same for all L.
        position_bias: [1, heads, L, S]
        kwargs: further settings.

    Returns:
        [B·N, L, heads, D], and None instead of attention weights.
    """
    branches, length = len(query) // len(key), query.shape[2]
    if branches > 1:  # one row of N·L queries, which is a view
        query = query.view(-1, branches, *query.shape[1:]).transpose(1, 2).flatten(2, 3)
        if attention_mask is not None:
            attention_mask = attention_mask[:, :, :1]
        if position_bias is not None:
            position_bias = position_bias.repeat(1, 1, branches, 1)
    output, _ = sdpa_attention_forward(
        module, query, key, value, attention_mask, position_bias=position_bias, **kwargs
    )
    return output.reshape(-1, length, *output.shape[2:]), None


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
