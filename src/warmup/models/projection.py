"""The vocabulary projection, fused with what is computed from it: logits are not kept.

For B·N branches of K+T tokens the logits would be [B·N, K+T, V]; with the 250,000 tokens of mT5
they would take most of the memory of training.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from warmup.data.batches import IGNORED
from warmup.models.marker_rows import add_logits

MAX_LOGITS = 2**26
"""Largest number of logits that exist at once (256 MiB in float32)."""

_AT_ONCE = 2**22
"""Number of logits that roughly fit into a processor's cache."""
_LITTLE = math.log(0.51)
"""Log of the allowed tokens' probability below which it is summed directly, and not as 1 − x."""


@dataclass(frozen=True)
class Projection:
    """The map from last hidden states to logits: z = `states · weightᵀ + bias`.

    With LoRA the weight is frozen, and a change is trained for the rows of a few tokens.

    With a cap (Gemma 2) the logits are `cap · tanh(z / cap)`.
    """

    weight: torch.Tensor
    """[V, D]"""
    bias: torch.Tensor | None = None
    """[V]"""
    cap: float | None = None
    rows: torch.Tensor | None = None
    """[R] rows of the weight that are changed; None for none."""
    change: torch.Tensor | None = None
    """[R, D] what is added to these."""

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return float32 logits [..., V] of states [..., D]."""
        bias = None if self.bias is None else self.bias.to(states.dtype)
        logits = linear(states, self.weight.to(states.dtype), bias)
        if self.rows is not None and self.change is not None:
            logits = add_logits(logits, states, self.rows, self.change)
        logits = logits.float()
        return logits if self.cap is None else self.cap * torch.tanh(logits / self.cap)


def label_log_probabilities(
    projection: Projection,
    states: torch.Tensor,
    labels: torch.Tensor,
    excluded: tuple[int, ...] = (),
    *,
    restricted: torch.Tensor | None = None,
    max_logits: int = MAX_LOGITS,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log p of each label, and the log of the probability of all allowed tokens together.

    Both [...] are of the full softmax, in float32, in nats, and 0 where the label is ignored. Their
    difference is the label's log-probability among the allowed tokens.

    Args:
        projection: of the network.
        states: [..., D] last hidden states.
        labels: [...] tokens; positions with -100 are ignored and cost nothing.
        excluded: tokens that are not allowed at restricted positions.
        restricted: [...] bool, positions at which tokens are excluded; None for all. Elsewhere all
            tokens are allowed, and the second result is 0.
        max_logits: more logits than these are computed in parts, and again for the gradient.
    """
    keep = labels != IGNORED
    picked = labels[keep]
    rows = states.flatten(0, -2).index_select(0, keep.flatten().nonzero()[:, 0])
    kind = states.device.type
    if torch.is_autocast_enabled(kind):  # autocast does not reach the backward pass
        rows = rows.to(torch.get_autocast_dtype(kind))
    chunk = max(max_logits // projection.weight.shape[0], 1)
    index = torch.tensor(excluded, dtype=torch.long, device=states.device)
    some = torch.ones_like(picked).bool() if restricted is None else restricted[keep]
    log_p, log_mass = _LabelLogProbability.apply(  # type: ignore[no-untyped-call]
        rows,
        projection.weight,
        projection.bias,
        projection.change,
        projection.cap,
        projection.rows,
        picked,
        index,
        some,
        chunk,
    )
    zeros = torch.zeros(labels.shape, device=states.device)
    return zeros.masked_scatter(keep, log_p), zeros.masked_scatter(keep, log_mass)


def divergences(
    projection: Projection,
    states: torch.Tensor,
    reference_projection: Projection,
    reference_states: torch.Tensor,
    excluded: tuple[int, ...],
    *,
    forward: bool = False,
    max_logits: int = MAX_LOGITS,
) -> torch.Tensor:
    """Return KL(p ‖ q) of next-token distributions without the excluded tokens [R], nats.

    Args:
        projection: of the network whose distribution is p.
        states: [R, D] its last hidden states.
        reference_projection: of the reference network, whose distribution is q; no gradient.
        reference_states: [R, D'] its last hidden states.
        excluded: tokens left out of both distributions.
        forward: KL(q ‖ p) instead, which grows without bound where p loses a token of q.
        max_logits: more logits than these are computed in parts, and again for the gradient.
    """
    index = torch.tensor(excluded, dtype=torch.long, device=states.device)

    def divergence(p_states: torch.Tensor, q_states: torch.Tensor) -> torch.Tensor:
        p = projection.logits(p_states).index_fill(-1, index, float("-inf")).log_softmax(-1)
        with torch.no_grad():
            q = reference_projection.logits(q_states).index_fill(-1, index, float("-inf"))
            q = q.log_softmax(-1)
        # −inf − −inf would be NaN; excluded tokens add 0 to the sum
        difference = p.index_fill(-1, index, 0.0) - q.index_fill(-1, index, 0.0)
        return -(q.exp() * difference).sum(-1) if forward else (p.exp() * difference).sum(-1)

    chunk = max(max_logits // projection.weight.shape[0], 1)
    if len(states) <= chunk:
        return divergence(states, reference_states)
    parts = zip(torch.split(states, chunk), torch.split(reference_states, chunk), strict=True)
    return torch.cat([checkpoint(divergence, p, q, use_reentrant=False) for p, q in parts])


class _LabelLogProbability(torch.autograd.Function):
    """Log-probabilities of labels, and of the allowed tokens, with a gradient that keeps no logits.

    Probabilities are kept for the gradient if they fit into one part, else computed again. Logits
    are read and written as seldom as possible: with a large vocabulary that takes as long as the
    matrix products.
    """

    @staticmethod
    def forward(  # noqa: PLR0917  # called by PyTorch, with positions only
        ctx: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        change: torch.Tensor | None,
        cap: float | None,
        changed: torch.Tensor | None,
        labels: torch.Tensor,
        excluded: torch.Tensor,
        restricted: torch.Tensor,
        chunk: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        projection = Projection(weight, bias, cap, changed, change)
        ctx.kept = None
        log_p, log_mass = [], []
        parts = (torch.split(rows, chunk) for rows in (states, labels, restricted))
        for part, label, some in zip(*parts, strict=True):
            logits = projection.logits(part)
            top, where = logits.max(-1, keepdim=True)
            of_label = logits.gather(-1, label[:, None])
            p = _softmax_(logits)
            total = top - p.gather(-1, where).log()
            log_p.append((of_label - total)[:, 0])
            log_mass.append(_log_mass(projection, part, p, excluded, some))
            if len(states) <= chunk and cap is None:  # the slope of a cap needs the logits
                ctx.kept = p
        mass = torch.cat(log_mass)
        own = (weight, bias, change, changed)
        ctx.save_for_backward(states, *own, labels, excluded, restricted, mass)
        ctx.cap, ctx.chunk = cap, chunk
        return torch.cat(log_p), mass

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        states, weight, _, change, changed, *_ = ctx.saved_tensors
        d_states = torch.empty_like(states)
        d_weight = d_bias = d_change = None
        for rows, values in _logit_gradients(ctx, *gradients):
            d_logits = values.to(states.dtype)
            d_states[rows] = linear(d_logits, weight.to(states.dtype).T)
            if change is not None:
                d_changed = d_logits.index_select(-1, changed)
                d_states[rows] += linear(d_changed, change.to(states.dtype).T)
                d_change = _add_gradient(d_change, change, d_changed, states[rows])
            if ctx.needs_input_grad[1]:
                d_weight = _add_gradient(d_weight, weight, d_logits, states[rows])
            if ctx.needs_input_grad[2]:
                part = d_logits.sum(0, dtype=torch.float32)
                d_bias = part if d_bias is None else d_bias + part
        return d_states, d_weight, d_bias, d_change, None, None, None, None, None, None


def _softmax_(logits: torch.Tensor) -> torch.Tensor:
    """Turn logits [R, V] into probabilities in their own memory; allocating more takes time."""
    for rows in torch.split(logits, max(_AT_ONCE // logits.shape[-1], 1)):
        rows.copy_(rows.softmax(-1))
    return logits


def _log_mass(
    projection: Projection,
    states: torch.Tensor,
    p: torch.Tensor,
    excluded: torch.Tensor,
    restricted: torch.Tensor,
) -> torch.Tensor:
    """Return the log of the probability of all allowed tokens [R]."""
    share = p.index_select(-1, excluded).sum(-1) * restricted
    log_mass = torch.log1p(-share.clamp(max=0.5))
    few = _rows_with_little(log_mass)  # 1 − share would lose digits there
    logits = projection.logits(states.index_select(0, few))
    allowed = logits.index_fill(-1, excluded, float("-inf")).logsumexp(-1)
    return log_mass.index_copy(0, few, allowed - logits.logsumexp(-1))


def _rows_with_little(log_mass: torch.Tensor) -> torch.Tensor:
    """Return the rows whose allowed tokens have at most about half of the probability."""
    return (log_mass < _LITTLE).nonzero()[:, 0]


def _logit_gradients(
    ctx: Any, d_log_p: torch.Tensor, d_log_mass: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield the gradient of `states · weightᵀ + bias` in parts: rows, and values [rows, V].

    The gradient of log p_y is 1_y − p. That of the log mass is p_allowed − p, where p_allowed is
    p / mass for allowed tokens and 0 for excluded ones. A cap multiplies it by 1 − (logit / cap)².
    """
    states, weight, bias, change, changed, labels, *others = ctx.saved_tensors
    excluded, restricted, log_mass = others
    projection = Projection(weight, bias, ctx.cap, changed, change)
    for first in range(0, max(len(states), 1), ctx.chunk):  # without rows the gradient is 0
        rows = slice(first, min(first + ctx.chunk, len(states)))
        p, ctx.kept = ctx.kept, None  # overwritten below: another backward pass computes it again
        slope = None
        if p is None:
            logits = projection.logits(states[rows])
            slope = None if ctx.cap is None else 1 - (logits / ctx.cap).square()
            p = _softmax_(logits)
        to_mass = (d_log_mass[rows] * restricted[rows])[:, None]
        to_all = d_log_p[rows, None] + to_mass
        of_excluded = p.index_select(-1, excluded) * -to_all
        few = _rows_with_little(log_mass[rows])
        logits = projection.logits(states[rows].index_select(0, few))
        allowed = logits.index_fill_(-1, excluded, float("-inf")).softmax(-1)
        of_few = allowed * to_mass[few] - p.index_select(0, few) * to_all[few]
        gradient = p.mul_(to_mass * (-log_mass[rows, None]).clamp(max=1).exp() - to_all)
        gradient.index_copy_(-1, excluded, of_excluded).index_copy_(0, few, of_few)
        gradient.scatter_add_(1, labels[rows, None], d_log_p[rows, None])
        yield rows, gradient if slope is None else gradient.mul_(slope)


def _add_gradient(
    total: torch.Tensor | None, weight: torch.Tensor, d_logits: torch.Tensor, states: torch.Tensor
) -> torch.Tensor:
    """Return total + d_logitsᵀ · states [V, D], in place if possible: it may take a gigabyte."""
    if total is None:
        return (d_logits.T @ states).to(weight.dtype)
    if d_logits.dtype != weight.dtype:
        return total.add_(d_logits.T @ states)
    return torch.addmm(
        total, d_logits.T, states, out=total
    )  # FlopCounterMode does not count `addmm_`
