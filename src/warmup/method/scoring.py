"""Log-probabilities of warmups and targets, exactly as a plain forward pass would give them."""

from dataclasses import dataclass
from typing import Any

import torch

from warmup.data.batches import IGNORED
from warmup.method.sampling import Warmups
from warmup.models.interface import EncodedInput, LanguageModel, Tokens
from warmup.models.projection import divergences, label_log_probabilities


def target_log_probability(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, labels: torch.Tensor
) -> torch.Tensor:
    """Return log P(y|x) [B] of targets without a warmup; arguments as below."""
    return target_token_log_probabilities(model, network, source, labels).sum(-1)


def target_token_log_probabilities(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, labels: torch.Tensor
) -> torch.Tensor:
    """Return log P(y_t|x,y_<t) [B, T] of the tokens of targets without a warmup; 0 at padding.

    Args:
        model: the model.
        network: its network, or what a distributed trainer has wrapped around it.
        source: B encoded inputs.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    y = labels.clamp(min=0)
    start = torch.full_like(y[:, :1], model.tokens.start)
    ids = torch.cat([start, y[:, :-1]], 1)
    states = model.branch_states(network, source, ids[:, None], (labels != IGNORED)[:, None])
    log_p, _ = label_log_probabilities(model.projection, states[:, 0], labels)
    return log_p


@dataclass(frozen=True)
class Branches:
    """N decoder sequences per example, laid out as `… START c_1 … c_m SEP y_1 … y_{T-1}`.

    The padding is in front, so that the separator and each target position have one column for
    all branches.
    """

    ids: torch.Tensor
    """[B, N, K+1+T] input tokens."""
    valid: torch.Tensor
    """[B, N, K+1+T] bool: not padding."""
    warmup_labels: torch.Tensor
    """[B, N, K+1] what follows in the columns up to c_m: c_1 … c_m SEP; ignored where nothing
    of P(c|x) is: padding, and a separator that the length limit forced."""
    target_labels: torch.Tensor
    """[B, N, T] what follows from the separator on: y_1 … y_T; padding is ignored."""

    @property
    def warmup_rows(self) -> torch.Tensor:
        """Index [R] of the positions of P(c|x) in the flat `warmup_labels`."""
        return (self.warmup_labels != IGNORED).flatten().nonzero()[:, 0]


def build_branches(tokens: Tokens, warmups: Warmups, labels: torch.Tensor) -> Branches:
    """Join N warmups per example and its target.

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
    """What the network makes of N warmups per example."""

    warmup_tokens: torch.Tensor
    """[B, N, K+1] log-probabilities of `Branches.warmup_labels`, normalised without tokens that a
    warmup never contains; 0 where the label is ignored."""
    target_tokens: torch.Tensor
    """[B, N, T] log-probabilities of `Branches.target_labels`; 0 where the label is ignored."""
    s: torch.Tensor
    """[B, N] log P(c|x): the sum of `warmup_tokens`."""
    l: torch.Tensor
    """[B, N] log P(y|x,c): the sum of `target_tokens`."""
    log_allowed_mass: torch.Tensor
    """[B, N] the log of what tokens that a warmup may contain have of the full softmax. Where it
    is 0, P(c|x) is the network's own distribution, and plain `generate()` does not end inside
    a warmup."""
    states: torch.Tensor
    """[R, D] last states at the positions of P(c|x) of all warmups."""


def score(
    model: LanguageModel, network: torch.nn.Module, source: EncodedInput, branches: Branches
) -> Scores:
    """Score warmups and targets exactly as a plain forward pass for each would.

    Args:
        model: the model.
        network: its network, or what a distributed trainer has wrapped around it.
        source: B encoded inputs.
        branches: warmups and targets.
    """
    states = model.branch_states(network, source, branches.ids, branches.valid)
    columns = branches.warmup_labels.shape[-1]
    labels = torch.cat([branches.warmup_labels, branches.target_labels], -1)
    of_warmup = torch.arange(labels.shape[-1], device=labels.device) < columns
    log_p, mass = label_log_probabilities(  # at once: the weights' gradient may take a gigabyte
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
    """Return l = log P(y|x,c) [B, N] without a gradient, from what sampling has cached.

    Args:
        model: the model, in the mode in which it sampled.
        source: B encoded inputs.
        cache: of `warmup.method.sampling.sample`; it is used up.
        warmups: what was sampled.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    branches = build_branches(model.tokens, warmups, labels)
    if not model.can_continue:
        return score(model, model.network, source, branches).l
    states = model.continue_from_cache(source, cache, branches.ids, branches.valid, warmups.lengths)
    targets = branches.target_labels
    log_p, _ = label_log_probabilities(model.projection, states[:, :, 1:], targets)
    return log_p.sum(-1)


def divergence(
    model: LanguageModel,
    scores: Scores,
    start: LanguageModel,
    start_source: EncodedInput,
    branches: Branches,
    *,
    forward: bool = False,
) -> torch.Tensor:
    """Return Σ KL(P(·|x,c_<i) ‖ start model's) over the positions of each warmup [B, N], nats.

    Args:
        model: the model.
        scores: what it makes of the branches.
        start: the start model; it gets no gradient.
        start_source: the inputs as it encodes them.
        branches: warmups and targets.
        forward: KL(start model's ‖ P(·|x,c_<i)) instead.
    """
    labels = branches.warmup_labels
    columns = labels.shape[-1]
    with torch.no_grad():
        ids, valid = branches.ids[..., :columns], branches.valid[..., :columns]
        states = start.branch_states(start.network, start_source, ids, valid)
        states = states.flatten(0, 2).index_select(0, branches.warmup_rows)
    each = divergences(
        model.projection,
        scores.states,
        start.projection,
        states,
        model.tokens.excluded,
        forward=forward,
    )
    zeros = torch.zeros(labels.shape, device=labels.device)
    return zeros.masked_scatter(labels != IGNORED, each).sum(-1)
