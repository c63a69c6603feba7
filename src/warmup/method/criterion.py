"""The loss of a batch: draw warmups, score them, weigh them by the objective, penalise.

`Criterion.losses` reads from top to bottom like docs/method.md. `benchmarks/direct.py` computes the
same in plain code.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from warmup.common import plugins
from warmup.config.settings import LossConfig, SamplingConfig
from warmup.data.batches import IGNORED, Batch
from warmup.method.adaptive_sampling import AdaptiveSampling
from warmup.method.diagnostics import Diagnostics, describe_samples, log_mean_exp
from warmup.method.drafts import Drafts, write_drafts
from warmup.method.objectives import likelihood, surrogate
from warmup.method.predefined import Rule
from warmup.method.random_numbers import Stream, uniforms
from warmup.method.reference_kl import ReferenceKL
from warmup.method.sampling import Warmups, distinct, sample, select
from warmup.method.scoring import (
    Branches,
    Scores,
    build_branches,
    evaluating,
    rewards,
    score,
    target_log_probability,
)
from warmup.method.subsampling import subsample
from warmup.models.interface import EncodedInput, LanguageModel


@dataclass(frozen=True)
class ScoredWarmups:
    """N warmups per example with their scores; equal ones are scored once."""

    s: torch.Tensor
    """[B, N] log P(c|x), nats."""
    l: torch.Tensor
    """[B, N] log P(y|x,c), nats."""
    which: torch.Tensor
    """[B, N] index of each among the U distinct warmups of its example."""
    branches: Branches
    """The U distinct warmups per example with the target."""
    scores: Scores
    """Scores of these."""

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean over the N warmups [B] of values of the distinct ones [B, U]."""
        return values.gather(1, self.which).mean(-1)


class Criterion:
    """An objective on a model. SFT and warmup training differ in nothing else.

    Args:
        model: the model that is trained; a reference KL keeps a copy of it, or has no adapter on.
        method: the settings of its loss.
        seed: of the random numbers.
        targets: all targets of the training data, for predefined warmups.
    """

    def __init__(
        self,
        model: LanguageModel,
        method: LossConfig,
        seed: int,
        targets: Sequence[Sequence[int]] = (),
    ) -> None:
        self.model = model
        self.seed = seed
        self.objective = plugins.load("objective", method.objective)
        self.method = method
        self.adaptive_sampling: AdaptiveSampling | None = None
        self.reference_kl: ReferenceKL | None = None
        self.drafts: Drafts | None = None
        self.predefined: Rule | None = None
        if not (sampling := method.sampling):
            return
        if sampling.adaptive_samples:
            self.adaptive_sampling = AdaptiveSampling(sampling.samples, sampling.adaptive_samples)
        if method.reference_kl:
            self.reference_kl = ReferenceKL(model, method.reference_kl)
        if method.drafts:
            self.drafts = Drafts(method.drafts)
        if sampling.predefined:
            kind = plugins.load("predefined warmup", sampling.predefined)
            self.predefined = kind.rule(targets, model.tokens, sampling.max_tokens)

    @property
    def sampling(self) -> SamplingConfig:
        """How warmups are sampled.

        Raises:
            ValueError: the method has no warmups.
        """
        if self.method.sampling is None:
            raise ValueError("the method has no warmups")
        return self.method.sampling

    def losses(
        self, network: torch.nn.Module, batch: Batch, update: int
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return the loss of each example [B], nats, and its diagnostics.

        Args:
            network: the model's network, or the wrapper that a distributed trainer put around it.
            batch: B examples.
            update: number of the update; warmups are a function of it, of the seed and the example.
        """
        if not self.method.sampling:
            return self._losses_without_warmups(network, batch), {}
        counts = self._sample_counts(batch["index"], update)
        if len(set(counts)) == 1:
            return self._losses_of_samples(network, batch, update, counts[0])
        order = sorted(range(len(counts)), key=counts.__getitem__)
        parts = []
        for samples, rows in itertools.groupby(order, key=counts.__getitem__):
            chosen = list(rows)
            part = {name: values[chosen] for name, values in batch.items()}
            parts.append(self._losses_of_samples(network, part, update, samples))
        back = torch.tensor(order, device=batch["index"].device).argsort()
        return torch.cat([losses for losses, _ in parts])[back], {
            name: torch.cat([notes[name] for _, notes in parts])[back] for name in parts[0][1]
        }

    def _losses_without_warmups(self, network: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return the loss of each example [B] from log P(y|x) alone."""
        source = self.model.encode(batch["input_ids"], batch["mask"])
        l = target_log_probability(self.model, network, source, batch["labels"])[:, None]
        a, b = self.objective.coefficients(l.detach(), _target_lengths(batch))
        return surrogate(a, b, torch.zeros_like(l), l)

    def _losses_of_samples(
        self, network: torch.nn.Module, batch: Batch, update: int, samples: int
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Return losses [B] and diagnostics of examples with the same number of samples.

        −Σ a_n l_n − Σ b_n s_n − mean log A_n + v · mean KL_n, see docs/method.md.
        """
        model, labels = self.model, batch["labels"]
        source = model.cache_prompt(model.encode(batch["input_ids"], batch["mask"]))
        warmups, cache = self._draw(source, batch, update, samples)
        draws = self.sampling.backprop_samples or samples
        if draws >= samples:
            scored = self._score(network, source, warmups, labels)
            l = scored.l.detach()
            a, b = self._weigh(l, batch, update)
            notes = describe_samples(warmups, l, labels)
        else:  # score and weigh all without a gradient, then train on a few
            l = self.rewards(source, cache, warmups, labels)
            a, b = self._weigh(l, batch, update)
            notes = describe_samples(warmups, l, labels)
            offset = uniforms(self.seed, Stream.SUBSAMPLING + update, batch["index"], 1, 1)
            chosen, a, b = subsample(a, b, offset[:, 0, 0].to(l.device), draws)
            scored = self._score(network, source, select(warmups, chosen), labels)
        losses, penalties = self._penalise(
            surrogate(a, b, scored.s, scored.l), scored, batch, update
        )
        if not self.sampling.backprop_samples:  # the samples that train are chosen by weight
            notes["warmup_surprisal"] = -scored.s.detach().mean(-1)
            notes["warmup_distinct"] = 1.0 + scored.which.max(-1).values
        return losses, notes | penalties

    def _sample_counts(self, examples: torch.Tensor, update: int) -> list[int]:
        """Return the number of samples of each example."""
        if self.settling(update):
            return [1] * len(examples)
        if self.adaptive_sampling:
            return self.adaptive_sampling.counts(examples)
        return [self.sampling.samples] * len(examples)

    def settling(self, update: int) -> bool:
        """Return whether the target is still learning to follow warmups that are not trained."""
        return update < self.sampling.settle

    def _draw(
        self, source: EncodedInput, batch: Batch, update: int, samples: int
    ) -> tuple[Warmups, Any]:
        """Return the warmups of each example, and the cache of sampling if they were sampled."""
        if self.predefined:
            return self.predefined_warmups(self.predefined, batch["labels"]), None
        if self.drafts and self.settling(update):
            return self.write_drafts(source, batch, update), None
        return self.sample_warmups(source, batch["index"], update, samples)

    def sample_warmups(
        self, source: EncodedInput, examples: torch.Tensor, counter: int, samples: int
    ) -> tuple[Warmups, Any]:
        """Sample N warmups per example from P(c|x); also return the cache.

        Args:
            source: B encoded inputs.
            examples: [B] index of each example in its data set.
            counter: of the random numbers: the update in training.
            samples: N.
        """
        longest = self.sampling.max_tokens
        with evaluating(self.model.network):  # P(c|x) is the network without dropout
            return sample(
                self.model,
                source,
                max_tokens=longest,
                temperature=self.sampling.temperature,
                uniform=uniforms(self.seed, counter, examples, samples, longest),
            )

    def predefined_warmups(self, rule: Rule, labels: torch.Tensor) -> Warmups:
        """Return the predefined warmup of each target [B, T], as the one sample of its example."""
        longest = self.sampling.max_tokens
        rows = [rule(row[row != IGNORED].tolist()) for row in labels]
        pad = self.model.tokens.pad
        ids = [[*row, *[pad] * (longest - len(row))] for row in rows]
        lengths = torch.tensor([[len(row)] for row in rows], device=labels.device)
        tensor = torch.tensor(ids, dtype=torch.long, device=labels.device)
        return Warmups(tensor.view(len(rows), 1, longest), lengths, lengths >= longest)

    def write_drafts(self, source: EncodedInput, batch: Batch, update: int) -> Warmups:
        """Return a draft of each target, as the one sample of its example."""
        longest = self.sampling.max_tokens
        with evaluating(self.model.network):
            return write_drafts(
                self.model,
                source,
                batch["labels"],
                max_tokens=longest,
                uniform=uniforms(self.seed, update, batch["index"], 1, longest),
            )

    def _score(
        self, network: torch.nn.Module, source: EncodedInput, warmups: Warmups, labels: torch.Tensor
    ) -> ScoredWarmups:
        """Score warmups and targets with a gradient."""
        different, which = distinct(warmups)
        branches = build_branches(self.model.tokens, different, labels)
        scores = score(self.model, network, source, branches)
        s, l = scores.s.gather(1, which), scores.l.gather(1, which)
        return ScoredWarmups(s, l, which, branches, scores)

    def rewards(
        self, source: EncodedInput, cache: Any, warmups: Warmups, labels: torch.Tensor
    ) -> torch.Tensor:
        """Return log P(y|x,c) [B, N] without gradient and dropout, from the cache of sampling."""
        with evaluating(self.model.network):
            return rewards(self.model, source, cache, warmups, labels)

    def _weigh(
        self, l: torch.Tensor, batch: Batch, update: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the coefficients a of l and b of s [B, N], see `warmup.method.objectives`."""
        lengths = _target_lengths(batch)
        if self.settling(update):
            return likelihood.coefficients(l, lengths)
        a, b = self.objective.coefficients(l, lengths, **self.method.objective_settings)
        return a, b

    def _penalise(
        self, losses: torch.Tensor, scored: ScoredWarmups, batch: Batch, update: int
    ) -> tuple[torch.Tensor, Diagnostics]:
        """Add the terms on excluded tokens, on the distance from the start model and on drafts."""
        # P(c|x) is normalised without excluded tokens; the network has to learn to exclude them
        log_allowed = scored.mean(scored.scores.log_allowed_mass)
        losses = losses - log_allowed
        notes = {"warmup_allowed_mass": log_allowed.detach().exp()}
        if self.reference_kl and (weight := self.reference_kl.weight(update)):
            divergence = scored.mean(
                self.reference_kl.divergence(self.model, scored.scores, scored.branches, batch)
            )
            losses = losses + weight * divergence
            notes["reference_kl"] = divergence.detach()
        if self.drafts and (weight := self.drafts.weight(update)):
            nll = scored.mean(
                self.drafts.nll(self.model, scored.scores, scored.branches, batch["labels"])
            )
            losses = losses + weight * nll
            notes["draft_nll"] = nll.detach()
        return losses, notes

    def validation(self, network: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return −log (1/N) Σ P(y|x,c_n) of each example [B], nats; without warmups −log P(y|x)."""
        model = self.model
        with torch.no_grad():
            source = model.encode(batch["input_ids"], batch["mask"])
            if not self.method.sampling:
                return -target_log_probability(model, network, source, batch["labels"])
            samples = self.sampling.samples
            warmups, cache = self.sample_warmups(source, batch["index"], Stream.VALIDATION, samples)
            return -log_mean_exp(self.rewards(source, cache, warmups, batch["labels"]))


def _target_lengths(batch: Batch) -> torch.Tensor:
    """Return the number of target tokens of each example [B]."""
    return (batch["labels"] != IGNORED).sum(-1)
