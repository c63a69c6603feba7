"""The weights that a token meets on its way through a network."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Network:
    """Numbers of weights, by where they are; the embedding is looked up and not among them."""

    width: int
    inner: int
    """Width of the feed-forward layers."""
    vocabulary: int
    heads: int
    """A, the width of all attention heads together."""
    source: int
    source_layers: int
    bridge: int
    decoder: int
    decoder_layers: int


def measure(network: PreTrainedModel) -> Network:
    """Count the weights of a T5-type or decoder-only network of `transformers`."""
    config = network.config
    both = config.is_encoder_decoder
    bridge = source = decoder = 0
    for name, module in network.named_modules():
        if not isinstance(module, torch.nn.Linear) or module is network.get_output_embeddings():
            continue
        if ".EncDecAttention.k" in name or ".EncDecAttention.v" in name:
            bridge += module.weight.numel()
        elif name.startswith("encoder."):
            source += module.weight.numel()
        else:
            decoder += module.weight.numel()
    layers = config.num_decoder_layers if both else config.num_hidden_layers
    return Network(
        width=config.hidden_size,
        inner=config.d_ff if both else config.intermediate_size,
        vocabulary=config.vocab_size,
        heads=config.num_attention_heads * (config.d_kv if both else config.head_dim),
        source=source if both else decoder,
        source_layers=config.num_hidden_layers if both else layers,
        bridge=bridge,
        decoder=decoder,
        decoder_layers=layers,
    )
