"""Training on the `Trainer` of `transformers`. SFT and warmup differ only in the criterion."""

import contextlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate.utils import gather_object
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput

from warmup.common.errors import InputError
from warmup.common.files import read_json, write_json
from warmup.config.settings import MethodConfig
from warmup.data.batches import IGNORED, Batch
from warmup.method.criterion import Criterion
from warmup.models import lora
from warmup.models.interface import LanguageModel
from warmup.models.memory import retry_smaller
from warmup.training import non_finite, transformers_internals
from warmup.training.callbacks import FLAT_FILE, CompleteCheckpoints, UpdateTimer
from warmup.training.flops import count_flops
from warmup.training.log_sums import LogSums
from warmup.training.microbatches import count_tokens, split
from warmup.training.signals import Interruption, catch_signals
from warmup.training.update import MicroBatch, Update
from warmup.training.work_folder import BAD_BATCH, MICROBATCH_LIMIT

FLOPS_EVERY = 100
"""Updates between two counts of floating-point operations. Counting slows an update down."""


PER_PROCESS = {"seconds", "skipped"}
"""Sums that are the same in all processes, since these work at the same time."""


class WarmupTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """Minimises an objective of `warmup.method.objectives` per target token.

    The loss of a batch is the sum of its examples' losses divided by its number of target
    tokens, over all processes. For `likelihood` that is the usual mean token cross-entropy, and
    the other objectives are on the same scale. A batch goes through the network in micro-batches
    of at most `max_tokens_per_microbatch` tokens, and of fewer after memory has run out. The
    gradient does not depend on their size.

    Args:
        language_model: the model to train.
        method: the method.
        on_nan: what to do with an update that is NaN or infinite: `stop` or `skip`.
        kwargs: of `Trainer`.

    Attributes:
        measures: functions without arguments. What they return is added to the log of each
            validation.
    """

    def __init__(
        self,
        language_model: LanguageModel,
        method: MethodConfig,
        on_nan: Literal["stop", "skip"] = "stop",
        **kwargs: Any,
    ):
        super().__init__(model=language_model.network, **kwargs)
        self.language_model = language_model
        self.method = method
        self.on_nan = on_nan
        targets = self.train_dataset.labels
        self.criterion = Criterion(language_model, method, self.args.seed, targets)
        self.max_tokens_per_microbatch: int | None = method.max_tokens_per_microbatch
        self.limit_file = Path(self.args.output_dir) / MICROBATCH_LIMIT
        if self.limit_file.exists():
            self.max_tokens_per_microbatch = read_json(self.limit_file)["max_tokens_per_microbatch"]
            if self.is_world_process_zero():
                self._print_limit()
        self.sums = LogSums()
        self.update = Update(torch.zeros(()))
        self.interruption = Interruption()
        self.measures: list[Callable[[], dict[str, Any]]] = []
        self._flops = 0
        self.add_callback(UpdateTimer(self))
        self.add_callback(non_finite.FiniteUpdates(self))
        self.add_callback(CompleteCheckpoints(self))  # after all that write into one

    def train_or_resume(self, checkpoint: Path | None) -> None:
        """Train, from a checkpoint if there is one; afterwards the network is the best one.

        `Trainer.train` would make one more update from a checkpoint at which training had ended.
        """
        if checkpoint:
            state = transformers_internals.trainer_state(checkpoint)
            if transformers_internals.had_ended(state):
                self.state = state
                self._load_best_model()
                return
            if adaptive := self.criterion.adaptive_sampling:
                adaptive.flat = set(read_json(checkpoint / FLAT_FILE))
        with catch_signals() as self.interruption:
            self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: operations are counted when they are executed, with those of sampling."""
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
        self.sums.add("examples", float(len(inputs["index"])))
        self.sums.add("target_tokens", (inputs["labels"] != IGNORED).sum())
        if not model.training:
            model.train()
        batch = self._prepare_inputs(inputs)
        is_counted = self.state.global_step % FLOPS_EVERY == 0
        with count_flops() if is_counted else contextlib.nullcontext() as counter:
            self.update = retry_smaller(
                lambda: self._add_gradient(model, batch, num_items_in_batch),
                lambda: self._shrink_microbatches(batch),
            )
        if counter:
            self._flops += counter.get_total_flops()
        return self.update.loss

    def _add_gradient(
        self, model: torch.nn.Module, batch: Batch, target_tokens: torch.Tensor | int
    ) -> Update:
        """Add the gradient of a batch, one micro-batch after the other."""
        # data-parallel training averages gradients over processes; the sum is wanted
        scale = self.accelerator.num_processes / target_tokens
        update = Update(torch.zeros((), device=self.args.device))
        *others, last = self._microbatches(batch)
        for part in [*others, last]:
            with contextlib.nullcontext() if part is last else self.no_grad_sync(model):
                with self.compute_loss_context_manager():
                    losses, diagnostics = self.losses(model, part)
                    loss = losses.sum() * scale
                self.accelerator.backward(loss)
            update.add(MicroBatch(part, losses.detach(), diagnostics), loss.detach())
        return update

    def _microbatches(self, batch: Batch) -> list[Batch]:
        """Return a batch in parts that memory has sufficed for until now."""
        return split(batch, self.method.sampling, self.max_tokens_per_microbatch)

    def _shrink_microbatches(self, batch: Batch) -> None:
        """Let a batch for which memory did not suffice begin again, with smaller micro-batches.

        Raises:
            InputError: they cannot be smaller; or other processes are waiting for this one in the
                middle of the update, so that all have to start again.
        """
        parts = self._microbatches(batch)
        tokens = count_tokens(parts[0], self.method.sampling)
        problem = f"out of memory with {tokens} tokens in one micro-batch"
        if all(len(part["index"]) == 1 for part in parts):
            raise InputError(f"{problem}, of one example; set gradient_checkpointing of the model")
        self.max_tokens_per_microbatch = max(tokens // 2, 1)
        if self.accelerator.num_processes > 1:
            write_json(
                self.limit_file, {"max_tokens_per_microbatch": self.max_tokens_per_microbatch}
            )
            raise InputError(f"{problem}; start again to go on with {self._limit()}")
        self.model.zero_grad()
        self._print_limit()

    def _print_limit(self) -> None:
        print(f"out of memory: going on with {self._limit()}", file=sys.stderr)

    def _limit(self) -> str:
        return f"max_tokens_per_microbatch {self.max_tokens_per_microbatch}"

    def autocast_smart_context_manager(
        self, cache_enabled: bool | None = True
    ) -> contextlib.AbstractContextManager[None]:
        """Return a context of the run's precision for all that a loss is computed with.

        Without it, only `network.forward` would have that precision: not the encoder, which is
        called by itself, and not the projection.
        """
        context: contextlib.AbstractContextManager[None] = self.accelerator.autocast()
        return context

    def losses(
        self, model: torch.nn.Module, part: Batch
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of each example of a micro-batch [B], nats, and its diagnostics [B]."""
        return self.criterion.losses(model, part, self.state.global_step)

    def validation(self, model: torch.nn.Module, part: Batch) -> torch.Tensor:
        """Return the validation loss of each example [B], nats."""
        return self.criterion.validation(model, part)

    def _save(
        self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None
    ) -> None:
        """Write a checkpoint's weights: of an adapted network those that are trained."""
        if state_dict is None and lora.is_adapted(self.model):
            state_dict = lora.trained_weights(self.model)
        super()._save(output_dir, state_dict)

    def with_full_parameters(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that may use all weights. Here every process has them always."""
        return function

    def no_grad_sync(self, model: torch.nn.Module) -> contextlib.AbstractContextManager[None]:
        """Return a context for all micro-batches but the last one.

        Gradients stay in this process; those of the last one are summed over processes, with all
        before it.
        """
        context: contextlib.AbstractContextManager[None] = self.accelerator.no_sync(model)
        return context

    def any_process(self, flag: bool) -> bool:
        """Return whether `flag` is true in any process, so that all do the same."""
        if self.accelerator.num_processes == 1:
            return flag
        flags = torch.tensor(float(flag), device=self.args.device)
        return bool(self.accelerator.reduce(flags))

    def act_on(self, part: non_finite.Part | None) -> None:
        """Make an update, leave it out, or end the training.

        Args:
            part: which part of the update is NaN or infinite in this process, or None.

        Raises:
            InputError: it is NaN or infinite in some process, and `on_nan` is `stop`.
        """
        if not self.any_process(part is not None):
            self.record_diagnostics()
        elif self.on_nan == "skip":
            # without a gradient, the optimiser leaves a weight unchanged
            self.model.zero_grad(set_to_none=True)
            self.record_skip()
        else:
            raise self._non_finite_error(part or "gradient")

    def record_diagnostics(self) -> None:
        """Record the diagnostics of the update, and what adaptive sampling learns from it."""
        microbatches = self.update.microbatches
        if adaptive := self.criterion.adaptive_sampling:
            each = (adaptive.observe(m.batch["index"], m.diagnostics) for m in microbatches)
            # one gathering: processes may have different numbers of micro-batches
            adaptive.remember(gather_object(list(itertools.chain(*each))))
        for microbatch in microbatches:
            for name, values in microbatch.diagnostics.items():
                self.sums.add_mean(name, values)

    def record_skip(self) -> None:
        """Record that the update is left out."""
        self.sums.add("skipped", 1.0)
        number = self.state.global_step + 1
        if self.is_world_process_zero():
            print(f"update {number}: not a finite number, left out", file=sys.stderr)

    def _non_finite_error(self, part: non_finite.Part) -> InputError:
        """Write the batch of the update to a file; return the error that ends the training."""
        number = self.state.global_step + 1
        path = Path(self.args.output_dir) / BAD_BATCH
        examples = gather_object(self.update.examples(self.train_dataset.records))
        if self.is_world_process_zero():
            write_json(path, {"update": number, "examples": examples})
        return InputError(
            f"update {number}: the {part} is not a finite number; its batch is in {path}. Correct "
            "the data, lower learning_rate, or leave such updates out with on_nan: skip"
        )

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Return the validation loss, and what `measures` return.

        Raises:
            InputError: the loss is NaN or infinite.
        """
        output = super().evaluation_loop(*args, **kwargs)
        non_finite.check_validation_loss(output.metrics["eval_loss"], self.state.global_step)
        for measure in self.measures:
            output.metrics.update(measure())
        return output

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
            losses = retry_smaller(
                lambda: [self.validation(model, part) for part in self._microbatches(batch)],
                lambda: self._shrink_microbatches(batch),
            )
            return torch.cat(losses).mean(), None, None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add what was recorded since the last log to a training log."""
        if "loss" in logs:
            if not math.isfinite(logs.get("grad_norm", 0.0)):
                del logs["grad_norm"]  # of an update that was left out
            logs |= self.sums.take(lambda sums: self.accelerator.reduce(sums.to(self.args.device)))
            for name in PER_PROCESS & logs.keys():
                logs[name] /= self.accelerator.num_processes
        super().log(logs, start_time)

    def end_update(self, seconds: float) -> None:
        """Record what the update that just ended has cost."""
        self.sums.add("seconds", seconds)
        if self._flops:
            flops = float(self._flops) * self.accelerator.num_processes
            self.sums.add_mean("flops", torch.tensor([flops], dtype=torch.float64))
            self._flops = 0
