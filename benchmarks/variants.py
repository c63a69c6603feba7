"""What is compared: ways to the gradients of an update, all on the same network and batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks import direct, grpo
from benchmarks.shapes import SEED, Shape
from warmup.config import experiment
from warmup.config.conversion import to_json
from warmup.data.batches import Batch
from warmup.method.criterion import Criterion
from warmup.models.interface import LanguageModel

ROOT = Path(__file__).parents[1]

Gradients = Callable[[int], None]
"""Leaves the gradients of an update, whose number it gets, in the network."""


def _backward(losses: torch.Tensor, batch: Batch) -> None:
    """Leave the gradients of the mean loss per target token."""
    torch.autograd.backward(losses.sum() / batch["labels"].numel())


def sft(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return plain supervised fine-tuning: one forward pass of `transformers`."""
    return lambda update: _backward(direct.sft_losses(model, batch), batch)


def simple(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return the direct implementation of the method."""

    def gradients(update: int) -> None:
        warmups = direct.sample(model, batch, shape.samples, shape.warmup)
        _backward(direct.losses(model, batch, warmups), batch)

    return gradients


def settings(
    name: str, reference_kl: dict[str, Any] | None = None, **sampling: Any
) -> dict[str, Any]:
    """Return a method of config.yaml with all its settings, those of sampling changed.

    It has no reference KL unless one is given.
    """
    method: dict[str, Any] = to_json(experiment.load(ROOT / "config.yaml").methods[name])
    sampled = method["sampling"] and method["sampling"] | sampling
    return method | {"sampling": sampled, "reference_kl": reference_kl}


def likelihood(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return supervised fine-tuning as this package does it."""
    return _criterion(model, batch, settings("sft"))


def exact(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return a warmup step of this package, with a backward pass through all N."""
    return _criterion(model, batch, _warmup(shape))


def one_sample(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return a warmup step with a backward pass through one of N."""
    return _criterion(model, batch, _warmup(shape, backprop_samples=1))


def _warmup(shape: Shape, backprop_samples: int | None = None) -> dict[str, Any]:
    return settings(
        "warmup",
        samples=shape.samples,
        max_tokens=shape.warmup,
        backprop_samples=backprop_samples,
        adaptive_samples=None,
    )


def _criterion(model: LanguageModel, batch: Batch, method: dict[str, Any]) -> Gradients:
    criterion = Criterion(model, method, seed=SEED)
    return lambda update: _backward(criterion.losses(model.network, batch, update)[0], batch)


VARIANTS: dict[str, Callable[[LanguageModel, Batch, Shape], Gradients]] = {
    "sft": sft,
    "likelihood": likelihood,
    "direct": simple,
    "exact": exact,
    "one_sample": one_sample,
    "grpo": grpo.gradients,
}
"""By name: what makes a step of model, batch and shape."""
TITLES = {
    "sft": "SFT, plain",
    "likelihood": "SFT, ours",
    "direct": "warmup, direct",
    "exact": "warmup, ours",
    "one_sample": "warmup, ours, M = 1",
    "grpo": "GRPO of TRL",
}
