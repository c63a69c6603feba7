"""Find updates whose loss or gradient is NaN or infinite.

One such update would make every weight NaN. The trainer stops, or leaves the update out.
"""

import math
from collections.abc import Iterable
from typing import Any, Literal

import torch
from transformers import TrainerCallback

from warmup.common.errors import InputError
from warmup.training.fsdp import full_tensor

Part = Literal["loss", "gradient"]


class FiniteUpdates(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Checks each update before it is made; the trainer acts on the verdict."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.parameters: list[torch.nn.Parameter] = []

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Look up the weights once: finding them takes longer than adding up a small gradient."""
        self.parameters = list(model.parameters())

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the trainer which part of the update is not finite."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        self.trainer.act_on(non_finite_part(self.trainer.update.loss, gradients))


def non_finite_part(loss: torch.Tensor, gradients: Iterable[torch.Tensor]) -> Part | None:
    """Return which part of an update is NaN or infinite, or None.

    Args:
        loss: the loss of the update, a scalar.
        gradients: the gradients of the weights. Those that are divided among processes are
            gathered, so all processes have to call.
    """
    norm = full_tensor(torch.nn.utils.get_total_norm(gradients))
    if bool(torch.isfinite(loss.to(norm.device) + norm)):
        return None
    return "gradient" if math.isfinite(float(loss)) else "loss"


def check_validation_loss(loss: float, update: int) -> None:
    """Check the loss of the validation after an update.

    Raises:
        InputError: it is not finite.
    """
    if not math.isfinite(loss):
        raise InputError(
            f"update {update}: the validation loss is {loss}; lower learning_rate, or use "
            "dtype: float32"
        )
