"""The method written down directly: plain `generate()`, then one plain pass over N rows each.

This is what the optimised steps of the package are compared with: in speed, and in what they
compute. It repeats x, and all work on x, for each of its warmups.
"""

from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig

from warmup.data.batches import IGNORED, pad
from warmup.method.sampling import Warmups
from warmup.models.interface import LanguageModel


def sft_losses(model: LanguageModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return −log P(y|x) of each example [B], nats, from one plain forward pass.

    Args:
        model: the model.
        batch: `input_ids` and `mask` [B, S], `labels` [B, T].
    """
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
    """Return what `generate()` takes, and how many tokens stand before what it writes."""
    if model.network.config.is_encoder_decoder:
        return {"input_ids": x, "attention_mask": mask}, 1
    start = torch.full_like(x[:, :1], model.tokens.start)
    mask = torch.cat([mask, torch.ones_like(start)], 1)
    return {"input_ids": torch.cat([x, start], 1), "attention_mask": mask}, mask.shape[1]


@torch.no_grad()
def sample(
    model: LanguageModel, batch: dict[str, torch.Tensor], samples: int, max_tokens: int
) -> Warmups:
    """Draw N warmups per example with `generate()`."""
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
    model.network.eval()
    ids = model.network.generate(**inputs, generation_config=config)[:, prompt:]
    model.network.train(training)
    ended = (ids == tokens.separator).cumsum(-1) > 0
    shape = (len(batch["input_ids"]), samples)
    ids = ids.masked_fill(ended, tokens.pad)
    ids = torch.nn.functional.pad(ids, (0, max_tokens - ids.shape[1]), value=tokens.pad)
    lengths = (~ended).sum(-1)
    return Warmups(ids.view(*shape, -1), lengths.view(shape), ~ended.any(-1).view(shape))


class Rows(NamedTuple):
    """Decoder rows `START c SEP y` of all warmups, from one forward pass."""

    ids: torch.Tensor
    """[B·N, L] input tokens."""
    labels: torch.Tensor
    """[B·N, L] what follows each; ignored where nothing is scored."""
    logits: torch.Tensor
    """[B·N, L, V]"""
    in_warmup: torch.Tensor
    """[B·N, L] bool: positions of P(c|x)."""
    in_target: torch.Tensor
    """[B·N, L] bool: positions of P(y|x,c)."""


def forward(model: LanguageModel, batch: dict[str, torch.Tensor], warmups: Warmups) -> Rows:
    """Lay warmups and targets out in rows and pass them through the network."""
    tokens, samples = model.tokens, warmups.ids.shape[1]
    device, edges = batch["labels"].device, warmups.lengths.flatten().tolist()
    targets = batch["labels"].repeat_interleave(samples, 0).tolist()
    rows, labels = [], []
    for c, m, forced, y in zip(
        warmups.ids.flatten(0, 1).tolist(),
        edges,
        warmups.forced.flatten().tolist(),
        targets,
        strict=True,
    ):
        rows.append([tokens.start, *c[:m], tokens.separator, *y[:-1]])
        labels.append([*c[:m], IGNORED if forced else tokens.separator, *y])
    label = pad(labels, IGNORED).to(device)
    ids = pad(rows, tokens.pad).to(device).clamp(min=0)
    column = torch.arange(label.shape[1], device=device)
    edge = torch.tensor(edges, device=device)[:, None]
    in_warmup = (column <= edge) & (label != IGNORED)
    in_target = (column > edge) & (label != IGNORED)
    return Rows(ids, label, _logits(model, batch, ids, samples), in_warmup, in_target)


def log_probabilities(
    model: LanguageModel, rows: Rows, samples: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return log P(c|x), log P(y|x,c) and the log of what allowed tokens have [B, N], nats.

    The last is summed over the positions of P(c|x); see docs/method.md.
    """
    full = rows.logits.float().log_softmax(-1)
    picked = full.gather(-1, rows.labels.clamp(min=0)[..., None])[..., 0]
    width = _width(rows)
    excluded = torch.tensor(model.tokens.excluded, device=full.device)
    allowed = full[:, :width].index_fill(-1, excluded, float("-inf")).logsumexp(-1)
    mass = torch.where(rows.in_warmup[:, :width], allowed, 0.0).sum(-1)
    s = torch.where(rows.in_warmup, picked, 0.0).sum(-1) - mass
    l = torch.where(rows.in_target, picked, 0.0).sum(-1)
    return s.view(-1, samples), l.view(-1, samples), mass.view(-1, samples)


def divergence(
    model: LanguageModel,
    start: LanguageModel,
    batch: dict[str, torch.Tensor],
    rows: Rows,
    samples: int,
) -> torch.Tensor:
    """Return Σ KL(P(·|x,c_<i) ‖ start model's) over the positions of each warmup [B, N], nats."""
    width = _width(rows)
    excluded = torch.tensor(model.tokens.excluded, device=rows.ids.device)
    with torch.no_grad():
        q = _logits(start, batch, rows.ids[:, :width], samples).float()
    both = (rows.logits[:, :width].float(), q)
    p, q = (x.index_fill(-1, excluded, -torch.inf).log_softmax(-1) for x in both)
    # -inf - -inf is no number; excluded tokens have no part in the sum
    difference = p.index_fill(-1, excluded, 0.0) - q.index_fill(-1, excluded, 0.0)
    each = (p.exp() * difference).sum(-1)
    return torch.where(rows.in_warmup[:, :width], each, 0.0).sum(-1).view(-1, samples)


def _width(rows: Rows) -> int:
    """Return how many columns there are up to the last position of a warmup."""
    return max(int(rows.in_warmup.any(0).sum()), 1)  # they are the first ones of each row


def _logits(
    model: LanguageModel, batch: dict[str, torch.Tensor], rows: torch.Tensor, samples: int
) -> torch.Tensor:
    """Return the logits behind each token of the decoder rows [B·N, L], x repeated for each."""
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


def losses(model: LanguageModel, batch: dict[str, torch.Tensor], warmups: Warmups) -> torch.Tensor:
    """Return the loss of each example [B]: `reweighted`, and the term on special tokens.

    It is −Σ w_n l_n − Σ (w_n − 1/N) s_n with w = softmax(l), as docs/method.md has it.
    """
    rows = forward(model, batch, warmups)
    s, l, mass = log_probabilities(model, rows, warmups.ids.shape[1])
    return weighted(s, l) - mass.mean(-1)


def weighted(s: torch.Tensor, l: torch.Tensor) -> torch.Tensor:
    """Return −Σ w_n l_n − Σ (w_n − 1/N) s_n of each example [B], from [B, N]."""
    w = l.detach().softmax(-1)
    return -(w * l).sum(-1) - ((w - 1 / l.shape[-1]) * s).sum(-1)
