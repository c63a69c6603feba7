"""Greedy search: generate the most probable token at each step, and keep its log-probability.

It generates the same sequences as `generate()` of `transformers` with `num_beams=1`, without the
second forward pass that would score them.
"""

from dataclasses import dataclass

import torch

from warmup.models.interface import EncodedInput, LanguageModel


@dataclass(frozen=True)
class Sequences:
    """One decoder sequence after START for each of B inputs."""

    ids: torch.Tensor
    """[B, L] tokens; padding after the end."""
    log_probabilities: torch.Tensor
    """[B, L] their log-probabilities, nats; within c among the tokens that a warmup may contain."""


@torch.no_grad()
def search(
    model: LanguageModel,
    source: EncodedInput,
    *,
    max_warmup_tokens: int | None,
    max_new_tokens: int,
    end: int,
    prefix: torch.Tensor | None = None,
) -> Sequences:
    """Generate `c SEP y`, or y alone.

    As `warmup.generation.format_constraint` does for beam search, it keeps excluded tokens out of
    c, ends c after `max_warmup_tokens`, and keeps separators out of y.

    Args:
        model: the model, in evaluation mode.
        source: B encoded inputs.
        max_warmup_tokens: K; None for a model without warmups.
        max_new_tokens: most tokens after the prefix; more than K.
        end: the token that ends a sequence; the separator to generate c alone.
        prefix: [B, P] given first tokens.
    """
    tokens, batch, device = model.tokens, len(source.input_ids), source.input_ids.device
    given = 0 if prefix is None else prefix.shape[1]
    in_warmup = torch.full((batch,), max_warmup_tokens is not None, device=device)
    ended = torch.zeros_like(in_warmup)
    excluded = torch.tensor(tokens.excluded, device=device)
    separator = torch.tensor([tokens.separator], device=device)
    ids: list[torch.Tensor] = []
    log_probabilities: list[torch.Tensor] = []
    logits, cache = model.prefill(source, 1)
    for position in range(given + max_new_tokens):
        if position:
            logits, cache = model.decode_step(ids[-1][:, None], cache)
        scores = logits[:, 0].float()
        total = scores.logsumexp(-1)
        if max_warmup_tokens is not None:
            of_warmup = scores.index_fill(-1, excluded, -torch.inf)
            of_output = scores.index_fill(-1, separator, -torch.inf)
            total = torch.where(in_warmup, of_warmup.logsumexp(-1), total)
            token = torch.where(in_warmup, of_warmup.argmax(-1), of_output.argmax(-1))
            if position >= max_warmup_tokens:
                token = token.masked_fill(in_warmup, tokens.separator)
        else:
            token = scores.argmax(-1)
        if prefix is not None and position < given:
            token = prefix[:, position]
        token = token.masked_fill(ended, tokens.pad)
        ids.append(token)
        log_probabilities.append(scores.gather(-1, token[:, None])[:, 0] - total)
        # if the separator is the end, it ends a sequence within c, else only y can end
        ended = ended | ((token == end) & (~in_warmup | (end == tokens.separator)))
        in_warmup = in_warmup & (token != tokens.separator)
        if bool(ended.all()):
            break
    return Sequences(torch.stack(ids, 1), torch.stack(log_probabilities, 1))
