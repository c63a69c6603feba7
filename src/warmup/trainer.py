"""Training on the Hugging Face `Trainer`: SFT and warmup differ by the objective only."""

import contextlib
import copy
import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Trainer, TrainerCallback, TrainerState

from warmup import plugins
from warmup.models import LanguageModel, Source
from warmup.randomness import uniforms
from warmup.sampling import Warmups, sample
from warmup.scoring import (
    IGNORED,
    Branches,
    divergence,
    lay_out,
    log_allowed_mass,
    target_log_probability,
    warmup_log_probabilities,
)

FLOPS_EVERY = 100
"""Updates between two counts of floating-point operations; counting slows an update down."""
VALIDATION_UPDATE = 2**32
"""Stands for the update in the random numbers of validation, so that these never change."""


class WarmupTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """Minimises an objective of `warmup.objectives` per target token.

    The loss of a batch is the sum of its examples' losses divided by its number of target
    tokens, over all micro-batches and processes: for `likelihood` that is the usual mean token
    cross-entropy, and the other objectives are on the same scale.
    """

    def __init__(self, language_model: LanguageModel, method: dict[str, Any], **kwargs: Any):
        super().__init__(model=language_model.network, **kwargs)
        self.language_model = language_model
        self.loss_is_scaled_for_ga = True
        self.objective = plugins.load("objectives", method["objective"])
        self.objective_settings = method["objective_settings"]
        self.warmup = method["warmup"]
        if self.warmup and self.warmup["anchor"]:
            self.start_model = copy.copy(language_model)
            self.start_model.network = copy.deepcopy(language_model.network).eval()
        self._sums: dict[str, torch.Tensor | float] = {}
        self._counts: dict[str, int] = {}
        self._flops = 0
        self.add_callback(_StepTimer(self))

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
        self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def warm_up(self, source: Source, examples: torch.Tensor, update: int) -> Warmups:
        """Sample N warmups per example; always the same ones for the same update."""
        network = self.language_model.network
        training = network.training
        network.eval()  # P(c|x) is the network without dropout
        warmups = sample(
            self.language_model,
            source,
            max_tokens=self.warmup["max_tokens"],
            temperature=self.warmup["temperature"],
            uniform=uniforms(
                self.args.seed, update, examples, self.warmup["samples"], self.warmup["max_tokens"]
            ),
        )
        network.train(training)
        return warmups

    def example_losses(
        self, network: torch.nn.Module, batch: dict[str, torch.Tensor], update: int
    ) -> torch.Tensor:
        """Return the loss of each example [B], nats, and note diagnostics."""
        model = self.language_model
        source = model.encode(batch["input_ids"], batch["mask"])
        if self.warmup is None:
            l = target_log_probability(model, network, source, batch["labels"])[:, None]
            losses: torch.Tensor = self.objective.loss(
                torch.zeros_like(l), l, **self.objective_settings
            )
            return losses
        warmups = self.warm_up(source, batch["index"], update)
        branches = lay_out(model.tokens, warmups, batch["labels"])
        s, l, distributions = warmup_log_probabilities(model, network, source, branches)
        losses = self.objective.loss(s, l, **self.objective_settings)
        # the network itself has to know that a warmup contains no special token
        allowed = log_allowed_mass(distributions, branches.warmup_labels).mean(-1)
        losses = losses - allowed
        self._add("warmup_allowed_mass", allowed.detach().exp().mean())
        self._add("reward", log_mean(l.detach()).mean())
        self._add("warmup_length", warmups.lengths.float().mean())
        self._add("warmup_forced", warmups.forced.float().mean())
        weights = l.detach().softmax(-1)
        self._add("effective_sample_size", (1 / weights.square().sum(-1)).mean())
        if anchor := self.anchor_weight(update):
            kl = self.anchor_divergence(batch, branches, distributions)
            self._add("anchor_divergence", kl.detach().mean())
            losses = losses + anchor * kl
        return losses

    def anchor_weight(self, update: int) -> float:
        """Return the weight of the divergence from the start model; it falls linearly to 0."""
        anchor = self.warmup["anchor"]
        if not anchor or update >= anchor["updates"]:
            return 0.0
        return float(anchor["weight"] * (1 - update / anchor["updates"]))

    def anchor_divergence(
        self, batch: dict[str, torch.Tensor], branches: Branches, distributions: torch.Tensor
    ) -> torch.Tensor:
        """Return each example's mean KL(P(c|x) ‖ start model's) over its warmups [B], nats."""
        start = self.start_model
        with torch.no_grad():
            source = start.encode(batch["input_ids"], batch["mask"])
            _, _, anchor = warmup_log_probabilities(start, start.network, source, branches)
        return divergence(distributions, anchor, branches.warmup_labels).mean(-1)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """Return the batch's share of the loss per target token."""
        assert num_items_in_batch is not None  # get_batch_samples counts them
        losses = self.example_losses(model, inputs, self.state.global_step)
        # data-parallel training averages gradients over processes; the sum is wanted
        loss = losses.sum() / num_items_in_batch * self.accelerator.num_processes
        return (loss, None) if return_outputs else loss

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor]:
        """Return the micro-batches of an update and the number of their target tokens."""
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
        """Do one micro-batch; count its operations now and then."""
        self._add("examples", float(len(inputs["index"])), mean=False)
        self._add("target_tokens", (inputs["labels"] != IGNORED).sum(), mean=False)
        counted = self.state.global_step % FLOPS_EVERY == 0
        counter: Any = FlopCounterMode(display=False) if counted else contextlib.nullcontext()
        with counter:
            loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        if counted:
            self._flops += counter.get_total_flops()
        return loss

    def prediction_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[torch.Tensor, None, None]:
        """Return the mean over examples of −log (1/N) Σ P(y|x,c_n), nats per example."""
        with torch.no_grad():
            batch = self._prepare_inputs(inputs)
            language_model = self.language_model
            source = language_model.encode(batch["input_ids"], batch["mask"])
            if self.warmup is None:
                l = target_log_probability(language_model, model, source, batch["labels"])[:, None]
            else:
                warmups = self.warm_up(source, batch["index"], VALIDATION_UPDATE)
                branches = lay_out(language_model.tokens, warmups, batch["labels"])
                _, l, _ = warmup_log_probabilities(language_model, model, source, branches)
        return -log_mean(l).mean(), None, None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add what was gathered since the last log to a training log."""
        if "loss" in logs:
            for name, total in self._sums.items():
                logs[name] = float(total) / (self._counts[name] or 1)
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
            self._add("flops", float(self._flops))
            self._flops = 0


class _StepTimer(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Times updates without validation and saving."""

    def __init__(self, trainer: WarmupTrainer) -> None:
        self.trainer = trainer
        self.began = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.trainer.end_step(time.perf_counter() - self.began)
        if state.global_step == state.max_steps:  # what came since the last log counts too
            control.should_log = True


def log_mean(l: torch.Tensor) -> torch.Tensor:
    """Return log (1/N) Σ exp l_n over the last dimension."""
    return l.logsumexp(-1) - math.log(l.shape[-1])
