"""The update that is about to be made: its loss, and what its micro-batches gave."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from warmup.data.batches import Batch
from warmup.data.records import Record


@dataclass
class MicroBatch:
    """The part of an update's batch that went through the network at once."""

    batch: Batch
    losses: torch.Tensor
    """Loss of each example [B], nats."""
    diagnostics: dict[str, torch.Tensor]
    """For the log, of each example [B]."""


@dataclass
class Update:
    """An update in this process."""

    loss: torch.Tensor
    """This process's share of the loss per target token."""
    microbatches: list[MicroBatch] = field(default_factory=list)

    def add(self, microbatch: MicroBatch, loss: torch.Tensor) -> None:
        """Add a micro-batch with its share of the loss."""
        self.loss += loss
        self.microbatches.append(microbatch)

    def examples(self, read: Callable[[list[int]], list[Record]]) -> list[dict[str, Any]]:
        """Return the examples with their losses, as JSON can say it.

        Args:
            read: returns the records of some examples, which the batches number.
        """
        losses = {
            index: loss
            for microbatch in self.microbatches
            for index, loss in zip(
                microbatch.batch["index"].tolist(), microbatch.losses.tolist(), strict=True
            )
        }
        return [
            {
                "id": record.id,
                "source": record.source,
                "loss": loss if math.isfinite(loss) else str(loss),
            }
            for record, loss in zip(read([*losses]), losses.values(), strict=True)
        ]
