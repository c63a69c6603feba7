"""Log-probabilities of warmups and targets, exactly as a plain forward pass would give them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from warmup.data.batches import IGNORED
from warmup.method.sampling import Warmups
from warmup.models.interface import EncodedInput, LanguageModel, Tokens
from warmup.models.projection import label_log_probabilities


def target_log_probability(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, labels: torch.Tensor
) -> torch.Tensor:
    """Return log P(y|x) [B], nats; see `target_token_log_probabilities`."""
    return target_token_log_probabilities(model, network, source, labels).sum(-1)


def target_token_log_probabilities(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, labels: torch.Tensor
) -> torch.Tensor:
    """Return log P(y_t|x,y_<t) [B, T], nats, of targets without a warmup; 0 at padding.

    Args:
        model: the model.
        network: its network, or the wrapper that a distributed trainer put around it.
        source: B encoded inputs.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    states = target_states(model, network, source, labels)
    log_p, _ = label_log_probabilities(model.projection, states, labels)
    return log_p


def target_states(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, labels: torch.Tensor
) -> torch.Tensor:
    """Return last hidden states [B, T, D] of targets without a warmup, before each of their tokens.

    Arguments are those of `target_token_log_probabilities`.
    """
    y = labels.clamp(min=0)
    start = torch.full_like(y[:, :1], model.tokens.start)
    ids = torch.cat([start, y[:, :-1]], 1)
    states = model.branch_states(network, source, ids[:, None], (labels != IGNORED)[:, None])
    return states[:, 0]


@dataclass(frozen=True)
class Branches:
    """N decoder sequences `START c_1 … c_m SEP y_1 … y_{T-1}` per example.

    Padding is in front, so that the separator and each target position are in the same column of
    all branches.
    """

    ids: torch.Tensor
    """[B, N, K+1+T] input tokens."""
    valid: torch.Tensor
    """[B, N, K+1+T] bool: not padding."""
    warmup_labels: torch.Tensor
    """[B, N, K+1] next tokens up to the separator: c_1 … c_m SEP. Ignored is what is not part of
    P(c|x): padding, and a separator that the length limit forced."""
    target_labels: torch.Tensor
    """[B, N, T] next tokens from the separator on: y_1 … y_T; padding is ignored."""

    @property
    def lead(self) -> torch.Tensor:
        """[B, N] columns of padding in front of START."""
        return self.valid.long().argmax(-1)

    @property
    def warmup_rows(self) -> torch.Tensor:
        """[R] index of the positions of P(c|x) in the flattened `warmup_labels`."""
        return (self.warmup_labels != IGNORED).flatten().nonzero()[:, 0]


def build_branches(tokens: Tokens, warmups: Warmups, labels: torch.Tensor) -> Branches:
    """Join each of N warmups per example with the example's target.

    Args:
        tokens: the ids of START, separator and padding.
        warmups: N warmups per example; K is the length of the longest.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    batch, samples = warmups.lengths.shape
    longest = int(warmups.lengths.max())
    column = torch.arange(longest, device=labels.device)
    lead = longest - warmups.lengths[..., None]
    shifted = warmups.ids.gather(-1, (column - lead).clamp(min=0))
    c = torch.where(column >= lead, shifted, tokens.pad)
    edge = torch.full_like(warmups.lengths, tokens.pad)[..., None]
    prefix = torch.cat([edge, c, torch.full_like(edge, tokens.separator)], -1)
    prefix = prefix.scatter(-1, lead, tokens.start)
    y = labels[:, None].expand(batch, samples, -1)
    before_y = torch.arange(longest + 2, device=labels.device) >= lead
    ended = torch.where(warmups.forced, IGNORED, tokens.separator)[..., None]
    return Branches(
        ids=torch.cat([prefix, y[..., :-1].clamp(min=0)], -1),
        valid=torch.cat([before_y, y[..., 1:] != IGNORED], -1),
        warmup_labels=torch.cat([torch.where(column >= lead, c, IGNORED), ended], -1),
        target_labels=y,
    )


@dataclass(frozen=True)
class Scores:
    """Log-probabilities of N warmups and targets per example, nats."""

    warmup_tokens: torch.Tensor
    """[B, N, K+1] log-probabilities of `Branches.warmup_labels`, normalised without excluded
    tokens; 0 where the label is ignored."""
    target_tokens: torch.Tensor
    """[B, N, T] log-probabilities of `Branches.target_labels`; 0 where the label is ignored."""
    s: torch.Tensor
    """[B, N] log P(c|x): the sum of `warmup_tokens`."""
    l: torch.Tensor
    """[B, N] log P(y|x,c): the sum of `target_tokens`."""
    log_allowed_mass: torch.Tensor
    """[B, N] log of the probability of the allowed tokens in the full softmax, summed over the
    warmup. At 0 P(c|x) is the network's own distribution, and plain `generate()` does not end
    inside a warmup."""
    states: torch.Tensor
    """[R, D] last hidden states at the positions of P(c|x) of all warmups."""


def score(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, branches: Branches
) -> Scores:
    """Score warmups and targets exactly as a plain forward pass for each would.

    Args:
        model: the model.
        network: its network, or the wrapper that a distributed trainer put around it.
        source: B encoded inputs.
        branches: warmups and targets.
    """
    states = model.branch_states(network, source, branches.ids, branches.valid)
    columns = branches.warmup_labels.shape[-1]
    labels = torch.cat([branches.warmup_labels, branches.target_labels], -1)
    of_warmup = torch.arange(labels.shape[-1], device=labels.device) < columns
    log_p, mass = label_log_probabilities(  # one call: each makes a gradient [V, D] of the head
        model.projection,
        states,
        labels,
        model.tokens.excluded,
        restricted=of_warmup.expand_as(labels),
    )
    warmup_states = states[:, :, :columns].flatten(0, 2).index_select(0, branches.warmup_rows)
    log_c, log_y = (log_p - mass)[..., :columns], log_p[..., columns:]
    return Scores(log_c, log_y, log_c.sum(-1), log_y.sum(-1), mass.sum(-1), warmup_states)


@torch.no_grad()
def rewards(
    model: LanguageModel, source: EncodedInput, cache: Any, warmups: Warmups, labels: torch.Tensor
) -> torch.Tensor:
    """Return l = log P(y|x,c) [B, N], nats, without a gradient, from the cache of sampling.

    Args:
        model: the model, in the mode in which it sampled (evaluation).
        source: B encoded inputs.
        cache: of `warmup.method.sampling.sample`; it is used up.
        warmups: the samples.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    branches = build_branches(model.tokens, warmups, labels)
    if not model.can_continue:
        return score(model, model.network, source, branches).l
    states = model.continue_from_cache(source, cache, branches.ids, branches.valid, warmups.lengths)
    targets = branches.target_labels
    log_p, _ = label_log_probabilities(model.projection, states[:, :, 1:], targets)
    return log_p.sum(-1)


@contextmanager
def evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, that is without dropout, within the context."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
