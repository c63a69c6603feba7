"""Floating-point operations of training updates and of generation, from the sizes of a network.

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
takes from x:

    SFT        3·[source + decoder(T, T) + vocabulary(T)]
    sampling   1 + N·(K-1) tokens, one by one, each with decoder(1, keys so far) + vocabulary(1)
    exact      3·source + sampling + 3·N·[decoder(L, L) + vocabulary(K+T)]
    M of N     3·source + sampling + N·[decoder(T+1, L) + vocabulary(T)]
               + 3·M·[decoder(L, L) + vocabulary(K+T)]

x is counted once, which takes what sampling, scoring and training share; the scoring of all N
goes on from the keys of sampling. Softmax, norms and activations are not counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

FORWARD, TRAINED = 1, 3
"""How often the operations of a forward pass are done: alone, and with the backward pass."""


@dataclass(frozen=True)
class Network:
    """Numbers of weights by part; the embedding is not counted, since it is only looked up."""

    width: int
    inner: int
    """Width of the feed-forward layers."""
    vocabulary: int
    heads: int
    """A, the width of all attention heads together."""
    source: int
    """Weights for a token of x: the encoder, or the part of a decoder that x goes through."""
    source_layers: int
    """Layers in which tokens of x attend."""
    bridge: int
    """Weights of the keys and values that cross-attention takes from x."""
    decoder: int
    decoder_layers: int
    tied: bool = True
    """Whether the output layer is the embedding."""
    shares_layers: bool = False
    """Whether x and y go through the same layers, as in a decoder-only network."""

    @property
    def parameters(self) -> int:
        """All weights, without norms and biases."""
        layers = self.decoder + self.bridge + (0 if self.shares_layers else self.source)
        return layers + self.width * self.vocabulary * (1 if self.tied else 2)


@dataclass(frozen=True)
class Batch:
    """The lengths of a batch, all its sequences padded to these."""

    batch: float
    """B, examples."""
    source: float
    """S, tokens of an input."""
    target: float
    """T, tokens of a target with its end."""
    samples: int = 0
    """N, warmups per example."""
    warmup: int = 0
    """K, tokens of each warmup."""


@dataclass(frozen=True)
class Work:
    """Matrix products of one kind."""

    flops: float
    """Operations."""
    rows: float
    """Rows of each product."""
    projects: bool = False
    """Whether they project to the vocabulary; otherwise they are within the layers."""
    layers: float = 0
    """Layers that are computed one after the other; a backward pass counts twice."""
    steps: float = 0
    """Tokens that are generated one after the other."""

    trained: bool = False
    """Whether there is a backward pass."""

    def trained_logits(self, net: "Network") -> float:
        """Return how many logits have a gradient."""
        return self.rows * net.vocabulary if self.projects and self.trained else 0

    def frozen(self) -> "Work":
        """Return the work with weights that have no gradient, without the few of an adapter."""
        return replace(self, flops=self.flops * 2 / 3) if self.trained else self

    def times(self, count: float, *, flops: float = 1) -> "Work":
        """Return the work of several such products, whose operations change by a factor."""
        return replace(
            self,
            flops=self.flops * count * flops,
            layers=self.layers * count,
            steps=self.steps * count,
        )


def encode(net: Network, shape: Batch, times: int = TRAINED) -> Work:
    """Return the operations of x."""
    attention = 4 * net.heads * net.source_layers * shape.source**2
    each = 2 * (net.source + net.bridge) * shape.source + attention
    rows = shape.batch * shape.source
    layers = times * net.source_layers
    return Work(times * shape.batch * each, rows, layers=layers, trained=times == TRAINED)


def decode(
    net: Network,
    shape: Batch,
    *,
    copies: float,
    tokens: float,
    pairs: float,
    columns: float,
    times: int,
) -> list[Work]:
    """Return the operations of decoder sequences.

    Args:
        net: the network's weights.
        shape: the batch.
        copies: sequences per example.
        tokens: tokens of each that go through the decoder.
        pairs: (query, key) pairs of each in its own sequence.
        columns: tokens of each that are projected to the vocabulary.
        times: `FORWARD` or `TRAINED`.
    """
    sequences = shape.batch * copies
    attention = 4 * net.heads * net.decoder_layers * (pairs + tokens * shape.source)
    layers = 2 * net.decoder * tokens + attention
    vocabulary = 2 * net.width * net.vocabulary * columns
    rows, trained, count = sequences * tokens, times == TRAINED, times * net.decoder_layers
    return [
        Work(sequences * times * layers, rows, layers=count, trained=trained),
        Work(sequences * times * vocabulary, rows, projects=True, trained=trained),
    ]


def sft(net: Network, shape: Batch) -> list[Work]:
    """Return the operations of an update of supervised fine-tuning."""
    t = shape.target
    y = decode(net, shape, copies=1, tokens=t, pairs=t * t, columns=t, times=TRAINED)
    return [encode(net, shape), *y]


def sampling(net: Network, shape: Batch, copies: int) -> list[Work]:
    """Return the operations of sampling warmups token by token; START is one token for all."""
    works = []
    for keys in range(1, shape.warmup + 1):
        layers, vocabulary = decode(
            net, shape, copies=1 if keys == 1 else copies,
            tokens=1, pairs=keys, columns=1, times=FORWARD,
        )  # fmt: skip
        works += [layers, replace(vocabulary, steps=1)]
    return works


def exact(net: Network, shape: Batch, backprop: int | None = None) -> list[Work]:
    """Return the operations of a warmup update; `backprop` is M, None for all N."""
    n, k, t = shape.samples, shape.warmup, shape.target
    length = k + 1 + t
    works = [encode(net, shape), *sampling(net, shape, n)]
    if backprop is not None:
        pairs = (t + 1) * length
        works += decode(net, shape, copies=n, tokens=t + 1, pairs=pairs, columns=t, times=FORWARD)
    trained = n if backprop is None else backprop
    return works + decode(
        net, shape, copies=trained, tokens=length, pairs=length**2, columns=k + t, times=TRAINED
    )


def reference_kl(net: Network, shape: Batch) -> list[Work]:
    """Return what the reference adds: x and the warmups once more, without a gradient."""
    n, k = shape.samples, shape.warmup
    pairs = (k + 1) ** 2
    again = decode(net, shape, copies=n, tokens=k + 1, pairs=pairs, columns=k, times=FORWARD)
    return [encode(net, shape, FORWARD), *again]


def generation(net: Network, shape: Batch, tokens: float, beams: int) -> list[Work]:
    """Return the operations of generating outputs, token by token.

    Args:
        net: the network's weights.
        shape: the batch.
        tokens: of each output, with its warmup.
        beams: sequences per example.
    """
    whole = decode(
        net, shape, copies=beams, tokens=tokens, pairs=tokens**2 / 2, columns=tokens, times=FORWARD
    )
    layers, vocabulary = (replace(work, rows=work.rows / tokens) for work in whole)
    layers = replace(layers, layers=layers.layers * tokens)
    return [encode(net, shape, FORWARD), layers, replace(vocabulary, steps=tokens)]


def flops(works: Iterable[Work]) -> float:
    """Return the total of the operations."""
    return sum(work.flops for work in works)


def layers(works: Iterable[Work]) -> float:
    """Return how many layers are computed one after the other."""
    return sum(work.layers for work in works)


def steps(works: Iterable[Work]) -> float:
    """Return how many tokens are generated one after the other."""
    return sum(work.steps for work in works)
