"""Training steps that are compared: the same network, batch and optimiser, other gradients.

A step is all of an update: gradients to zero, sampling, forward and backward passes, clipping,
AdamW. Its learning rate is 0, so that each step of each variant meets the same weights; AdamW
does the same work at any rate.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks import direct, grpo
from benchmarks.shapes import SEED, Shape, build, make_batch
from warmup import config
from warmup.criterion import Batch, Criterion
from warmup.models import LanguageModel

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


def settings(name: str, **warmup: Any) -> dict[str, Any]:
    """Return a method of config.yaml with all its settings, some of its warmups' changed."""
    method: dict[str, Any] = config.load(ROOT / "config.yaml")["methods"][name]
    return method | {"warmup": method["warmup"] and method["warmup"] | warmup}


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
        anchor=None,
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
TITLES = {
    "sft": "SFT, plain",
    "likelihood": "SFT, ours",
    "direct": "warmup, direct",
    "exact": "warmup, ours",
    "one_sample": "warmup, ours, M = 1",
    "grpo": "GRPO of TRL",
}


@dataclass
class Seconds:
    """What a step took."""

    total: float
    update: float
    """Of these, clipping and AdamW."""


class Step:
    """A variant's whole training step."""

    def __init__(
        self, network: torch.nn.Module, optimiser: torch.optim.Optimizer, gradients: Gradients
    ) -> None:
        self.network = network
        self.optimiser = optimiser
        self.gradients = gradients

    def __call__(self, update: int) -> Seconds:
        """Do an update; return what it took."""
        began = _now()
        self.optimiser.zero_grad()
        self.gradients(update)
        middle = _now()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        ended = _now()
        return Seconds(ended - began, ended - middle)


def prepare(
    shape: Shape, variants: list[str], device: str, dtype: str
) -> tuple[LanguageModel, dict[str, Step]]:
    """Return a model and the steps by variant; all but TRL's share network and optimiser."""
    model = build(shape, device, dtype)
    optimiser = make_optimiser(model.network)
    steps = {}
    for name in variants:
        its, own = model, optimiser
        if name == "grpo" and len(variants) > 1:  # it changes the network's forward pass
            its = build(shape, device, dtype)
            own = make_optimiser(its.network)
        batch = make_batch(shape, its, device)
        steps[name] = Step(its.network, own, VARIANTS[name](its, batch, shape))
    return model, steps


def make_optimiser(network: torch.nn.Module) -> torch.optim.Optimizer:
    """Return AdamW as the `Trainer` of `transformers` makes it by default."""
    return torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=0.0, fused=True)


def _now() -> float:
    """Return the time once the device has done all that it was told to."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
