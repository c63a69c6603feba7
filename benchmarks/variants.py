"""What is compared: ways to compute the gradients of an update, on the same network and batch."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks import direct, grpo
from benchmarks.direct_criterion import check_direct
from benchmarks.shapes import SEED, Shape
from warmup.config import experiment
from warmup.config.settings import MethodConfig, ReferenceKLConfig
from warmup.data.batches import Batch
from warmup.method.criterion import Criterion
from warmup.models.interface import LanguageModel

ROOT = Path(__file__).parents[1]

Gradients = Callable[[int], None]
"""Given the number of an update, leaves its gradients in the network."""


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
    name: str, reference_kl: ReferenceKLConfig | None = None, **sampling: Any
) -> MethodConfig:
    """Return a method of config.yaml with some settings of sampling changed.

    It has no reference KL unless one is given.
    """
    method = experiment.load(ROOT / "config.yaml").methods[name]
    if method.sampling:
        method = replace(method, sampling=replace(method.sampling, **sampling))
    return replace(method, reference_kl=reference_kl)


def likelihood(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return supervised fine-tuning as this package does it."""
    return _criterion(model, batch, settings("sft"))


def exact(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return a warmup step of this package, with a backward pass through all N."""
    return _criterion(model, batch, _warmup(shape))


def one_sample(model: LanguageModel, batch: Batch, shape: Shape) -> Gradients:
    """Return a warmup step with a backward pass through one of N."""
    return _criterion(model, batch, _warmup(shape, backprop_samples=1))


def _warmup(shape: Shape, backprop_samples: int | None = None) -> MethodConfig:
    """Return the method `warmup` of config.yaml with the sizes of a shape.

    Raises:
        InputError: the direct implementation does not compute it, so there is nothing to compare.
    """
    sizes: dict[str, Any] = {
        "samples": shape.samples, "max_tokens": shape.warmup, "adaptive_samples": None
    }  # fmt: skip
    check_direct(
        settings("warmup", backprop_samples=None, **sizes).loss, "config.yaml: methods.warmup"
    )
    return settings("warmup", backprop_samples=backprop_samples, **sizes)


def _criterion(model: LanguageModel, batch: Batch, method: MethodConfig) -> Gradients:
    criterion = Criterion(model, method.loss, seed=SEED)
    return lambda update: _backward(criterion.losses(model.network, batch, update)[0], batch)


VARIANTS: dict[str, Callable[[LanguageModel, Batch, Shape], Gradients]] = {
    "sft": sft,
    "likelihood": likelihood,
    "direct": simple,
    "exact": exact,
    "one_sample": one_sample,
    "grpo": grpo.gradients,
}
"""Name -> function that makes the step for a model, a batch and a shape."""
TITLES = {
    "sft": "SFT, plain",
    "likelihood": "SFT, ours",
    "direct": "warmup, direct",
    "exact": "warmup, ours",
    "one_sample": "warmup, ours, M = 1",
    "grpo": "GRPO of TRL",
}
