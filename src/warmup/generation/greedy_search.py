"""Write the likeliest token at each step, and keep the log-probabilities on the way.

The same sequences as `generate()` of `transformers` with `num_beams=1`, without a second pass to
score them.
"""

from dataclasses import dataclass

import torch

from warmup.models.interface import EncodedInput, LanguageModel


@dataclass(frozen=True)
class Sequences:
    """One decoder sequence behind START for each of B inputs."""

    ids: torch.Tensor
    """[B, L] tokens; padding after the end."""
    log_probabilities: torch.Tensor
    """[B, L] of the tokens, nats: those of a warmup among the tokens that it may contain."""


@torch.no_grad()
def write(
    model: LanguageModel,
    source: EncodedInput,
    *,
    limit: int | None,
    room: int,
    end: int,
    prefix: torch.Tensor | None = None,
) -> Sequences:
    """Write `c SEP y`, or y alone.

    A warmup has no special token and at most `limit` tokens, an output has no separator, as
    `warmup.generation.format_constraint` has it for beam search.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        limit: longest warmup; None for a model without.
        room: tokens that may follow, at most; more than `limit`.
        end: the token that ends a sequence; the separator where only the warmup is wanted.
        prefix: [B, P] given tokens that come first.
    """
    tokens, batch, device = model.tokens, len(source.input_ids), source.input_ids.device
    given = 0 if prefix is None else prefix.shape[1]
    inside = torch.full((batch,), limit is not None, device=device)
    ended = torch.zeros_like(inside)
    excluded = torch.tensor(tokens.excluded, device=device)
    separator = torch.tensor([tokens.separator], device=device)
    ids: list[torch.Tensor] = []
    log_probabilities: list[torch.Tensor] = []
    logits, cache = model.prefill(source, 1)
    for position in range(given + room):
        if position:
            logits, cache = model.decode_step(ids[-1][:, None], cache)
        scores = logits[:, 0].float()
        total = scores.logsumexp(-1)
        if limit is not None:
            within = scores.index_fill(-1, excluded, -torch.inf)
            total = torch.where(inside, within.logsumexp(-1), total)
            behind = scores.index_fill(-1, separator, -torch.inf)
            token = torch.where(inside, within.argmax(-1), behind.argmax(-1))
            if position >= limit:
                token = token.masked_fill(inside, tokens.separator)
        else:
            token = scores.argmax(-1)
        if prefix is not None and position < given:
            token = prefix[:, position]
        token = token.masked_fill(ended, tokens.pad)
        ids.append(token)
        log_probabilities.append(scores.gather(-1, token[:, None])[:, 0] - total)
        # where the separator is the end, the warmup that it ends is all there is
        ended = ended | ((token == end) & (~inside | (end == tokens.separator)))
        inside = inside & (token != tokens.separator)
        if bool(ended.all()):
            break
    return Sequences(torch.stack(ids, 1), torch.stack(log_probabilities, 1))
