"""Log-probabilities of warmups and targets, exactly as a plain forward pass would give them."""

from dataclasses import dataclass

import torch

from warmup.models._interface import LanguageModel, Source, Tokens
from warmup.sampling import Warmups, restrict

IGNORED = -100
"""Label of positions that are padding, as in `transformers`."""


def target_log_probability(
    model: LanguageModel, network: torch.nn.Module, source: Source, labels: torch.Tensor
) -> torch.Tensor:
    """Return log P(y|x) [B] of targets without a warmup.

    Args:
        model: the model.
        network: its network, or what a distributed trainer has wrapped around it.
        source: B encoded inputs.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    y = labels.clamp(min=0)
    start = torch.full_like(y[:, :1], model.tokens.start)
    ids = torch.cat([start, y[:, :-1]], 1)
    logits = model.branch_logits(network, source, ids[:, None], (labels != IGNORED)[:, None])
    return _token_log_probability(logits[:, 0], labels).sum(-1)


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


def lay_out(tokens: Tokens, warmups: Warmups, labels: torch.Tensor) -> Branches:
    """Join N warmups per example and its target.

    Args:
        tokens: the ids of START, separator and padding.
        warmups: N warmups of at most K tokens per example.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    batch, samples, longest = warmups.ids.shape
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


def warmup_log_probabilities(
    model: LanguageModel, network: torch.nn.Module, source: Source, branches: Branches
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return s = log P(c|x) and l = log P(y|x,c), both [B, N], and the warmups' distributions.

    The distributions are log-probabilities [B, N, K+1, V] of the full softmax in the columns of
    `warmup_labels`, with -inf for tokens that a warmup never contains; s is normalised without
    these.

    Args:
        model: the model.
        network: its network, or what a distributed trainer has wrapped around it.
        source: B encoded inputs.
        branches: warmups and targets.
    """
    logits = model.branch_logits(network, source, branches.ids, branches.valid)
    columns = branches.warmup_labels.shape[-1]
    l = _token_log_probability(logits[:, :, columns:], branches.target_labels).sum(-1)
    full = logits[:, :, :columns].float().log_softmax(-1)
    c = restrict(full, model.tokens.banned)
    picked = c.log_softmax(-1).gather(-1, branches.warmup_labels.clamp(min=0)[..., None])[..., 0]
    s = torch.where(branches.warmup_labels == IGNORED, 0.0, picked).sum(-1)
    return s, l, c


def log_allowed_mass(distributions: torch.Tensor, warmup_labels: torch.Tensor) -> torch.Tensor:
    """Return the log of what tokens that a warmup may contain have of the full softmax [B, N].

    Summed over the positions of each warmup. Where it is 0, P(c|x) without the other tokens is
    the network's own distribution, and plain `generate()` does not end inside a warmup.

    Args:
        distributions: [B, N, K+1, V] as from `warmup_log_probabilities`.
        warmup_labels: [B, N, K+1]; ignored positions do not count.
    """
    mass = distributions.logsumexp(-1)
    return torch.where(warmup_labels == IGNORED, 0.0, mass).sum(-1)


def divergence(
    log_p: torch.Tensor, log_q: torch.Tensor, warmup_labels: torch.Tensor
) -> torch.Tensor:
    """Return Σ KL(p ‖ q) over the positions of each warmup [B, N], nats.

    Args:
        log_p: [B, N, K+1, V], normalised here; -inf in both means that a token is impossible.
        log_q: likewise.
        warmup_labels: [B, N, K+1]; ignored positions do not count.
    """
    log_p, log_q = log_p.log_softmax(-1), log_q.log_softmax(-1)
    difference = torch.where(log_p.isinf(), 0.0, log_p) - torch.where(log_q.isinf(), 0.0, log_q)
    per_position = (log_p.exp() * difference).sum(-1)
    return torch.where(warmup_labels == IGNORED, 0.0, per_position).sum(-1)


def _token_log_probability(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the log-probability of each label in float32, 0 where it is ignored."""
    loss = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return -loss.view(labels.shape)
