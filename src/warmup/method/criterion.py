"""The loss of a batch: sample warmups, score them, weigh them by the objective."""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from warmup.common import plugins
from warmup.data.batches import IGNORED, Batch
from warmup.method.objectives import likelihood, surrogate
from warmup.method.predefined import Writer
from warmup.method.random_numbers import Stream, uniforms
from warmup.method.sampling import Warmups, distinct, sample, select
from warmup.method.scoring import build_branches, divergence, rewards, score, target_log_probability
from warmup.method.subsampling import resample
from warmup.models.interface import EncodedInput, LanguageModel


class Criterion:
    """An objective of `warmup.method.objectives` on a model; everything that SFT and warmup differ
    in.

    Args:
        model: the model that is trained; a copy is kept if the method has a reference KL.
        method: a resolved method.
        seed: of the random numbers.
        targets: all targets of the training data, for predefined warmups.
    """

    def __init__(
        self,
        model: LanguageModel,
        method: dict[str, Any],
        seed: int,
        targets: Sequence[Sequence[int]] = (),
    ) -> None:
        self.model = model
        self.objective = plugins.load("objective", method["objective"])
        self.settings = method["objective_settings"]
        self.sampling = method["sampling"]
        self.reference_kl = method["reference_kl"]
        self.seed = seed
        self.adaptive = self.sampling and self.sampling["adaptive_samples"]
        """The settings of adaptive sampling, where there is any."""
        self.flat: set[int] = set()
        """Examples whose samples were worth the same when they were last seen."""
        self.writer: Writer | None = None
        if self.sampling and self.sampling["predefined"]:
            kind = plugins.load("predefined warmup", self.sampling["predefined"])
            self.writer = kind.writer(targets, model.tokens, self.sampling["max_tokens"])
        if self.reference_kl:
            self.start = copy.copy(model)
            self.start.network = copy.deepcopy(model.network).eval().requires_grad_(False)

    def losses(
        self, network: torch.nn.Module, batch: Batch, update: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of each example [B], nats, and diagnostics of each [B].

        Args:
            network: the model's network, or what a distributed trainer has wrapped around it.
            batch: examples.
            update: the number of the update; the same one always samples the same warmups.
        """
        model = self.model
        if self.sampling is None:
            source = model.encode(batch["input_ids"], batch["mask"])
            l = target_log_probability(model, network, source, batch["labels"])[:, None]
            a, b = self.objective.coefficients(l.detach(), _lengths(batch))
            return surrogate(a, b, torch.zeros_like(l), l), {}
        groups = self.groups(batch["index"], update)
        if len(groups) == 1:
            return self._losses_of_samples(network, batch, update, *groups)
        order = torch.cat(list(groups.values()))
        parts = [
            self._losses_of_samples(
                network, {k: v[rows] for k, v in batch.items()}, update, samples
            )
            for samples, rows in groups.items()
        ]
        back = order.argsort()
        return torch.cat([losses for losses, _ in parts])[back], {
            name: torch.cat([notes[name] for _, notes in parts])[back] for name in parts[0][1]
        }

    def groups(self, index: torch.Tensor, update: int) -> dict[int, torch.Tensor]:
        """Return which examples of a batch get how many samples, as rows by number."""
        settling = self.settling(update)
        most = 1 if settling else self.sampling["samples"]
        if settling or not self.adaptive:
            return {most: torch.arange(len(index), device=index.device)}
        least = self.adaptive["min_samples"]
        each = [least if i in self.flat else most for i in index.tolist()]
        numbers = torch.tensor(each, device=index.device)
        rows = {samples: (numbers == samples).nonzero()[:, 0] for samples in (least, most)}
        return {samples: chosen for samples, chosen in rows.items() if len(chosen)}

    def _losses_of_samples(
        self, network: torch.nn.Module, batch: Batch, update: int, samples: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        model, labels = self.model, batch["labels"]
        source = model.cache_prompt(model.encode(batch["input_ids"], batch["mask"]))
        lengths = _lengths(batch)
        if self.writer:
            warmups = self.write(self.writer, labels)
        else:
            warmups, cache = self.warm_up(source, batch["index"], update, samples)
        draws = self.sampling["backprop_samples"] or samples
        if draws < samples:
            l = self.rewards(source, cache, warmups, labels)
            a, b = self.coefficients(l, lengths, update)
            offset = uniforms(self.seed, Stream.SUBSAMPLING + update, batch["index"], 1, 1)[:, 0, 0]
            index, a, b = resample(a, b, offset.to(l.device), draws)
            notes = diagnose(warmups, l, labels)
            warmups = select(warmups, index)
        different, where = distinct(warmups)
        branches = build_branches(model.tokens, different, labels)
        scores = score(model, network, source, branches)
        s, l = scores.s.gather(1, where), scores.l.gather(1, where)
        if draws >= samples:
            a, b = self.coefficients(l.detach(), lengths, update)
            notes = diagnose(warmups, l.detach(), labels)
        if not self.sampling["backprop_samples"]:  # else only of what was drawn, by its weights
            notes["warmup_surprisal"] = -s.detach().mean(-1)
            notes["warmup_distinct"] = 1.0 + where.max(-1).values
        # the network itself has to know that a warmup contains no special token
        allowed = scores.log_allowed_mass.gather(1, where).mean(-1)
        losses: torch.Tensor = surrogate(a, b, s, l) - allowed
        notes["warmup_allowed_mass"] = allowed.detach().exp()
        if weight := self.reference_kl_weight(update):
            with torch.no_grad():
                start_source = self.start.encode(batch["input_ids"], batch["mask"])
            forward = self.reference_kl["divergence"] == "forward"
            each = divergence(model, scores, self.start, start_source, branches, forward=forward)
            kl = each.gather(1, where).mean(-1)
            notes["reference_kl"] = kl.detach()
            losses = losses + weight * kl
        return losses, notes

    def warm_up(
        self, source: EncodedInput, examples: torch.Tensor, update: int, samples: int
    ) -> tuple[Warmups, Any]:
        """Sample warmups, always the same for the same update; return the cache too."""
        longest = self.sampling["max_tokens"]
        with _evaluating(self.model.network):  # P(c|x) is the network without dropout
            return sample(
                self.model,
                source,
                max_tokens=longest,
                temperature=self.sampling["temperature"],
                uniform=uniforms(self.seed, update, examples, samples, longest),
            )

    def write(self, writer: Writer, labels: torch.Tensor) -> Warmups:
        """Return the predefined warmup of each target, as the one sample of its example."""
        longest = self.sampling["max_tokens"]
        rows = [writer(row[row != IGNORED].tolist()) for row in labels]
        pad = self.model.tokens.pad
        ids = [[*row, *[pad] * (longest - len(row))] for row in rows]
        lengths = torch.tensor([[len(row)] for row in rows], device=labels.device)
        tensor = torch.tensor(ids, dtype=torch.long, device=labels.device)
        return Warmups(tensor.view(len(rows), 1, longest), lengths, lengths >= longest)

    def rewards(
        self, source: EncodedInput, cache: Any, warmups: Warmups, labels: torch.Tensor
    ) -> torch.Tensor:
        """Return log P(y|x,c) [B, N] without a gradient and without dropout."""
        with _evaluating(self.model.network):
            return rewards(self.model, source, cache, warmups, labels)

    def settling(self, update: int) -> bool:
        """Return whether the target still learns to follow warmups that are not trained."""
        return bool(update < self.sampling["settle"])

    def coefficients(
        self, l: torch.Tensor, lengths: torch.Tensor, update: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a and b [B, N] of the loss, see `warmup.method.objectives`."""
        if self.settling(update):
            return likelihood.coefficients(l, lengths)
        a, b = self.objective.coefficients(l, lengths, **self.settings)
        return a, b

    def reference_kl_weight(self, update: int) -> float:
        """Return the weight of the divergence from the start model; it falls linearly."""
        kl = self.reference_kl
        if not kl:
            return 0.0
        left = max(1 - update / kl["updates"], 0.0)
        return float(kl["final"] + (kl["weight"] - kl["final"]) * left)

    def flatness(self, batch: Batch, notes: dict[str, torch.Tensor]) -> list[tuple[int, bool]]:
        """Return which examples' samples were worth the same, where sampling is adaptive.

        A single sample, as there is while the target settles, says nothing of that.
        """
        if not self.adaptive:
            return []
        samples = notes["samples"]
        flat = (notes["effective_sample_size"] >= self.adaptive["ess_fraction"] * samples) & (
            samples > 1
        )
        return list(zip(batch["index"].tolist(), flat.tolist(), strict=True))

    def remember(self, example: int, is_flat: bool) -> None:
        """Note it for the next time the example comes."""
        (self.flat.add if is_flat else self.flat.discard)(example)

    def validation(self, network: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return −log (1/N) Σ P(y|x,c_n) of each example [B], nats; without warmups −log P(y|x)."""
        model = self.model
        with torch.no_grad():
            source = model.encode(batch["input_ids"], batch["mask"])
            if self.sampling is None:
                return -target_log_probability(model, network, source, batch["labels"])
            samples = self.sampling["samples"]
            warmups, cache = self.warm_up(source, batch["index"], Stream.VALIDATION, samples)
            return -log_mean(self.rewards(source, cache, warmups, batch["labels"]))


def diagnose(warmups: Warmups, l: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what the training log says of each example's warmups [B]."""
    weights = l.softmax(-1)
    empty = warmups.lengths == 0
    return {
        "reward": log_mean(l),
        "warmup_length": warmups.lengths.float().mean(-1),
        "warmup_forced": warmups.forced.float().mean(-1),
        "warmup_empty": empty.float().mean(-1),
        "warmup_copied": (begins(warmups, labels) & ~empty).float().mean(-1),
        "effective_sample_size": 1 / weights.square().sum(-1),
        "samples": torch.full_like(l[:, 0], l.shape[1]),
    }


def begins(warmups: Warmups, labels: torch.Tensor) -> torch.Tensor:
    """Return whether the target [B, T] begins with the whole warmup [B, N]."""
    longest = warmups.ids.shape[-1]
    missing = max(longest - labels.shape[-1], 0)
    targets = torch.nn.functional.pad(labels, (0, missing), value=IGNORED)[:, None, :longest]
    behind = torch.arange(longest, device=labels.device) >= warmups.lengths[..., None]
    return ((warmups.ids == targets) | behind).all(-1)


def log_mean(l: torch.Tensor) -> torch.Tensor:
    """Return log (1/N) Σ exp l_n over the last dimension."""
    return l.logsumexp(-1) - math.log(l.shape[-1])


@contextmanager
def _evaluating(network: torch.nn.Module) -> Iterator[None]:
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def _lengths(batch: Batch) -> torch.Tensor:
    return (batch["labels"] != IGNORED).sum(-1)
