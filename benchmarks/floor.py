"""The least time that a step can take: its operations at the measured rate of matrix products.

Symbols: B examples, N warmups of K tokens, S source and T target tokens, L = K + 1 + T decoder
tokens per warmup (START c SEP y_1 … y_{T-1}), V tokens in the vocabulary, D the width.

A matrix of P weights takes 2·P operations per token forward (a multiplication and an addition per
weight) and twice that backward (the gradients of its input and of itself), 6·P in all. Attention
takes 4·A·q·k for q queries and k keys per layer forward, A the width of all heads together: scores,
and the sum of the values; backward twice that. Per example, with

    source          2·(P_source + P_bridge)·S + 4·A·S² per encoder layer
    decoder(q, k)   2·P_decoder·q + 4·A·(q·k + q·S) per decoder layer; k keys of its own sequence
    vocabulary(q)   2·D·V·q

P_source being the encoder's weights, P_bridge those of the keys and values that cross-attention
takes from x. In a decoder-only network x and y go through the same layers, but y sees no more of x
than keys and values: P_source ends with those of the last layer, in which x need not attend.

    SFT        3·[source + decoder(T, T) + vocabulary(T)]
    sampling   1 + N·(K-1) tokens, one by one, each with decoder(1, keys so far) + vocabulary(1)
    exact      3·source + sampling + 3·N·[decoder(L, L) + vocabulary(K+T)]
    M of N     3·source + sampling + N·[decoder(T+1, L) + vocabulary(T)]
               + 3·M·[decoder(L, L) + vocabulary(K+T)]

x is counted once, which takes what sampling, scoring and training share; the scoring of all N
goes on from the keys of sampling. Softmax, norms, activations and the reading of memory are not
counted, so no implementation reaches the floor.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.rates import rate
from benchmarks.shapes import Shape
from benchmarks.weights import Network


@dataclass(frozen=True)
class Work:
    """Matrix products of one kind: operations, and the rows of each product."""

    flops: float
    rows: int
    projects: bool = False
    """Whether they project to the vocabulary; otherwise they are within the layers."""


def _decode(
    net: Network, shape: Shape, *, copies: int, tokens: int, pairs: int, columns: int, times: int
) -> list[Work]:
    """Return the operations of decoder sequences.

    Args:
        net: the network's weights.
        shape: the batch.
        copies: sequences per example.
        tokens: tokens of each that go through the decoder.
        pairs: (query, key) pairs of each in its own sequence.
        columns: tokens of each that are projected to the vocabulary.
        times: 1 forward, 3 forward and backward.
    """
    sequences = shape.batch * copies
    attention = 4 * net.heads * net.decoder_layers * (pairs + tokens * shape.source)
    layers = 2 * net.decoder * tokens + attention
    vocabulary = 2 * net.width * net.vocabulary * columns
    rows = sequences * tokens
    return [
        Work(sequences * times * layers, rows),
        Work(sequences * times * vocabulary, rows, projects=True),
    ]


def _encode(net: Network, shape: Shape) -> Work:
    """Return the operations of x, forward and backward."""
    attention = 4 * net.heads * net.source_layers * shape.source**2
    each = 2 * (net.source + net.bridge) * shape.source + attention
    return Work(3 * shape.batch * each, shape.batch * shape.source)


def sft(net: Network, shape: Shape) -> list[Work]:
    """Return the operations of a step of supervised fine-tuning."""
    t = shape.target
    y = _decode(net, shape, copies=1, tokens=t, pairs=t * t, columns=t, times=3)
    return [_encode(net, shape), *y]


def exact(net: Network, shape: Shape, backprop: int | None = None) -> list[Work]:
    """Return the operations of a warmup step; `backprop` is M, None for all N."""
    n, k, t = shape.samples, shape.warmup, shape.target
    length = k + 1 + t
    works = [_encode(net, shape)]
    for keys in range(1, k + 1):  # START is one token for all N
        copies = 1 if keys == 1 else n
        works += _decode(net, shape, copies=copies, tokens=1, pairs=keys, columns=1, times=1)
    if backprop is not None:
        pairs = (t + 1) * length
        works += _decode(net, shape, copies=n, tokens=t + 1, pairs=pairs, columns=t, times=1)
    trained = n if backprop is None else backprop
    return works + _decode(
        net, shape, copies=trained, tokens=length, pairs=length**2, columns=k + t, times=3
    )


FLOORS: dict[str, Callable[[Network, Shape], list[Work]]] = {
    "sft": sft,
    "likelihood": sft,
    "exact": exact,
    "one_sample": lambda net, shape: exact(net, shape, backprop=1),
}
"""By variant of `benchmarks.steps`."""


def flops(works: list[Work]) -> float:
    """Return the total of the operations."""
    return sum(work.flops for work in works)


def seconds(net: Network, works: list[Work], device: str, dtype: str) -> float:
    """Return the seconds of the operations at the rate of products of their size, measured now."""
    return sum(
        work.flops
        / rate(work.rows, net.width, net.vocabulary if work.projects else net.inner, device, dtype)
        for work in works
    )
