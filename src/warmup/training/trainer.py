"""Training on the `Trainer` of `transformers`. SFT and warmup differ only in the criterion."""

import contextlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import PreTrainedTokenizerBase, Trainer, TrainerCallback
from transformers.trainer_utils import EvalLoopOutput

from warmup.common.errors import InputError
from warmup.common.files import read_json, write_json, write_text
from warmup.data.batches import IGNORED, Batch, Collator, Examples
from warmup.generation.warmup_model import Generated, Source, WarmupModel
from warmup.method import self_check
from warmup.method.criterion import Criterion
from warmup.method.scoring import evaluating
from warmup.models import loading, lora
from warmup.models.checkpoint_format import write_format
from warmup.models.lengths import check_lengths
from warmup.models.memory import retry_smaller
from warmup.training import (
    checkpoints,
    given_data,
    given_model,
    model_card,
    non_finite,
    transformers_internals,
)
from warmup.training.arguments import WarmupConfig
from warmup.training.callbacks import FLAT_FILE, CompleteCheckpoints, UpdateTimer
from warmup.training.flops import count_flops
from warmup.training.log_sums import LogSums
from warmup.training.microbatches import count_tokens, split
from warmup.training.signals import Interruption, catch_signals
from warmup.training.summary import MEASURED, summarise
from warmup.training.texts import count_texts
from warmup.training.update import MicroBatch, Update
from warmup.training.validation import WarmupMeasure
from warmup.training.work_folder import BAD_BATCH, MICROBATCH_LIMIT

FLOPS_EVERY = 100
"""Updates between two counts of floating-point operations. Counting slows an update down."""


PER_PROCESS = {"seconds", "skipped"}
"""Sums that are the same in all processes, since these work at the same time."""


class WarmupTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """Trains a model to write a warmup before its output; or without warmups, as SFT.

    It is a `Trainer` of `transformers`: callbacks, `report_to`, checkpoints and `train` work as
    there. The loss of a batch is the sum of its examples' losses divided by its number of target
    tokens, over all processes. For `likelihood` that is the usual mean token cross-entropy, and
    the other objectives are on the same scale. A batch goes through the network in micro-batches
    of at most `max_tokens_per_microbatch` tokens, and of fewer after memory has run out. The
    gradient does not depend on their size.

    Args:
        model: a network of `AutoModelForSeq2SeqLM` or `AutoModelForCausalLM`, one that `peft` has
            wrapped, or the name or folder of one. Its type is checked first: the fast path has to
            give what plain forward passes give.
        args: the settings.
        train_dataset: a `datasets.Dataset` with texts as `source` and `target`, or as `prompt` and
            `completion`.
        eval_dataset: the same for validations, or several by name.
        processing_class: the tokenizer; None for the model's own.
        callbacks: of `Trainer`.
        optimizers: optimiser and scheduler; None for those of `args`.

    Attributes:
        language_model: network, tokenizer and control tokens.
        form: the content of `warmup.json`.
        texts: counts of texts that were cut or cannot be spelled, by split.

    Raises:
        InputError: the model, its tokenizer or a data set does not fit.
    """

    def __init__(
        self,
        model: Any,
        args: WarmupConfig | None = None,
        *,
        train_dataset: Any = None,
        eval_dataset: Any = None,
        processing_class: PreTrainedTokenizerBase | None = None,
        callbacks: list[TrainerCallback] | None = None,
        optimizers: tuple[Any, Any] = (None, None),
    ):
        args = WarmupConfig() if args is None else args
        if not isinstance(args, WarmupConfig):
            raise InputError(f"args: needs a WarmupConfig, not {type(args).__name__}")
        self.language_model, self.form = given_model.prepare(model, processing_class, args)
        network = self.language_model.network
        check_lengths(self.language_model, self.form)
        network.to(args.device)
        self_check.check(self.language_model, self.form)
        output_dir = Path(args.output_dir)
        train_set = self._examples(train_dataset, "train_dataset", output_dir)
        eval_set = self._examples(eval_dataset, "eval_dataset", output_dir)
        self.texts = count_texts(
            {"train": train_set, "valid": eval_set},
            args.max_unknown_targets,
            verbose=args.process_index == 0,
        )
        super().__init__(
            model=network,
            args=args,
            train_dataset=train_set,
            eval_dataset=eval_set,
            data_collator=Collator(self.language_model.tokens.pad, self.language_model.pads_left),
            callbacks=callbacks,
            optimizers=optimizers,
        )
        self.loss_config = args.loss
        targets = train_set.labels if train_set else ()
        self.criterion = Criterion(self.language_model, self.loss_config, args.seed, targets)
        self.max_tokens_per_microbatch = args.max_tokens_per_microbatch
        self.limit_file = output_dir / MICROBATCH_LIMIT
        if self.limit_file.exists():
            self.max_tokens_per_microbatch = read_json(self.limit_file)["max_tokens_per_microbatch"]
            if self.is_world_process_zero():
                self._print_limit()
        self.sums = LogSums()
        self.update = Update(torch.zeros(()))
        self.interruption = Interruption()
        self._flops = 0
        self.add_callback(UpdateTimer(self))
        self.add_callback(non_finite.FiniteUpdates(self))
        self.add_callback(CompleteCheckpoints(self))  # after all that write into one

    def _examples(self, data: Any, where: str, output_dir: Path) -> Any:
        """Return data as examples; the pipeline gives functions that read them."""
        if data is None or isinstance(data, Examples):
            return data
        if isinstance(data, Mapping):
            return {
                name: self._examples(one, f"{where}[{name!r}]", output_dir)
                for name, one in data.items()
            }
        if callable(data):
            return data(self.language_model)
        return given_data.tokenise(data, where, self.language_model, self.form, output_dir)

    @cached_property
    def measure(self) -> WarmupMeasure:
        """What measures warmups in validations; made when all processes have their weights."""
        return WarmupMeasure(self)

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs: Any) -> Any:
        """Train, as `Trainer.train` does.

        Args:
            resume_from_checkpoint: a checkpoint; True for the newest valid one in `output_dir`.
            kwargs: of `Trainer.train`.

        Raises:
            InputError: there is no checkpoint, or an update is NaN or infinite.
        """
        if resume_from_checkpoint is True:
            resume_from_checkpoint = str(checkpoints.latest_valid(Path(self.args.output_dir)) or "")
            if not resume_from_checkpoint:
                raise InputError(f"{self.args.output_dir}: no checkpoint to resume from")
        if resume_from_checkpoint and (adaptive := self.criterion.adaptive_sampling):
            adaptive.flat = set(read_json(Path(str(resume_from_checkpoint), FLAT_FILE)))
        return super().train(resume_from_checkpoint or None, **kwargs)

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
        with catch_signals() as self.interruption:
            self.train(str(checkpoint) if checkpoint else None)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Return the batches of a validation; a `datasets.Dataset` becomes examples first."""
        if eval_dataset is not None and not isinstance(eval_dataset, str):
            eval_dataset = self._examples(eval_dataset, "eval_dataset", Path(self.args.output_dir))
        return super().get_eval_dataloader(eval_dataset)

    def generate(
        self, sources: Sequence[Source], *, beams: int = 1, batch_size: int | None = None
    ) -> list[Generated]:
        """Return warmup and output of each source, see `WarmupModel.generate`."""
        model = WarmupModel(self.language_model, self.form)
        size = batch_size or self.args.per_device_eval_batch_size
        with evaluating(self.language_model.network):
            return model.generate(sources, beams=beams, batch_size=size)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write network, tokenizer, `warmup.json`, `training.json` and a model card to a folder.

        An adapter is merged with the weights, and is written to a folder of its own, too.
        """
        super().save_model(output_dir, _internal_call)
        if self.args.should_save and not _internal_call:
            self._complete(Path(output_dir or self.args.output_dir))

    def create_model_card(self, model_name: str | None = None, **head: Any) -> None:
        """Complete the model in `output_dir` with its card; `push_to_hub` calls it.

        Args:
            model_name: the title.
            head: what the head of a model card may have, such as `language`, `license`, `tags`.
        """
        if self.is_world_process_zero():
            self._complete(Path(self.args.output_dir), model_name, **head)

    def _complete(self, folder: Path, model_name: str | None = None, **head: Any) -> None:
        """Write `training.json` and the model card, and merge an adapter with the weights."""
        if lora.is_adapted(self.model):
            loading.save(self.language_model, folder)
        summary: dict[str, Any] = {"config": self.args.chosen()}
        if any("loss" in entry for entry in self.state.log_history):
            summary |= summarise(self.state, _size(self.eval_dataset))
        write_json(folder / "training.json", summary | {"texts": self.texts})
        start = self.language_model.network.config._name_or_path
        card = model_card.write(self.form, summary, start, model_name, **head)
        write_text(folder / "README.md", card)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Write a checkpoint's weights: of an adapted network those that are trained."""
        if state_dict is None and lora.is_adapted(self.model):
            state_dict = lora.trained_weights(self.model)
        super()._save(output_dir, state_dict)
        folders = {output_dir or self.args.output_dir}
        if self.args.push_to_hub:  # it uploads the output folder, with the weights of a checkpoint
            folders.add(self.args.output_dir)
        for folder in folders:
            self.language_model.tokenizer.save_pretrained(folder)
            write_format(Path(folder), self.form)

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
        return split(batch, self.loss_config.sampling, self.max_tokens_per_microbatch)

    def _shrink_microbatches(self, batch: Batch) -> None:
        """Let a batch for which memory did not suffice begin again, with smaller micro-batches.

        Raises:
            InputError: they cannot be smaller; or other processes are waiting for this one in the
                middle of the update, so that all have to start again.
        """
        parts = self._microbatches(batch)
        tokens = count_tokens(parts[0], self.loss_config.sampling)
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
        elif self.args.on_nan == "skip":
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

    def evaluation_loop(self, dataloader: Any, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Return the validation loss, and what warmups are like, see `WarmupMeasure`.

        Raises:
            InputError: the loss is NaN or infinite.
        """
        output = super().evaluation_loop(dataloader, *args, **kwargs)
        prefix = kwargs.get("metric_key_prefix", "eval")
        non_finite.check_validation_loss(output.metrics[f"{prefix}_loss"], self.state.global_step)
        if self.loss_config.sampling:
            output.metrics.update(self.measure(dataloader.dataset, f"{prefix}_{MEASURED}"))
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


def _size(examples: Any) -> int:
    """Return the number of examples of all validations."""
    if isinstance(examples, Mapping):
        return sum(map(len, examples.values()))
    return 0 if examples is None else len(examples)
