"""Sample warmups c ~ P(c|x): ancestral sampling from one encoding of x, N branches per example."""

from dataclasses import dataclass
from typing import Any

import torch

from warmup.models._interface import LanguageModel, Source
from warmup.prepacked import prepacked


@dataclass(frozen=True)
class Warmups:
    """N warmups for each of B examples."""

    ids: torch.Tensor
    """[B, N, K] tokens without the separator; padding after the end."""
    lengths: torch.Tensor
    """[B, N] number of tokens."""
    forced: torch.Tensor
    """[B, N] bool: the length limit ended it, so its separator is not part of P(c|x)."""


def restrict(logits: torch.Tensor, banned: tuple[int, ...]) -> torch.Tensor:
    """Return logits [..., V] with -inf for tokens that a warmup never contains."""
    index = torch.tensor(banned, device=logits.device)
    return logits.index_fill(-1, index, float("-inf"))


def draw(logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return one token per row by inverting the distribution function.

    Args:
        logits: [R, V]; -inf is never drawn.
        uniform: [R] in [0, 1).

    The sum runs in float64: over a vocabulary of 250,000 float32 would drop rare tokens.
    """
    cumulative = logits.float().softmax(-1).cumsum(-1, dtype=torch.float64)
    total = cumulative[:, -1:]
    # rounding could otherwise step past the last token that has any probability
    below = torch.nextafter(total, torch.zeros_like(total))
    threshold = (uniform.to(cumulative)[:, None] * total).minimum(below)
    return torch.searchsorted(cumulative, threshold, right=True).squeeze(-1)


@torch.no_grad()
def sample(
    model: LanguageModel,
    source: Source,
    *,
    max_tokens: int,
    temperature: float,
    uniform: torch.Tensor,
) -> tuple[Warmups, Any]:
    """Draw warmups, each ended by the separator or after `max_tokens`; also return the cache.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        max_tokens: K, the longest warmup.
        temperature: 1 samples from P(c|x) itself.
        uniform: [B, N, K] random numbers in [0, 1), see `warmup.randomness`.
    """
    tokens = model.tokens
    shape = uniform.shape[:2]
    uniform = uniform.to(source.input_ids.device)
    ids = torch.full((*shape, max_tokens), tokens.pad, device=source.input_ids.device)
    ended = torch.zeros(shape, dtype=torch.bool, device=ids.device)
    logits, cache = model.begin(source, shape[1])
    with prepacked(model.network, max_tokens):
        for position in range(max_tokens):
            if position:
                logits, cache = model.step(ids[..., position - 1], cache)
            scaled = restrict(logits.flatten(0, 1), tokens.banned) / temperature
            token = draw(scaled, uniform[..., position].flatten()).view(shape)
            ended = ended | (token == tokens.separator)
            ids[..., position] = torch.where(ended, tokens.pad, token)
            if bool(ended.all()):
                break
    return Warmups(ids, (ids != tokens.pad).sum(-1), ~ended), cache


def distinct(warmups: Warmups) -> tuple[Warmups, torch.Tensor]:
    """Return the different warmups of each example and where each of the N is among them.

    Returns:
        U warmups per example, U the most that any example has (others repeat one of theirs),
        and [B, N] the index of each of the N in these.
    """
    same = (warmups.ids[:, :, None] == warmups.ids[:, None]).all(-1)
    same &= warmups.lengths[:, :, None] == warmups.lengths[:, None]
    first = same.int().argmax(-1)  # the earliest equal to it
    is_first = first == torch.arange(first.shape[1], device=first.device)
    rank = is_first.cumsum(-1) - 1
    order = (~is_first).int().argsort(stable=True, dim=-1)[:, : int(rank.max()) + 1]
    return select(warmups, order), rank.gather(1, first)


def select(warmups: Warmups, index: torch.Tensor) -> Warmups:
    """Return some warmups of each example, by their index [B, M]."""
    ids = warmups.ids.gather(1, index[..., None].expand(-1, -1, warmups.ids.shape[-1]))
    return Warmups(ids, warmups.lengths.gather(1, index), warmups.forced.gather(1, index))
