"""A whole training step: zero the gradients, compute a variant's gradients, clip, AdamW.

The learning rate is 0, so that each step of each variant starts from the same weights; AdamW does
the same work at any rate.
"""

import time
from dataclasses import dataclass

import torch

from benchmarks.shapes import Shape, build, make_batch
from benchmarks.variants import VARIANTS, Gradients
from warmup.models.interface import LanguageModel


@dataclass(frozen=True)
class Seconds:
    """The time of a step, in seconds."""

    total: float
    update: float
    """The part of `total` for clipping and AdamW."""
    processor: float
    """Processor time of all threads; on one thread it is below `total` if other programs ran."""


class Step:
    """A variant's whole training step."""

    def __init__(
        self, network: torch.nn.Module, optimiser: torch.optim.Optimizer, gradients: Gradients
    ) -> None:
        self.network = network
        self.optimiser = optimiser
        self.gradients = gradients

    def __call__(self, update: int) -> Seconds:
        """Do an update; return its time."""
        began, busy = _now(), time.process_time()
        self.optimiser.zero_grad()
        self.gradients(update)
        middle = _now()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        ended = _now()
        return Seconds(ended - began, ended - middle, time.process_time() - busy)


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
    """Return AdamW as the `Trainer` of `transformers` makes it by default, with learning rate 0."""
    return torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=0.0, fused=True)


def _now() -> float:
    """Return the time once the device has finished all work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
