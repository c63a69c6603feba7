"""Sample warmups c ~ P(c|x): ancestral sampling from one encoding of x, N branches per example."""

from dataclasses import dataclass

import torch

from warmup.models._interface import LanguageModel, Source


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
    probability = logits.float().softmax(-1)
    cumulative = probability.double().cumsum(-1)
    threshold = uniform.to(cumulative)[:, None] * cumulative[:, -1:]
    # rounding could otherwise step past the last token that has any probability
    last = (cumulative < cumulative[:, -1:]).sum(-1)
    return torch.searchsorted(cumulative, threshold, right=True).squeeze(-1).minimum(last)


@torch.no_grad()
def sample(
    model: LanguageModel,
    source: Source,
    *,
    max_tokens: int,
    temperature: float,
    uniform: torch.Tensor,
) -> Warmups:
    """Draw warmups, each ended by the separator or after `max_tokens`.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        max_tokens: K, the longest warmup.
        temperature: 1 samples from P(c|x) itself.
        uniform: [B, N, K] random numbers in [0, 1), see `warmup.randomness`.
    """
    tokens = model.tokens
    batch, samples = uniform.shape[:2]
    uniform = uniform.reshape(batch * samples, -1)
    ids = torch.full((batch * samples, max_tokens), tokens.pad, device=source.input_ids.device)
    ended = torch.zeros(batch * samples, dtype=torch.bool, device=ids.device)
    if max_tokens:
        logits, cache = model.begin(source)
        logits = logits.repeat_interleave(samples, 0)
        cache = model.expand(cache, samples)
    for position in range(max_tokens):
        if position:
            logits, cache = model.step(ids[:, position - 1], cache)
        scaled = restrict(logits, tokens.banned) / temperature
        token = draw(scaled, uniform[:, position])
        ended = ended | (token == tokens.separator)
        ids[:, position] = torch.where(ended, tokens.pad, token)
        if bool(ended.all()):
            break
    lengths = (ids != tokens.pad).sum(-1)
    shape = (batch, samples)
    return Warmups(ids.view(*shape, -1), lengths.view(shape), ~ended.view(shape))
