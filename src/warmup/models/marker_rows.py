"""Train the vectors of a few tokens while the matrix of all embeddings is frozen.

The tokens that mark parts of a sequence, such as the separator, mean nothing to a pretrained
network. With LoRA its embeddings are frozen, so a change is trained for these rows alone: it is
added where the network reads such a token, and where it predicts one.
"""

from typing import Any

import torch
from torch.nn.functional import linear
from transformers import PreTrainedModel

from warmup.common.errors import InputError

NAME = "marker_rows"
"""Attribute of a network, and the beginning of the names of the changes in its state."""


class MarkerRows(torch.nn.Module):
    """Changes of the rows of some tokens, at first 0.

    Args:
        ids: the R tokens.
        width: D, of the embeddings.
        tied: whether the network predicts tokens with the matrix that it reads them with.

    Attributes:
        ids: [R]
        enabled: whether the changes are added.
    """

    ids: torch.Tensor

    def __init__(self, ids: list[int], width: int, tied: bool) -> None:
        super().__init__()
        self.register_buffer("ids", torch.tensor(ids), persistent=False)
        zeros = (torch.zeros(len(ids), width) for _ in range(1 if tied else 2))
        self.changes = torch.nn.ParameterList(zeros)
        self.enabled = True

    @property
    def are_tied(self) -> bool:
        """Whether tokens are read and predicted with the same rows."""
        return len(self.changes) == 1

    @property
    def read(self) -> torch.Tensor:
        """Changes of the embeddings of the tokens [R, D]."""
        change: torch.Tensor = self.changes[0]
        return change

    @property
    def predicted(self) -> torch.Tensor:
        """Changes of the rows of the output layer [R, D]."""
        change: torch.Tensor = self.changes[-1]
        return change


def add(network: PreTrainedModel, ids: list[int]) -> None:
    """Let the rows of some tokens be trained; all other weights stay as they are.

    Args:
        network: changed in place.
        ids: the tokens.

    Raises:
        InputError: the network reads or predicts tokens in a way of its own.
    """
    layers, head = embeddings(network), network.get_output_embeddings()
    if not layers or not isinstance(head, torch.nn.Linear):
        raise InputError(
            f"lora: model type {network.config.model_type!r} is not supported: its embeddings or "
            "its output layer are of another kind"
        )
    weight = layers[0].weight
    rows = MarkerRows(ids, weight.shape[1], tied=head.weight is weight)
    setattr(network, NAME, rows.to(weight.device))
    for layer in layers:
        _extend(layer, _Embedding, rows)
    _extend(head, _Head, rows)


def of(network: torch.nn.Module) -> MarkerRows | None:
    """Return the changes of a network, or None."""
    rows: MarkerRows | None = getattr(network, NAME, None)
    return rows


def embeddings(network: PreTrainedModel) -> list[torch.nn.Embedding]:
    """Return all layers that read tokens with the matrix of the decoder."""
    reader = network.get_decoder() if network.config.is_encoder_decoder else network
    weight = reader.get_input_embeddings().weight
    layers = (each for each in network.modules() if isinstance(each, torch.nn.Embedding))
    return [layer for layer in layers if layer.weight is weight]


def _extend(layer: torch.nn.Module, kind: type, rows: MarkerRows) -> None:
    """Make a layer add the changes; its weight, its names and what it is otherwise stay."""
    layer.__class__ = type(f"Marked{type(layer).__name__}", (kind, type(layer)), {})
    # in a tuple, so that PyTorch does not take it for a part of the layer
    layer.__dict__[NAME] = (rows,)


class _Embedding:
    marker_rows: tuple[MarkerRows]

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Return embeddings [..., D] of tokens [...]."""
        found: torch.Tensor = super().forward(input_ids)  # type: ignore[misc]  # of the layer
        (rows,) = self.marker_rows
        if not rows.enabled:
            return found
        change = rows.read.to(found.dtype) * getattr(self, "embed_scale", 1.0)
        is_marker = (input_ids[..., None] == rows.ids).to(found.dtype)
        return found + (is_marker[..., None] * change).sum(-2)


class _Head:
    marker_rows: tuple[MarkerRows]

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return logits [..., V] of states [..., D]."""
        logits: torch.Tensor = super().forward(states)  # type: ignore[misc]  # of the layer
        (rows,) = self.marker_rows
        if not rows.enabled:
            return logits
        return add_logits(logits, states, rows.ids, rows.predicted)


def add_logits(
    logits: torch.Tensor, states: torch.Tensor, ids: torch.Tensor, change: torch.Tensor
) -> torch.Tensor:
    """Add to logits [..., V] of states [..., D], in place, what changes [R, D] of rows make."""
    more = linear(states.to(logits.dtype), change.to(logits.dtype))
    return logits.index_add_(-1, ids, more)


def merged(weight: torch.Tensor, ids: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """Return a matrix [V, D] with the changes [R, D] of its rows."""
    return weight.index_add(0, ids, change.to(weight.dtype))


def values(network: PreTrainedModel) -> dict[str, Any]:
    """Return the changed matrices [V, D], `read` and `predicted`, as one if they are tied."""
    rows = of(network)
    assert rows is not None
    weight = embeddings(network)[0].weight
    read = merged(weight, rows.ids, rows.read)
    if rows.are_tied:
        return {"read": read, "predicted": read}
    head = network.get_output_embeddings().weight
    return {"read": read, "predicted": merged(head, rows.ids, rows.predicted)}
