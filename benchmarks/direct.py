"""The method in plain code: start reading here.

For an input x and a target y, one decoder generates a warmup c and then y:

    START c_1 … c_m SEP y_1 … y_T EOS

A training step draws N warmups per example from P(c|x), computes s_n = log P(c_n|x) and
l_n = log P(y|x,c_n), and takes the gradient of `losses` below. docs/method.md explains each term.

The package computes the same faster: `warmup.method.criterion` is its `losses`, and tests compare
the two. Here each row of the batch repeats x, and all work on x, for each of its warmups.

Shapes: B examples, N warmups per example, L tokens of the longest row, V tokens in the vocabulary.
"""

from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig

from warmup.data.batches import IGNORED, Batch, pad
from warmup.method.sampling import Warmups
from warmup.models.interface import LanguageModel


def losses(model: LanguageModel, batch: Batch, warmups: Warmups) -> torch.Tensor:
    """Return the loss of each example [B], nats: `reweighted`, and the term on excluded tokens.

    Args:
        model: the model.
        batch: `input_ids` and `mask` [B, S], `labels` [B, T].
        warmups: N per example, as `sample` draws them.
    """
    rows = forward(model, batch, warmups)
    s, l, log_allowed = log_probabilities(model, rows, warmups.ids.shape[1])
    return reweighted(s, l) - log_allowed.mean(-1)


@torch.no_grad()
def sample(model: LanguageModel, batch: Batch, samples: int, max_tokens: int) -> Warmups:
    """Draw N warmups per example from P(c|x), of at most `max_tokens` tokens each.

    A warmup contains no special token (`excluded`) and ends with the separator.
    """
    tokens, training = model.tokens, model.network.training
    inputs, prompt = generation_inputs(model, batch["input_ids"], batch["mask"])
    config = GenerationConfig(
        do_sample=True,
        top_k=0,
        num_return_sequences=samples,
        max_new_tokens=max_tokens,
        suppress_tokens=list(tokens.excluded),
        eos_token_id=tokens.separator,
        pad_token_id=tokens.pad,
        decoder_start_token_id=tokens.start,
    )
    model.network.eval()  # no dropout
    ids = model.network.generate(**inputs, generation_config=config)[:, prompt:]
    model.network.train(training)
    ended = (ids == tokens.separator).cumsum(-1) > 0
    shape = (len(batch["input_ids"]), samples)
    ids = ids.masked_fill(ended, tokens.pad)
    ids = torch.nn.functional.pad(ids, (0, max_tokens - ids.shape[1]), value=tokens.pad)
    lengths = (~ended).sum(-1)
    return Warmups(ids.view(*shape, -1), lengths.view(shape), ~ended.any(-1).view(shape))


class Rows(NamedTuple):
    """Decoder rows `START c SEP y`, one per warmup, after one forward pass."""

    ids: torch.Tensor
    """[B·N, L] input tokens."""
    labels: torch.Tensor
    """[B·N, L] next tokens; ignored where nothing is scored."""
    logits: torch.Tensor
    """[B·N, L, V]"""
    in_warmup: torch.Tensor
    """[B·N, L] bool: positions of P(c|x)."""
    in_target: torch.Tensor
    """[B·N, L] bool: positions of P(y|x,c)."""


def forward(model: LanguageModel, batch: Batch, warmups: Warmups) -> Rows:
    """Join warmups and targets in rows and pass them through the network."""
    tokens, samples = model.tokens, warmups.ids.shape[1]
    device, lengths = batch["labels"].device, warmups.lengths.flatten().tolist()
    targets = batch["labels"].repeat_interleave(samples, 0).tolist()
    rows, labels = [], []
    for c, m, forced, y in zip(
        warmups.ids.flatten(0, 1).tolist(),
        lengths,
        warmups.forced.flatten().tolist(),
        targets,
        strict=True,
    ):
        rows.append([tokens.start, *c[:m], tokens.separator, *y[:-1]])
        # a separator that the length limit forced is not part of P(c|x)
        labels.append([*c[:m], IGNORED if forced else tokens.separator, *y])
    label = pad(labels, IGNORED).to(device)
    ids = pad(rows, tokens.pad).to(device).clamp(min=0)
    column = torch.arange(label.shape[1], device=device)
    separator = torch.tensor(lengths, device=device)[:, None]
    in_warmup = (column <= separator) & (label != IGNORED)
    in_target = (column > separator) & (label != IGNORED)
    return Rows(ids, label, _logits(model, batch, ids, samples), in_warmup, in_target)


def log_probabilities(
    model: LanguageModel, rows: Rows, samples: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return s = log P(c|x), l = log P(y|x,c) and the log-mass of allowed tokens, nats [B, N].

    P(c|x) is normalised over the allowed tokens, those that are not excluded. The third result is
    the log of their probability in the full softmax, summed over the positions of P(c|x).
    """
    full = rows.logits.float().log_softmax(-1)
    picked = full.gather(-1, rows.labels.clamp(min=0)[..., None])[..., 0]
    width = _warmup_columns(rows)
    excluded = torch.tensor(model.tokens.excluded, device=full.device)
    allowed = full[:, :width].index_fill(-1, excluded, float("-inf")).logsumexp(-1)
    log_allowed = torch.where(rows.in_warmup[:, :width], allowed, 0.0).sum(-1)
    s = torch.where(rows.in_warmup, picked, 0.0).sum(-1) - log_allowed
    l = torch.where(rows.in_target, picked, 0.0).sum(-1)
    return s.view(-1, samples), l.view(-1, samples), log_allowed.view(-1, samples)


def reweighted(s: torch.Tensor, l: torch.Tensor) -> torch.Tensor:
    """Return −Σ w_n l_n − Σ (w_n − 1/N) s_n of each example [B], from s and l [B, N].

    w = softmax(l) says which warmups make the target probable. They are made more probable
    themselves (w_n > 1/N), and the target learns most from them.
    """
    w = l.detach().softmax(-1)
    return -(w * l).sum(-1) - ((w - 1 / l.shape[-1]) * s).sum(-1)


def divergence(
    model: LanguageModel, reference: LanguageModel, batch: Batch, rows: Rows, samples: int
) -> torch.Tensor:
    """Return Σ_i KL( P(·|x,c_<i) ‖ P_ref(·|x,c_<i) ) of each warmup [B, N], nats: the reference KL.

    Training may add its mean over n, with a falling weight, to keep warmups near the start model.
    """
    width = _warmup_columns(rows)
    excluded = torch.tensor(model.tokens.excluded, device=rows.ids.device)
    with torch.no_grad():
        q = _logits(reference, batch, rows.ids[:, :width], samples).float()
    both = (rows.logits[:, :width].float(), q)
    p, q = (x.index_fill(-1, excluded, -torch.inf).log_softmax(-1) for x in both)
    # −inf − −inf would be NaN; excluded tokens add 0 to the sum
    difference = p.index_fill(-1, excluded, 0.0) - q.index_fill(-1, excluded, 0.0)
    each = (p.exp() * difference).sum(-1)
    return torch.where(rows.in_warmup[:, :width], each, 0.0).sum(-1).view(-1, samples)


def sft_losses(model: LanguageModel, batch: Batch) -> torch.Tensor:
    """Return −log P(y|x) of each example [B], nats: supervised fine-tuning, without warmups."""
    y = batch["labels"]
    start = torch.full_like(y[:, :1], model.tokens.start)
    logits = _logits(model, batch, torch.cat([start, y[:, :-1].clamp(min=0)], 1), samples=1)
    each = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), y.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return each.view(y.shape).sum(-1)


def generation_inputs(
    model: LanguageModel, x: torch.Tensor, mask: torch.Tensor
) -> tuple[dict[str, torch.Tensor], int]:
    """Return the inputs of `generate()`, and how many tokens of its output precede the warmup."""
    if model.network.config.is_encoder_decoder:
        return {"input_ids": x, "attention_mask": mask}, 1
    start = torch.full_like(x[:, :1], model.tokens.start)
    mask = torch.cat([mask, torch.ones_like(start)], 1)
    return {"input_ids": torch.cat([x, start], 1), "attention_mask": mask}, mask.shape[1]


def _logits(model: LanguageModel, batch: Batch, rows: torch.Tensor, samples: int) -> torch.Tensor:
    """Return the logits [B·N, L, V] after each token of the decoder rows [B·N, L]."""
    x = batch["input_ids"].repeat_interleave(samples, 0)
    mask = batch["mask"].repeat_interleave(samples, 0)
    inputs: dict[str, Any] = {"input_ids": x, "attention_mask": mask, "decoder_input_ids": rows}
    if not model.network.config.is_encoder_decoder:
        both = torch.cat([mask, torch.ones_like(rows)], 1)
        inputs = {
            "input_ids": torch.cat([x, rows], 1),
            "attention_mask": both,
            "position_ids": (both.cumsum(-1) - 1).clamp(min=0),
            "logits_to_keep": rows.shape[1],
        }
    logits: torch.Tensor = model.network(**inputs, use_cache=False).logits
    return logits


def _warmup_columns(rows: Rows) -> int:
    """Return the number of columns up to the last position of P(c|x) in any row, at least 1."""
    return max(int(rows.in_warmup.any(0).sum()), 1)
