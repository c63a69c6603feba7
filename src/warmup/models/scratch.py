"""Make a network with random weights, or say which setting makes that impossible."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedModel, PreTrainedTokenizerBase

from warmup.common import plugins
from warmup.common.errors import InputError, out_of_memory

_LAYERS = ("num_hidden_layers", "num_decoder_layers", "decoder_layers")
"""Names of the number of layers in configurations of `transformers`."""


def make(
    architecture: str, scratch: Mapping[str, Any], tokenizer: PreTrainedTokenizerBase
) -> PreTrainedModel:
    """Return a network with random weights that can read and predict tokens.

    Args:
        architecture: a module of `warmup.models`.
        scratch: `model_type` and settings of that type's configuration.
        tokenizer: its vocabulary and special tokens become those of the network.

    Raises:
        InputError: the model type is unknown, its configuration has no such setting, or the
            settings make no such network; the message names the settings that are likely wrong.
    """
    settings = dict(scratch)
    model_type = settings.pop("model_type")
    if model_type not in CONFIG_MAPPING:
        raise InputError(f"scratch.model_type: transformers has no type {model_type!r}")
    try:
        config = AutoConfig.for_model(model_type)
    except Exception as error:  # some types reject their own defaults
        said = " ".join(str(error).split())
        raise InputError(f"scratch.model_type: no network of type {model_type}: {said}") from None
    known = config.to_dict() | config.attribute_map
    start = {"decoder_start_token_id": tokenizer.pad_token_id}
    if config.is_encoder_decoder:
        known = start | known  # not every such type lists it
    if "vocab_size" not in known:
        parts = ", ".join(config.sub_configs)
        raise InputError(
            f"scratch.model_type: {model_type} has no vocabulary of its own: it is made of "
            f"{parts}; choose a type of one network, for text"
        )
    if extra := sorted(set(settings) - set(known)):
        raise InputError(
            f"scratch.{extra[0]}: not a setting of {model_type}; it has: {', '.join(sorted(known))}"
        )
    of_tokenizer = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    if taken := sorted(settings.keys() & of_tokenizer.keys()):
        raise InputError(f"scratch.{taken[0]}: cannot be set; the tokenizer decides it")
    try:
        auto_class = plugins.load("architecture", architecture).MODEL.auto_class
        filled = AutoConfig.for_model(model_type, **(start | settings | of_tokenizer))
        return _build(auto_class, filled)
    except InputError:
        raise
    except Exception as error:  # each model type checks its settings in its own way
        if out_of_memory(error):
            raise
        said = " ".join(str(error).split())
    strange = [key for key, value in settings.items() if _is_strange(value, known[key])]
    named = ", ".join(f"scratch.{key}: {settings[key]!r}" for key in strange) or "scratch"
    raise InputError(f"{named}: no {architecture} network of type {model_type}: {said}")


def _build(auto_class: Any, config: Any) -> PreTrainedModel:
    """Return the network after a forward pass over two tokens; any exception means it failed."""
    if any(isinstance(n := getattr(config, key, 1), int) and n < 1 for key in _LAYERS):
        raise ValueError("it needs at least one layer")
    layers = getattr(config, "num_hidden_layers", math.inf)
    if (getattr(config, "num_decoder_layers", None) or 0) > layers:
        raise InputError(
            "scratch.num_decoder_layers: generate() of transformers cannot run a T5 that has more "
            "of them than num_layers"
        )
    network: PreTrainedModel = auto_class.from_config(config)
    if any(0 in weight.shape for weight in network.parameters()):
        raise ValueError("a matrix of weights has no elements")
    tokens = torch.tensor([[config.eos_token_id] * 2])
    decoder = {"decoder_input_ids": tokens} if config.is_encoder_decoder else {}
    with torch.no_grad(), torch.random.fork_rng([]):
        logits = network(input_ids=tokens, use_cache=False, **decoder).logits
    if not bool(logits.isfinite().all()):
        raise ValueError("its logits are not finite numbers")
    return network


def _is_strange(value: Any, default: Any) -> bool:
    """Return whether a setting is suspect: of another type than the default, or too small."""
    if type(value) is not type(default):
        return True
    positive = isinstance(value, int) and default > 0
    return isinstance(value, int | float) and value < (1 if positive else 0)
