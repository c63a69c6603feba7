"""Low-rank adaptation (LoRA) by `peft`: a few small matrices are trained, and the rest is frozen.

A chosen linear layer x·Wᵀ becomes x·Wᵀ + (alpha / rank) · x·Aᵀ·Bᵀ, with A [rank, in] at random and
B [out, rank] at first 0, so that the network begins as it was. W gets no gradient. The rows of the
tokens that mark parts of a sequence are trained too, see `warmup.models.marker_rows`.
"""

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.config.settings import LoraConfig
from warmup.models import marker_rows
from warmup.models.interface import LanguageModel

FOLDER = "adapter"
"""Folder of a trained model with what was trained, in the layout of `peft`. In the folder of the
model itself `transformers` would add the adapter to weights that contain it already."""
_LINEAR = (torch.nn.Linear, Conv1D)
_ADAPTER = "default"
_PART = ".lora_"
"""In the names of the matrices A and B; what is before it is the name of the layer."""


def adapt(model: LanguageModel, settings: LoraConfig, seed: int) -> None:
    """Freeze a model's network and give it an adapter, in place.

    Args:
        model: with the weights that training starts from.
        settings: rank, alpha, dropout, and the names of the layers.
        seed: of the matrices A.

    Raises:
        InputError: `peft` is not installed, or the network has no such layers.
    """
    peft_version()
    import peft  # noqa: PLC0415  # takes seconds, and is not always there

    network = model.network
    config = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=sorted(_targets(network, settings)),
    )
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        peft.inject_adapter_in_model(config, network, _ADAPTER)
    check_layers(network)
    marker_rows.add(network, list(model.markers))


def peft_version() -> str:
    """Return the version of `peft`.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.metadata.version("peft")
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            "lora: needs peft, which is not installed: pip install 'peft>=0.19,<0.20'"
        ) from None


def describe(network: torch.nn.Module) -> str:
    """Return a phrase with the number of weights that are trained."""
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    frozen = sum(each.numel() for each in network.parameters() if not each.requires_grad)
    return f"LoRA: {trained:,} weights are trained, {frozen:,} are frozen"


def _targets(network: PreTrainedModel, settings: LoraConfig) -> set[str]:
    """Return the names of the layers to adapt, without the names of the parts that they are in."""
    from peft.utils import (  # noqa: PLC0415
        TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as USUAL,
    )

    head = network.get_output_embeddings()
    linear = {
        name.rpartition(".")[2]
        for name, layer in network.named_modules()
        if isinstance(layer, _LINEAR) and layer is not head
    }
    kind = network.config.model_type
    targets = set(settings.targets or USUAL.get(kind, ()))
    choices = ", ".join(sorted(linear))
    if not targets:
        raise InputError(f"lora.targets: peft has none for type {kind!r}; choose from: {choices}")
    if unknown := sorted(targets - linear):
        raise InputError(f"lora.targets: unknown {unknown[0]!r}; choose from: {choices}")
    return targets


def check_layers(network: torch.nn.Module) -> None:
    """Check the layers of an adapter that was made elsewhere.

    Raises:
        InputError: one is not a linear layer, such as the embeddings, whose change would not reach
            the output layer that is tied to them.
    """
    for name, layer in _layers(network):
        if not isinstance(layer.get_base_layer(), _LINEAR):
            raise InputError(f"model: its adapter changes {name}, which is not a linear layer")


def is_adapted(network: torch.nn.Module) -> bool:
    """Return whether a network has an adapter."""
    return marker_rows.of(network) is not None


@contextmanager
def adapter_off(network: torch.nn.Module) -> Iterator[None]:
    """Let an adapted network compute, within the context, what it did before it was adapted."""
    rows = marker_rows.of(network)
    assert rows is not None
    layers = [layer for _, layer in _layers(network)]
    rows.enabled = False
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        rows.enabled = True
        for layer in layers:
            layer.enable_adapters(True)


def trained_weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights of an adapted network that are not frozen, by their names."""
    return {name: each.data for name, each in network.named_parameters() if each.requires_grad}


def merged_weights(network: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return the state of a network without an adapter that computes what the adapted one does."""
    state = {
        name.replace(".base_layer.", "."): value
        for name, value in network.state_dict().items()
        if _PART not in name and not name.startswith(f"{marker_rows.NAME}.")
    }
    with torch.no_grad():
        for name, layer in _layers(network):
            weight = layer.get_base_layer().weight
            state[f"{name}.weight"] = weight + layer.get_delta_weight(_ADAPTER).to(weight.dtype)
        changed = marker_rows.values(network)
    return state | {name: changed[key] for name, key in _embedding_names(network)}


def save_adapter(network: PreTrainedModel, folder: Path) -> None:
    """Write what was trained, so that `peft` loads it onto the model that training started from."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name.replace(f".{_ADAPTER}.", "."): value
        for name, value in trained_weights(network).items()
        if _PART in name
    }
    rows = dict(_token_rows(network))
    for name, (_, values) in rows.items():
        weights[f"{name}.token_adapter.trainable_tokens_delta"] = values
    settings = network.peft_config[_ADAPTER].to_dict().items()
    # sets have no order
    config = {key: sorted(each) if isinstance(each, set) else each for key, each in settings}
    config["trainable_token_indices"] = {name: ids for name, (ids, _) in rows.items()}
    write_json(folder / "adapter_config.json", config)
    named = {f"base_model.model.{name}": value.contiguous() for name, value in weights.items()}
    save_file(named, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def _token_rows(network: PreTrainedModel) -> Iterator[tuple[str, tuple[list[int], torch.Tensor]]]:
    """Yield the names of layers with trained rows, their tokens and rows, as `peft` has them.

    Layers that are tied are named once; `peft` finds the others by itself.
    """
    rows, head = marker_rows.of(network), network.get_output_embeddings()
    assert rows is not None
    names = {layer: name for name, layer in network.named_modules()}
    layers = marker_rows.embeddings(network)
    ids: list[int] = rows.ids.tolist()
    read = layers[0].weight.data[ids] + rows.read.data
    if rows.are_tied:
        yield names[network.get_input_embeddings()], (ids, read)
        return
    for layer in layers:
        yield names[layer], (ids, read.clone())
    # for a network whose configuration says wrongly that it is tied, as mT5's does, `peft` goes by
    # the tokens: they are not tied if they differ, so a token is added that is as it was
    other = next(token for token in range(len(head.weight)) if token not in ids)
    predicted = head.weight.data[[*ids, other]]
    predicted[: len(ids)] += rows.predicted.data
    yield names[head], ([*ids, other], predicted)


def _layers(network: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the layers with an adapter and their names."""
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415

    return ((name, each) for name, each in network.named_modules() if isinstance(each, LoraLayer))


def _embedding_names(network: PreTrainedModel) -> Iterator[tuple[str, str]]:
    """Yield the names of the changed matrices, and what `marker_rows.values` calls them."""
    layers, head = marker_rows.embeddings(network), network.get_output_embeddings()
    for name, layer in network.named_modules(remove_duplicate=False):
        if layer is head:
            yield f"{name}.weight", "predicted"
        elif any(layer is each for each in layers):
            yield f"{name}.weight", "read"
