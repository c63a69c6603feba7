"""Training on the Hugging Face `Trainer`: SFT and warmup differ by the criterion only."""

import contextlib
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import Trainer, TrainerState

from warmup.common.errors import InputError, out_of_memory
from warmup.common.files import read_json, write_json
from warmup.data.batches import IGNORED, Batch
from warmup.method.criterion import Criterion
from warmup.models.interface import LanguageModel
from warmup.training.callbacks import FLAT_FILE, CompleteCheckpoints, StepTimer
from warmup.training.flops import count_flops
from warmup.training.microbatches import split, tokens
from warmup.training.non_finite import FiniteUpdates
from warmup.training.signals import Interruption, listening
from warmup.training.work_folder import MICROBATCH_LIMIT

FLOPS_EVERY = 100
"""Updates between two counts of floating-point operations; counting slows an update down."""


PER_PROCESS = {"seconds", "skipped"}
"""Sums that are the same in all processes, which work side by side."""


@dataclass
class Update:
    """What an update is about to be made of."""

    loss: torch.Tensor
    """Its share of the loss per target token."""
    parts: list[tuple[Batch, dict[str, torch.Tensor]]] = field(default_factory=list)
    """Batch and diagnostics of each pass."""
    losses: list[torch.Tensor] = field(default_factory=list)
    """Losses of the examples of each pass [B]."""


class WarmupTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """Minimises an objective of `warmup.method.objectives` per target token.

    The loss of a batch is the sum of its examples' losses divided by its number of target
    tokens, over all processes: for `likelihood` that is the usual mean token cross-entropy, and
    the other objectives are on the same scale. A batch goes through the network in as many
    micro-batches as `max_tokens_per_microbatch` asks for, and in more if memory runs out; neither
    changes the gradient.
    """

    def __init__(
        self,
        language_model: LanguageModel,
        method: dict[str, Any],
        on_nan: str = "stop",
        **kwargs: Any,
    ):
        super().__init__(model=language_model.network, **kwargs)
        self.language_model = language_model
        self.method = method
        targets = self.train_dataset.labels
        self.criterion = Criterion(language_model, method, self.args.seed, targets)
        self.max_tokens_per_microbatch: int | None = method["max_tokens_per_microbatch"]
        self.smaller = Path(self.args.output_dir) / MICROBATCH_LIMIT
        if self.smaller.exists():
            self.max_tokens_per_microbatch = read_json(self.smaller)["max_tokens_per_microbatch"]
            if self.is_world_process_zero():
                self._say_limit()
        self._sums: dict[str, torch.Tensor | float] = {}
        self._counts: dict[str, int] = {}
        self._flops = 0
        self.add_callback(StepTimer(self))
        self.update = Update(torch.zeros(()))
        self.interruption = Interruption()
        self.add_callback(FiniteUpdates(self, on_nan))
        self.add_callback(CompleteCheckpoints(self))  # behind all that write into one

    def go_on(self, checkpoint: Path | None) -> None:
        """Train, from a checkpoint on if there is one; the network is the best one afterwards.

        `Trainer.train` would make one more update from a checkpoint where training had ended.
        """
        if checkpoint:
            state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
            if state.stateful_callbacks["TrainerControl"]["args"]["should_training_stop"]:
                self.state = state
                self._load_best_model()
                return
            flat = json.loads((checkpoint / FLAT_FILE).read_text(encoding="utf-8"))
            self.criterion.flat = set(flat)
        with listening() as self.interruption:
            self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return none: operations are counted as they are done, sampling included."""
        return 0

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor]:
        """Return the batch of an update and the number of its target tokens over all processes."""
        batches = list(itertools.islice(epoch_iterator, num_batches))
        counts = [(batch["labels"] != IGNORED).sum() for batch in batches]
        tokens = torch.stack(counts).sum().to(device) if counts else torch.tensor(0)
        return batches, self.accelerator.gather(tokens).sum()

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Add the gradient of the batch; return its share of the loss per target token.

        Raises:
            InputError: a single example needs more memory than there is.
        """
        assert num_items_in_batch is not None  # get_batch_samples counts them
        self._add("examples", float(len(inputs["index"])), mean=False)
        self._add("target_tokens", (inputs["labels"] != IGNORED).sum(), mean=False)
        if not model.training:
            model.train()
        batch = self._prepare_inputs(inputs)
        counted = self.state.global_step % FLOPS_EVERY == 0
        with count_flops() if counted else contextlib.nullcontext() as counter:
            loss = self._passes(model, batch, num_items_in_batch)
        if counter:
            self._flops += counter.get_total_flops()
        return loss

    def _passes(
        self, model: torch.nn.Module, batch: Batch, target_tokens: torch.Tensor | int
    ) -> torch.Tensor:
        # data-parallel training averages gradients over processes; the sum is wanted
        scale = self.accelerator.num_processes / target_tokens
        while True:
            parts = split(batch, self.method["sampling"], self.max_tokens_per_microbatch)
            update = Update(torch.zeros((), device=self.args.device))
            try:
                for number, part in enumerate(parts, start=1):
                    last = number == len(parts)
                    with contextlib.nullcontext() if last else self.unreduced(model):
                        with self.compute_loss_context_manager():
                            losses, notes = self.losses(model, part)
                            loss = losses.sum() * scale
                        self.accelerator.backward(loss)
                    update.loss += loss.detach()
                    update.parts.append((part, notes))
                    update.losses.append(losses.detach())
                self.update = update
                return update.loss
            except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is the former
                if not out_of_memory(error):
                    raise
            self._give_way(model, parts)

    def autocast_smart_context_manager(
        self, cache_enabled: bool | None = True
    ) -> contextlib.AbstractContextManager[None]:
        """Return a context of the run's precision for all that a loss is made of.

        Without it, `network.forward` alone would have that precision: neither the encoder, which
        is called by itself, nor the projection.
        """
        context: contextlib.AbstractContextManager[None] = self.accelerator.autocast()
        return context

    def losses(
        self, model: torch.nn.Module, part: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of each example of a pass [B], nats, and diagnostics of each [B]."""
        return self.criterion.losses(model, part, self.state.global_step)

    def validation(self, model: torch.nn.Module, part: Batch) -> torch.Tensor:
        """Return the validation loss of each example [B], nats."""
        return self.criterion.validation(model, part)

    def with_whole_weights(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it may be called where each process has all weights: as it is."""
        return function

    def unreduced(self, model: torch.nn.Module) -> contextlib.AbstractContextManager[None]:
        """Keep the gradient of a pass that is not an update's last one in this process."""
        context: contextlib.AbstractContextManager[None] = self.accelerator.no_sync(model)
        return context

    def accept(self) -> None:
        """Gather the diagnostics of the update that is about to be made."""
        if self.criterion.adaptive:
            each = (self.criterion.flatness(*part) for part in self.update.parts)
            # at once: not all processes have as many passes
            for example, is_flat in gather_object(list(itertools.chain(*each))):
                self.criterion.remember(example, is_flat)
        for _, notes in self.update.parts:
            for name, value in notes.items():
                self._sums[name] = self._sums.get(name, 0.0) + value.sum()
                self._counts[name] = self._counts.get(name, 0) + len(value)

    def skip(self) -> None:
        """Note that the update is not made."""
        self._add("skipped", 1.0, mean=False)
        number = self.state.global_step + 1
        if self.is_world_process_zero():
            print(f"update {number}: not a finite number, left out", file=sys.stderr)

    def anywhere(self, flag: bool) -> bool:
        """Say whether `flag` holds in any process, so that all do the same."""
        if self.accelerator.num_processes == 1:
            return flag
        flags = torch.tensor(float(flag), device=self.args.device)
        return bool(self.accelerator.reduce(flags))

    def _give_way(self, model: torch.nn.Module, parts: list[Batch]) -> None:
        """Let a batch that needed more memory than there is begin again, with smaller passes.

        Raises:
            InputError: they cannot be smaller; or other processes are waiting for this one in the
                midst of the update, so that all have to begin again.
        """
        many = tokens(parts[0], self.method["sampling"])
        said = f"out of memory with {many} tokens in one micro-batch"
        if all(len(part["index"]) == 1 for part in parts):
            raise InputError(f"{said}, of one example; set gradient_checkpointing of the model")
        self.max_tokens_per_microbatch = max(many // 2, 1)
        if self.accelerator.num_processes > 1:
            write_json(self.smaller, {"max_tokens_per_microbatch": self.max_tokens_per_microbatch})
            raise InputError(f"{said}; start again to go on with {self._limit()}")
        model.zero_grad()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._say_limit()

    def _say_limit(self) -> None:
        print(f"out of memory: going on with {self._limit()}", file=sys.stderr)

    def _limit(self) -> str:
        return f"max_tokens_per_microbatch {self.max_tokens_per_microbatch}"

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[torch.Tensor, None, None]:
        """Return the mean over examples of −log (1/N) Σ P(y|x,c_n), nats per example."""
        batch = self._prepare_inputs(inputs)
        with self.compute_loss_context_manager():
            while True:
                parts = split(batch, self.method["sampling"], self.max_tokens_per_microbatch)
                try:
                    each = [self.validation(model, part) for part in parts]
                    return torch.cat(each).mean(), None, None
                except (RuntimeError, MemoryError) as error:
                    if not out_of_memory(error):
                        raise
                self._give_way(model, parts)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add what was gathered since the last log to a training log."""
        if "loss" in logs:
            if not math.isfinite(logs.get("grad_norm", 0.0)):
                del logs["grad_norm"]  # of an update that was left out
            for name in sorted(self._sums):
                pair = [float(self._sums[name]), float(self._counts[name])]
                both = torch.tensor(pair, dtype=torch.float64, device=self.args.device)
                total, count = self.accelerator.reduce(both)
                logs[name] = float(total) / (float(count) or 1.0)
            for name in PER_PROCESS & logs.keys():
                logs[name] /= self.accelerator.num_processes
            self._sums.clear()
            self._counts.clear()
        super().log(logs, start_time)

    def _add(self, name: str, value: torch.Tensor | float, mean: bool = True) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value
        self._counts[name] = self._counts.get(name, 0) + int(mean)

    def end_step(self, seconds: float) -> None:
        """Note what the update that just ended has cost."""
        self._add("seconds", seconds, mean=False)
        if self._flops:
            self._add("flops", float(self._flops) * self.accelerator.num_processes)
            self._flops = 0
