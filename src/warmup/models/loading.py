"""Create, load and save networks in the plain `transformers` layout."""

from pathlib import Path

import torch
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from warmup.common import plugins
from warmup.common.errors import InputError, out_of_memory
from warmup.config.settings import CheckpointFormat, ModelConfig
from warmup.models import lora, scratch
from warmup.models.interface import LanguageModel, Tokens
from warmup.models.markers import marker


def load(folder: Path, spec: ModelConfig | CheckpointFormat) -> LanguageModel:
    """Load network and tokenizer from a local folder: safetensors only, and no code in it is run.

    Args:
        folder: a checkpoint in the `transformers` layout.
        spec: the model entry, or the format of a trained checkpoint.

    Raises:
        InputError: the folder has no usable checkpoint, weights are missing or not finite, or the
            vocabulary has no such separator or `prompt_end`.
    """
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: not a checkpoint (config.json is missing)")
    auto = plugins.load("architecture", spec.architecture).MODEL.auto_class
    try:
        network, found = auto.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=getattr(torch, spec.dtype),
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each model type checks its configuration in its own way
        if out_of_memory(error):
            raise
        raise InputError(f"{folder}: cannot load: {error}") from None
    if missing := sorted(found["missing_keys"]):  # they would be random
        raise InputError(f"{folder}: lacks {len(missing)} weights, such as {missing[0]}")
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            raise InputError(f"{folder}: the weight {name} has NaN or infinite values")
    return assemble(network, tokenizer, spec)


def create(spec: ModelConfig, tokenizer_folder: Path, seed: int) -> LanguageModel:
    """Make a network with random weights from an entry that has `scratch`.

    Raises:
        InputError: the model type is unknown, its configuration has no such key, or the settings
            make no network.
    """
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, local_files_only=True)
    torch.manual_seed(seed)
    network = scratch.make(spec.architecture, spec.scratch or {}, tokenizer)
    return assemble(network, tokenizer, spec)


def save(model: LanguageModel, folder: Path) -> None:
    """Write network and tokenizer so that plain `from_pretrained` loads them.

    An adapter is merged with the weights, and is written to a folder of its own, too.
    """
    network, is_adapted = model.network, lora.is_adapted(model.network)
    network.save_pretrained(folder, state_dict=lora.merged_weights(network) if is_adapted else None)
    model.tokenizer.save_pretrained(folder)
    if is_adapted:
        lora.save_adapter(network, folder / lora.FOLDER)


def init_separator_from_eos(model: LanguageModel) -> None:
    """Copy the output embedding of the end token to the separator: where a text would end, a
    warmup may end.

    A model that was not trained with warmups gives the separator almost no probability: every
    warmup would run to the length limit and end in noise.
    """
    weight = model.network.get_output_embeddings().weight
    with torch.no_grad():
        weight[model.tokens.separator] = weight[model.tokens.end]


def assemble(
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    spec: ModelConfig | CheckpointFormat,
) -> LanguageModel:
    """Return a network and its tokenizer as a model of the architecture.

    Args:
        network: the network; rules of its earlier training for generation are dropped.
        tokenizer: its tokenizer.
        spec: the model entry, or the format of a trained checkpoint.

    Raises:
        InputError: the network has no vocabulary head, or the vocabulary no such separator or
            `prompt_end`.
    """
    kind = plugins.load("architecture", spec.architecture).MODEL
    head = network.get_output_embeddings()
    if head is None:
        raise InputError(
            f"model type {network.config.model_type!r}: not supported: it has no vocabulary head"
        )
    if tokenizer.eos_token_id is None:
        raise InputError("tokenizer: it has no end-of-sequence token")
    separator = marker(tokenizer, "separator", spec.separator)
    start = kind.start_token(network, tokenizer, spec.prompt_end)
    if separator == start:
        raise InputError(
            f"separator: {spec.separator!r} is also the token that begins the decoder sequence"
        )
    unused = range(len(tokenizer), head.weight.shape[0])
    excluded = ({*tokenizer.all_special_ids, start, *unused}) - {separator}
    end = int(tokenizer.eos_token_id)
    pad = end if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)
    # drop rules of its earlier training, such as BART's forced first token
    network.generation_config = GenerationConfig(
        pad_token_id=pad,
        eos_token_id=end,
        decoder_start_token_id=start if network.config.is_encoder_decoder else None,
    )
    tokens = Tokens(start, separator, end, pad, tuple(sorted(excluded)))
    model: LanguageModel = kind(network, tokenizer, tokens)
    return model
