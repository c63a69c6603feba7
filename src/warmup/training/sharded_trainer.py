"""Training with weights, gradients and optimiser state divided among processes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME
from transformers.utils import SAFE_WEIGHTS_NAME

from warmup.data.batches import Batch
from warmup.models import lora
from warmup.training import fsdp
from warmup.training.trainer import WarmupTrainer


class ShardedTrainer(WarmupTrainer):
    """Trains as `WarmupTrainer` does. Its checkpoints contain full weights and moments.

    Attributes:
        start_network: makes the network that training starts from, for one with an adapter.
    """

    start_network: Callable[[], PreTrainedModel]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        network = self.language_model.network
        fsdp.shard(network, low_precision=self.args.bf16)
        self.is_distributed_loading_by_transformers = True  # it must not wrap the network again
        criterion = self.criterion

        def losses(part: Batch, update: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
            return criterion.losses(network, part, update)

        def validation(part: Batch) -> torch.Tensor:
            return criterion.validation(network, part)

        self._losses = self.with_full_parameters("warmup_losses", losses)
        self._validation = self.with_full_parameters("warmup_validation", validation)

    def with_full_parameters(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that all processes have to call together, and that has all weights."""
        return fsdp.with_full_parameters(self.language_model.network, name, function)

    def losses(
        self, model: torch.nn.Module, part: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return losses and diagnostics, computed with all weights."""
        result: tuple[torch.Tensor, dict[str, torch.Tensor]] = self._losses(
            part, self.state.global_step
        )
        return result

    def validation(self, model: torch.nn.Module, part: Batch) -> torch.Tensor:
        """Return validation losses, computed with all weights."""
        losses: torch.Tensor = self._validation(part)
        return losses

    def no_grad_sync(self, model: torch.nn.Module) -> AbstractContextManager[None]:
        """Return a context for all micro-batches but the last one."""
        return fsdp.no_grad_sync(self.model)

    def _save(
        self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None
    ) -> None:
        weights = fsdp.full_weights(self.model)  # all processes have to call
        if self.args.should_save:
            super()._save(output_dir, weights)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        state = fsdp.full_optimizer_state(self.model, self.optimizer.optimizer)
        if self.args.should_save:
            torch.save(state, Path(output_dir) / OPTIMIZER_NAME)
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER_NAME)

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: torch.nn.Module | None = None
    ) -> None:
        fsdp.load_weights(self.model, Path(resume_from_checkpoint) / SAFE_WEIGHTS_NAME)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        folder = Path(checkpoint)
        state = torch.load(folder / OPTIMIZER_NAME, map_location="cpu", weights_only=True)
        fsdp.load_optimizer_state(self.model, self.optimizer.optimizer, state)
        state = torch.load(folder / SCHEDULER_NAME, map_location="cpu", weights_only=True)
        self.lr_scheduler.load_state_dict(state)

    def _load_best_model(self) -> None:
        """Replace the network, of which a process has only a share, by the best checkpoint's."""
        model = self.language_model
        if lora.is_adapted(self.model):  # the checkpoint has the adapter alone
            model.network = self.start_network()
            path = Path(self.state.best_model_checkpoint) / SAFE_WEIGHTS_NAME
            model.network.load_state_dict(load_file(path), strict=False)
            return
        model.network = model.auto_class.from_pretrained(
            self.state.best_model_checkpoint, local_files_only=True, use_safetensors=True
        )
