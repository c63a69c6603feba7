"""Numbers of weights in the parts of a network, which determine its operations per token."""

from dataclasses import dataclass

import torch
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Network:
    """Numbers of weights by part; the embedding is not counted, since it is only looked up."""

    width: int
    inner: int
    """Width of the feed-forward layers."""
    vocabulary: int
    heads: int
    """A, the width of all attention heads together."""
    source: int
    """Weights for a token of x: the encoder, or a decoder up to the last layer's keys and values,
    since other tokens use nothing beyond those."""
    source_layers: int
    """Layers in which tokens of x attend."""
    bridge: int
    """Weights of the keys and values that cross-attention takes from x."""
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
    if not both:
        last = network.base_model.layers[-1]
        seen = (last.self_attn.k_proj, last.self_attn.v_proj)
        unseen = [m for m in last.modules() if isinstance(m, torch.nn.Linear) and m not in seen]
        source = decoder - sum(module.weight.numel() for module in unseen)
    return Network(
        width=config.hidden_size,
        inner=config.d_ff if both else config.intermediate_size,
        vocabulary=config.vocab_size,
        heads=config.num_attention_heads * (config.d_kv if both else config.head_dim),
        source=source,
        source_layers=config.num_hidden_layers if both else layers - 1,
        bridge=bridge,
        decoder=decoder,
        decoder_layers=layers,
    )
