"""The model that a trainer is given: a network, one that `peft` has wrapped, or its name."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import cached_file

from warmup.common import plugins
from warmup.common.errors import InputError, out_of_memory
from warmup.config.settings import CheckpointFormat
from warmup.models import loading, lora, marker_rows
from warmup.models.checkpoint_format import FORMAT_FILE, read_format
from warmup.models.interface import LanguageModel
from warmup.training.arguments import WarmupConfig


def prepare(
    model: Any, tokenizer: PreTrainedTokenizerBase | None, args: WarmupConfig
) -> tuple[LanguageModel, CheckpointFormat]:
    """Return a model with its control tokens, and the content of its `warmup.json`.

    A model that was not trained with warmups gets its separator from the end token, as in every
    run of the pipeline.

    Args:
        model: what `WarmupTrainer` takes.
        tokenizer: its tokenizer; None for that of its name or folder.
        args: the settings.

    Raises:
        InputError: there is no such model or tokenizer, or it is of no use here.
    """
    if isinstance(model, LanguageModel):  # of the pipeline, which has prepared it
        return model, args.checkpoint_format(architecture_of(model.network.config))
    if isinstance(model, str | Path):
        model = load(str(model), args)
    is_adapted = hasattr(model, "get_base_model")
    network = of_peft(model) if is_adapted else model
    if not isinstance(network, PreTrainedModel):
        raise InputError(
            "model: needs a network of transformers, a PeftModel, or a name or folder, not "
            f"{type(model).__name__}"
        )
    check_precision(network)
    form = args.checkpoint_format(architecture_of(network.config))
    name = str(network.config._name_or_path)
    found = loading.assemble(network, tokenizer or load_tokenizer(name), form)
    if form.max_warmup_tokens is not None and not knows_warmups(name):
        loading.init_separator_from_eos(found)
    if is_adapted:  # its embeddings are frozen, and the separator has to get a meaning
        marker_rows.add(found.network, list(found.markers))
    return found, form


def architecture_of(config: Any) -> str:
    """Return the module of `warmup.models.architectures` for a network's configuration."""
    return "encoder_decoder" if config.is_encoder_decoder else "decoder_only"


def load(name: str, args: WarmupConfig) -> PreTrainedModel:
    """Load a network in float32 from a folder or the Hub: safetensors only, and no code is run.

    Raises:
        InputError: there is no such model, or it cannot be loaded.
    """
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        architecture = args.architecture or architecture_of(config)
        auto = plugins.load("architecture", architecture).MODEL.auto_class
        network: PreTrainedModel = auto.from_pretrained(
            name, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
    except Exception as error:  # each model type checks its configuration in its own way
        if out_of_memory(error):
            raise
        raise InputError(f"model {name!r}: cannot load: {_line(error)}") from None
    return network


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model.

    Raises:
        InputError: the model has none there.
    """
    try:
        found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name)
    except Exception as error:
        raise InputError(
            f"processing_class: the model {name!r} comes without a tokenizer ({_line(error)}); "
            "give one, such as AutoTokenizer.from_pretrained(NAME)"
        ) from None
    return found


def of_peft(model: Any) -> Any:
    """Return the network in a `PeftModel`, with its adapter inside.

    Raises:
        InputError: its adapter is not one that `warmup.models.lora` can merge.
    """
    adapters = model.peft_config
    kinds = {adapter.peft_type.value for adapter in adapters.values()}
    if kinds != {"LORA"} or list(adapters) != ["default"]:
        raise InputError(
            f"model: needs one adapter of type LORA with the name default; it has "
            f"{', '.join(adapters)} of type {', '.join(sorted(kinds))}"
        )
    if adapters["default"].modules_to_save:
        raise InputError(
            "model: modules_to_save: not supported; the rows of the separator are trained anyway"
        )
    lora.check_layers(model)
    return model.get_base_model()


def check_precision(model: torch.nn.Module) -> None:
    """Check that the weights that are trained are float32, since small updates would be lost.

    Raises:
        InputError: they are not.
    """
    types = {p.dtype for p in model.parameters() if p.requires_grad} - {torch.float32}
    if types:
        name = str(types.pop()).removeprefix("torch.")
        raise InputError(
            f"model: its weights are {name}, in which small updates are lost; load it with "
            "dtype=torch.float32, and set bf16=True for arithmetic in bfloat16"
        )


def knows_warmups(name: str) -> bool:
    """Return whether a model, by its folder or its name, was trained with warmups."""
    if not name:  # of a network that was made from a configuration
        return False
    found = cached_file(
        name,
        FORMAT_FILE,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return found is not None and read_format(Path(found).parent).max_warmup_tokens is not None


def _line(error: BaseException) -> str:
    """Return the beginning of an error's message as one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__
