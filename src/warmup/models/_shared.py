"""Cross-attention in which the branches of an example share the keys and values of its input."""

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "sdpa_shared"


def share_keys(network: PreTrainedModel) -> bool:
    """Let rows of a network's decoder share encoded inputs; say whether it can.

    The decoder may then have N rows for each row of the encoder's states, those of an example one
    after the other. Nothing else changes.
    """
    if network.config._attn_implementation == "sdpa":
        network.set_attn_implementation(NAME)
    return bool(network.config._attn_implementation == NAME)


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    position_bias: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as `sdpa` of `transformers` does, N rows of queries to each row of keys.

    Args:
        module: the layer.
        query: [B·N, heads, L, D]
        key: [B, heads, S, D]
        value: likewise.
        attention_mask: [B, 1, L, S] if N > 1, the same for all L.
        position_bias: [1, heads, L, S]
        kwargs: further settings.

    Returns:
        [B·N, L, heads, D], and no weights.
    """
    branches, length = len(query) // len(key), query.shape[2]
    if branches > 1:  # as one row of N·L queries, which is a view
        query = query.unflatten(0, (-1, branches)).transpose(1, 2).flatten(2, 3)
        if attention_mask is not None:
            attention_mask = attention_mask[:, :, :1]
        if position_bias is not None:
            position_bias = position_bias.repeat(1, 1, branches, 1)
    output, _ = sdpa_attention_forward(
        module, query, key, value, attention_mask, position_bias=position_bias, **kwargs
    )
    return output.unflatten(1, (branches, length)).flatten(0, 1), None


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
