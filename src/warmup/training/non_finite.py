"""Updates whose loss or gradient is not a number: stop and show the batch, or leave them out.

One such update would make every weight not-a-number, and what follows worthless.
"""

import math
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import TrainerCallback

from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.training.fsdp import whole
from warmup.training.work_folder import BAD_BATCH


class FiniteUpdates(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Looks at each update before it is made."""

    def __init__(self, trainer: Any, on_nan: str) -> None:
        self.trainer = trainer
        self.on_nan = on_nan
        self.parameters: list[torch.nn.Parameter] = []

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Look the weights up once; finding them takes longer than adding up a small gradient."""
        self.parameters = list(model.parameters())

    def on_pre_optimizer_step(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Let an update through, or drop its gradient, or end the training.

        Raises:
            InputError: its loss or gradient is not finite, and `on_nan` is `stop`.
        """
        update = self.trainer.update
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = whole(torch.nn.utils.get_total_norm(gradients))
        bad = not bool(torch.isfinite(update.loss.to(norm.device) + norm))
        if not self.trainer.anywhere(bad):
            self.trainer.accept()
            return
        if self.on_nan == "skip":
            model.zero_grad(set_to_none=True)  # no gradient: the optimizer leaves a weight as it is
            self.trainer.skip()
            return
        number = state.global_step + 1
        path = Path(args.output_dir) / BAD_BATCH
        rows = batch_rows(self.trainer)
        if state.is_world_process_zero:
            write_json(path, {"update": number, "examples": rows})
        what = "loss" if not math.isfinite(float(update.loss)) else "gradient"
        raise InputError(
            f"update {number}: the {what} is not a finite number; its batch is in {path}. Mend the "
            "data, lower learning_rate, or leave such updates out with on_nan: skip"
        )

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Check the loss in validation.

        Raises:
            InputError: it is not finite.
        """
        if not math.isfinite(metrics["eval_loss"]):
            raise InputError(
                f"update {state.global_step}: the validation loss is {metrics['eval_loss']}; lower "
                "learning_rate, or use dtype: float32"
            )


def batch_rows(trainer: Any) -> list[dict[str, Any]]:
    """Return the examples of the update, of all processes, with their losses."""
    records, update = trainer.train_dataset.records, trainer.update
    rows = [
        {"id": records[index].id, "source": records[index].source, "loss": shown(loss)}
        for (part, _), losses in zip(update.parts, update.losses, strict=True)
        for index, loss in zip(part["index"].tolist(), losses.tolist(), strict=True)
    ]
    gathered: list[dict[str, Any]] = gather_object(rows)
    return gathered


def shown(value: float) -> float | str:
    """Return a number as JSON can hold it."""
    return value if math.isfinite(value) else str(value)
