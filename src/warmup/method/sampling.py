"""Sample warmups c ~ P(c|x): ancestral sampling from one encoding of x, N branches per example."""

from dataclasses import dataclass
from typing import Any

import torch

from warmup.models.interface import EncodedInput, LanguageModel


@dataclass(frozen=True)
class Warmups:
    """N warmups for each of B examples."""

    ids: torch.Tensor
    """[B, N, K] tokens without the separator; padding after the end."""
    lengths: torch.Tensor
    """[B, N] number of tokens."""
    forced: torch.Tensor
    """[B, N] bool: the length limit ended it, so the separator is not part of P(c|x)."""


_BLOCK = 1024
"""Tokens per block of a large vocabulary."""


def restrict(logits: torch.Tensor, excluded: tuple[int, ...]) -> torch.Tensor:
    """Return logits [..., V] with −inf for excluded tokens."""
    index = torch.tensor(excluded, device=logits.device)
    return logits.index_fill(-1, index, float("-inf"))


def draw(logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return one token per row [R] by inverting the distribution function.

    `torch.multinomial` would take its random numbers from one stream for the whole batch; here each
    row has its own, so a sample does not depend on the rest of the batch.

    Sums run in float64: over a vocabulary of 250,000 float32 would drop rare tokens. In a large
    vocabulary a block of tokens is drawn first, then a token within it. If logits are NaN, the last
    token is returned; the loss is then NaN too, and `warmup.training.non_finite` handles it.

    Args:
        logits: [R, V]; −inf is never drawn.
        uniform: [R] in [0, 1).
    """
    p = logits.float().softmax(-1)
    if p.shape[-1] <= _BLOCK:
        return _search(*_cumulated(p, uniform[:, None]))[:, 0]
    rows, size = p.shape
    blocks = torch.nn.functional.pad(p, (0, -size % _BLOCK)).view(rows, -1, _BLOCK)
    sums = blocks.sum(-1).double()  # pairwise, so that float32 is enough for a block
    cumulative, threshold = _cumulated(sums, uniform[:, None])
    block = _search(cumulative, threshold)
    width = sums.gather(-1, block)
    within = ((threshold - cumulative.gather(-1, block) + width) / width).clamp(0, 1)
    chosen = blocks.gather(1, block[..., None].expand(-1, -1, _BLOCK))[:, 0]
    token = _search(*_cumulated(chosen, within))
    return (block * _BLOCK + token).clamp(max=size - 1)[:, 0]


def _cumulated(p: torch.Tensor, uniform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cumulative sums of p [R, V], and the value [R, 1] to search for in each row.

    Args:
        p: [R, V] probabilities, of any sum.
        uniform: [R, 1] in [0, 1].
    """
    cumulative = p.cumsum(-1, dtype=torch.float64)
    total = cumulative[:, -1:]
    # rounding could otherwise step past the last token of positive probability
    below = torch.nextafter(total, torch.zeros_like(total))
    return cumulative, (uniform.to(cumulative) * total).minimum(below)


def _search(cumulative: torch.Tensor, threshold: torch.Tensor) -> torch.Tensor:
    """Return the first index [R, 1] whose cumulative sum [R, V] exceeds the threshold [R, 1]."""
    found = torch.searchsorted(cumulative, threshold, right=True)
    return found.clamp(max=cumulative.shape[-1] - 1)  # NaN exceeds everything


@torch.no_grad()
def sample(
    model: LanguageModel,
    source: EncodedInput,
    *,
    max_tokens: int,
    temperature: float,
    uniform: torch.Tensor,
) -> tuple[Warmups, Any]:
    """Draw warmups that end with the separator or after `max_tokens`; also return the cache.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        max_tokens: K, the longest warmup.
        temperature: 1 samples from P(c|x); logits are divided by it.
        uniform: [B, N, K] random numbers in [0, 1), see `warmup.method.random_numbers`.
    """
    tokens = model.tokens
    shape = uniform.shape[:2]
    uniform = uniform.to(source.input_ids.device)
    ids = torch.full((*shape, max_tokens), tokens.pad, device=source.input_ids.device)
    ended = torch.zeros(shape, dtype=torch.bool, device=ids.device)
    logits, cache = model.prefill(source, shape[1])
    for position in range(max_tokens):
        if position:
            logits, cache = model.decode_step(ids[..., position - 1], cache)
        scaled = restrict(logits.flatten(0, 1), tokens.excluded).div_(temperature)
        token = draw(scaled, uniform[..., position].flatten()).view(shape)
        ended = ended | (token == tokens.separator)
        ids[..., position] = torch.where(ended, tokens.pad, token)
        if bool(ended.all()):
            break
    return Warmups(ids, (ids != tokens.pad).sum(-1), ~ended), cache


def distinct(warmups: Warmups) -> tuple[Warmups, torch.Tensor]:
    """Return the distinct warmups of each example, and the index of each of the N among them.

    Returns:
        U warmups per example, where U is the largest number of distinct warmups of an example
        (other examples repeat one of theirs), and [B, N] the index of each of the N among the U.
    """
    same = (warmups.ids[:, :, None] == warmups.ids[:, None]).all(-1)
    same &= warmups.lengths[:, :, None] == warmups.lengths[:, None]
    first = same.int().argmax(-1)  # the earliest equal to it
    is_first = first == torch.arange(first.shape[1], device=first.device)
    rank = is_first.cumsum(-1) - 1
    order = (~is_first).int().argsort(stable=True, dim=-1)[:, : int(rank.max()) + 1]
    return select(warmups, order), rank.gather(1, first)


def select(warmups: Warmups, index: torch.Tensor) -> Warmups:
    """Return M warmups of each example, given their index [B, M]."""
    ids = warmups.ids.gather(1, index[..., None].expand(-1, -1, warmups.ids.shape[-1]))
    return Warmups(ids, warmups.lengths.gather(1, index), warmups.forced.gather(1, index))
