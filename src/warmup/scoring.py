"""Log-probabilities of warmups and targets, exactly as a plain forward pass would give them."""

import torch

from warmup.models._interface import LanguageModel, Source
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


def warmup_log_probabilities(
    model: LanguageModel,
    network: torch.nn.Module,
    source: Source,
    warmups: Warmups,
    labels: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return s = log P(c|x) and l = log P(y|x,c), both [B, N].

    A branch is laid out as `… START c_1 … c_m SEP y_1 … y_{T-1}` with the padding in front, so
    that the separator and each target position have one column for all branches.

    Args:
        model: the model.
        network: its network, or what a distributed trainer has wrapped around it.
        source: B encoded inputs.
        warmups: N warmups of at most K tokens per example.
        labels: [B, T] target tokens with their end; -100 is padding.
    """
    tokens = model.tokens
    batch, samples, longest = warmups.ids.shape
    column = torch.arange(longest, device=labels.device)
    lead = longest - warmups.lengths[..., None]
    shifted = warmups.ids.gather(-1, (column - lead).clamp(min=0))
    c = torch.where(column >= lead, shifted, tokens.pad)

    edge = torch.full_like(c[..., :1], tokens.pad)
    ids = torch.cat([edge, c, torch.full_like(edge, tokens.separator)], -1)
    ids = ids.scatter(-1, lead, tokens.start)
    y = labels.clamp(min=0)[:, None].expand(batch, samples, -1)
    ids = torch.cat([ids, y[..., :-1]], -1)
    here = torch.arange(longest + 2, device=labels.device) >= lead
    there = (labels != IGNORED)[:, None, 1:].expand(batch, samples, -1)
    valid = torch.cat([here, there], -1)

    logits = model.branch_logits(network, source, ids, valid)
    l = _token_log_probability(logits[:, :, longest + 1 :], labels[:, None].expand_as(y)).sum(-1)

    ended = torch.where(warmups.forced, IGNORED, tokens.separator)[..., None]
    wanted = torch.cat([torch.where(column >= lead, c, IGNORED), ended], -1)
    restricted = restrict(logits[:, :, : longest + 1], tokens.banned)
    s = _token_log_probability(restricted, wanted).sum(-1)
    return s, l


def _token_log_probability(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the log-probability of each label in float32, 0 where it is ignored."""
    loss = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return -loss.view(labels.shape)
