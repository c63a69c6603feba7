"""The vocabulary projection, fused with what is wanted of it: logits are never kept for long.

For B·N branches of K+T tokens the logits would be [B·N, K+T, V]; with the 250,000 tokens of mT5
they would be most of the memory that training takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""Label of positions that are padding, as in `transformers`."""
MAX_LOGITS = 2**26
"""Logits that may exist at once, in numbers (256 MiB as float32)."""


@dataclass(frozen=True)
class Projection:
    """What makes logits of a network's last states: `states · weightᵀ + bias`."""

    weight: torch.Tensor
    """[V, D]"""
    bias: torch.Tensor | None = None
    """[V]"""

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return float32 logits [..., V] of states [..., D]."""
        bias = None if self.bias is None else self.bias.to(states.dtype)
        return torch.nn.functional.linear(states, self.weight.to(states.dtype), bias).float()


def label_log_probabilities(
    projection: Projection,
    states: torch.Tensor,
    labels: torch.Tensor,
    banned: tuple[int, ...] = (),
    *,
    max_logits: int = MAX_LOGITS,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each label's log-probability and the log of what tokens not banned have together.

    Both are of the full softmax, in float32 and 0 where the label is ignored. Their difference
    is the log-probability among the tokens that are not banned.

    Args:
        projection: of the network.
        states: [..., D] last states.
        labels: [...] tokens; positions with -100 cost nothing.
        banned: tokens that do not count as allowed.
        max_logits: where there are more, they are made in parts, and again for the gradient.
    """
    keep = labels != IGNORED
    picked = labels[keep]
    rows = states.flatten(0, -2).index_select(0, keep.flatten().nonzero()[:, 0])
    kind = states.device.type
    if torch.is_autocast_enabled(kind):  # the backward pass would not know of it
        rows = rows.to(torch.get_autocast_dtype(kind))
    chunk = max(max_logits // projection.weight.shape[0], 1)
    index = torch.tensor(banned, dtype=torch.long, device=states.device)
    log_p, log_mass = _LabelLogProbability.apply(  # type: ignore[no-untyped-call]
        rows, projection.weight, projection.bias, picked, index, chunk
    )
    zeros = torch.zeros(labels.shape, device=states.device)
    return zeros.masked_scatter(keep, log_p), zeros.masked_scatter(keep, log_mass)


def divergences(
    projection: Projection,
    states: torch.Tensor,
    start_projection: Projection,
    start_states: torch.Tensor,
    banned: tuple[int, ...],
    *,
    max_logits: int = MAX_LOGITS,
) -> torch.Tensor:
    """Return KL(p ‖ q) of next-token distributions without the banned tokens [R], nats.

    Args:
        projection: of the network whose distribution is p.
        states: [R, D] its last states.
        start_projection: of the network whose distribution is q; it gets no gradient.
        start_states: [R, D'] its last states.
        banned: tokens left out of both.
        max_logits: where there are more, they are made in parts, and again for the gradient.
    """
    index = torch.tensor(banned, dtype=torch.long, device=states.device)

    def divergence(p_states: torch.Tensor, q_states: torch.Tensor) -> torch.Tensor:
        p = projection.logits(p_states).index_fill(-1, index, float("-inf")).log_softmax(-1)
        with torch.no_grad():
            q = start_projection.logits(q_states).index_fill(-1, index, float("-inf"))
            q = q.log_softmax(-1)
        # -inf - -inf is no number; banned tokens have no part in the sum
        difference = p.index_fill(-1, index, 0.0) - q.index_fill(-1, index, 0.0)
        return (p.exp() * difference).sum(-1)

    chunk = max(max_logits // projection.weight.shape[0], 1)
    if len(states) <= chunk:
        return divergence(states, start_states)
    parts = zip(torch.split(states, chunk), torch.split(start_states, chunk), strict=True)
    return torch.cat([checkpoint(divergence, p, q, use_reentrant=False) for p, q in parts])


class _LabelLogProbability(torch.autograd.Function):
    """Keeps the logits for the gradient where they fit into one part, else makes them again."""

    @staticmethod
    def forward(  # noqa: PLR0917  # called by PyTorch, with positions only
        ctx: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        labels: torch.Tensor,
        banned: torch.Tensor,
        chunk: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        projection = Projection(weight, bias)
        ctx.kept = None
        log_p, log_mass, total, allowed_total = [], [], [], []
        for part, label in zip(torch.split(states, chunk), torch.split(labels, chunk), strict=True):
            logits = projection.logits(part)
            total.append(logits.logsumexp(-1))
            log_p.append(logits.gather(-1, label[:, None])[:, 0] - total[-1])
            if len(banned):
                allowed = logits.index_fill(-1, banned, float("-inf")).logsumexp(-1)
                allowed_total.append(allowed)
                log_mass.append(allowed - total[-1])
            if len(states) <= chunk:
                ctx.kept = logits
        empty = states.new_zeros(len(states), dtype=torch.float32)
        normaliser = torch.cat(total) if total else empty
        allowed_normaliser = torch.cat(allowed_total) if allowed_total else empty
        ctx.save_for_backward(states, weight, bias, labels, banned, normaliser, allowed_normaliser)
        ctx.chunk = chunk
        return (
            torch.cat(log_p) if log_p else empty,
            torch.cat(log_mass) if log_mass else torch.zeros_like(empty),
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        states, weight, bias, _, _, _, _ = ctx.saved_tensors
        d_states = torch.empty_like(states)
        d_weight = torch.zeros_like(weight) if ctx.needs_input_grad[1] else None
        d_bias = torch.zeros_like(bias) if ctx.needs_input_grad[2] else None
        for rows, values in _logit_gradients(ctx, *gradients):
            d_logits = values.to(states.dtype)
            torch.mm(d_logits, weight.to(states.dtype), out=d_states[rows])
            if d_weight is not None:
                d_weight += d_logits.T @ states[rows]
            if d_bias is not None:
                d_bias += d_logits.sum(0)
        return d_states, d_weight, d_bias, None, None, None


def _logit_gradients(
    ctx: Any, d_log_p: torch.Tensor, d_log_mass: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield the gradient of the logits, in parts: rows and values.

    The gradient of log p_y is 1_y − p, that of the log mass is p_allowed − p.
    """
    states, weight, bias, labels, banned, normaliser, allowed_normaliser = ctx.saved_tensors
    for first in range(0, len(states), ctx.chunk):
        rows = slice(first, min(first + ctx.chunk, len(states)))
        logits = Projection(weight, bias).logits(states[rows]) if ctx.kept is None else ctx.kept
        gradient = (logits - normaliser[rows, None]).exp_()
        if len(banned):
            gradient.mul_(-(d_log_p[rows] + d_log_mass[rows])[:, None])
            allowed = (logits - allowed_normaliser[rows, None]).exp_().index_fill_(-1, banned, 0.0)
            gradient.add_(allowed.mul_(d_log_mass[rows, None]))
        else:
            gradient.mul_(-d_log_p[rows, None])
        gradient.scatter_add_(1, labels[rows, None], d_log_p[rows, None])
        yield rows, gradient
