"""Numbers of weights in the parts of a network, which determine its operations per token."""

import torch
from transformers import PreTrainedModel

from warmup.pipeline.forecast.operations import Network


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
