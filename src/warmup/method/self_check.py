"""Check for a network that the fast path gives what plain forward passes give.

Packed branches, cached prompts and decoding steps depend on how a network makes its masks and
positions, and on what it does to its logits. Model types differ in that, and a mistake raises no
error: targets would be visible in training, or windows ignored. So each training run and each
generation begins with this comparison.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from warmup.common.errors import InputError, out_of_memory
from warmup.config.settings import CheckpointFormat
from warmup.data.batches import IGNORED, pad
from warmup.method.sampling import Warmups, restrict
from warmup.method.scoring import build_branches, evaluating, rewards, score
from warmup.models.interface import EncodedInput, LanguageModel

TOLERANCE = dict.fromkeys((torch.bfloat16, torch.float16), (0.2, 1.0))
TOLERANCE[torch.float32] = (3e-4, 1e-3)
"""How far log P of a warmup or target may differ, by the type of the weights: nats per unit of the
logits' standard deviation over the vocabulary, and nats at most.

Rounding grows with the logits, and so does the effect of a wrong mask. The logits of a new network
have a standard deviation of about 0.1; there a wrong mask changes log P by 0.0001 to 0.1, and
rounding in float32 by 1e-6 (in trained networks by 1e-5 to 1e-4). In bfloat16, with 8 bits, a logit
of 16 to 32 is a multiple of 1/8; we saw differences of 0.1 over a dozen tokens. Training keeps its
weights in float32 and is checked in it, so a wrong mask is found there.
"""
ROUNDING = 5e-7
"""Relative rounding of a sum in float32, allowed in addition."""
QUIET = 0.5
"""Standard deviation of the logits below which a network is as good as untrained. It attends to all
tokens nearly alike, which hides a wrong position or mask, so it is checked with larger weights
too."""
LOUDER = 8.0
"""The factor of the larger weights. A power of two: dividing by it restores every bit."""
Difference = tuple[str, torch.Tensor, torch.Tensor]
"""A name, the result of the fast path [B, N] and that of plain forward passes [B, N]."""
BRANCHES = 3
"""Warmups per example, unless a window needs more."""
LENGTH = 6
"""Tokens of an input, warmup or target, unless a window needs more."""
WINDOW = re.compile("window|chunk|local|block")
"""Occurs in the name of a setting that limits how far a layer attends."""
KEYS_AND_VALUES = {"DynamicLayer", "DynamicSlidingWindowLayer", "DummyLayer"}
"""Cache layers of `transformers` that branches can share, or that keep nothing."""


@dataclass(frozen=True)
class _Problem:
    """Two examples whose lengths differ, so that everything has padding."""

    inputs: list[list[int]]
    warmups: list[list[list[int]]]
    """N per example."""
    targets: list[list[int]]
    longest: int
    """K, the longest warmup that is allowed."""


def check(model: LanguageModel, form: CheckpointFormat) -> None:
    """Compare the fast path with plain forward passes on random sequences.

    The network and the state of the random generators are restored. It costs about as much as one
    update on two short examples.

    Args:
        model: the model, on the device where it will run.
        form: the format of its checkpoint: the longest input, warmup and target.

    Raises:
        InputError: they differ, or the network does not accept what the fast path feeds it.
    """
    network, device = model.network, model.network.device
    with (
        torch.no_grad(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        evaluating(network),
    ):
        check_layers(network)
        problem = _problem(model, form)
        if _compare(model, problem) < QUIET:
            with _louder(network):
                _compare(model, problem)


def _compare(model: LanguageModel, problem: _Problem) -> float:
    """Return the standard deviation of the logits; `InputError` if the two paths differ."""
    network = model.network
    kind = f"model type {network.config.model_type!r}"
    try:
        spread, differences = _differences(model, problem)
    except Exception as error:  # each model type fails in its own way
        if out_of_memory(error):
            raise
        reason = " ".join(str(error).split()) or "no reason given"
        raise InputError(
            f"{kind}: not supported: packed branches or steps from a cache fail with "
            f"{type(error).__name__}: {reason[:300]}"
        ) from None
    wrong = _wrong(network.dtype, spread, differences)
    if wrong and not _is_rounding(model, problem):
        raise InputError(
            f"{kind} (attention {network.config._attn_implementation}): not supported: {wrong} "
            "off that of plain forward passes"
        )
    return spread


def _wrong(dtype: torch.dtype, spread: float, differences: list[Difference]) -> str | None:
    """Return a phrase for the first difference that rounding does not explain, or None."""
    share, most = TOLERANCE.get(dtype, TOLERANCE[torch.float32])
    for what, found, expected in differences:
        off = (found - expected).abs()
        if not bool((off <= min(share * spread, most) + ROUNDING * expected.abs()).all()):
            return f"{what} is up to {float(off.max()):.3g} nats"
    return None


def _is_rounding(model: LanguageModel, problem: _Problem) -> bool:
    """Return whether the difference vanishes in float64: some trained networks round coarsely."""
    try:
        with _in_float64(model.network):
            return _wrong(torch.float64, *_differences(model, problem)) is None
    except (RuntimeError, TypeError) as error:  # some devices and layers have no float64
        if out_of_memory(error):
            raise
        return False


def check_layers(network: PreTrainedModel) -> None:
    """Check that a network caches only keys and values of tokens.

    Raises:
        InputError: a layer keeps something else, such as a recurrent state, which branches cannot
            share.
    """
    try:
        layers = DynamicCache(config=network.config).layers
    except (AttributeError, TypeError):  # its configuration does not name its layers
        return
    if other := sorted({type(layer).__name__ for layer in layers} - KEYS_AND_VALUES):
        raise InputError(
            f"model type {network.config.model_type!r}: not supported: it has layers that keep "
            f"more than keys and values of tokens ({', '.join(other)})"
        )


def _problem(model: LanguageModel, form: CheckpointFormat) -> _Problem:
    """Return random sequences that are longer than any window that matters in the run.

    A window wider than everything that the network is ever fed at once does not matter.
    """
    most = form.max_source_tokens, form.max_warmup_tokens or LENGTH, form.max_target_tokens
    samples = form.warmup_samples or 1
    fed = most[0] + samples * (sum(most[1:]) + 1)
    window = max((w for w in windows(model.network.config) if w < fed), default=0)
    source, warmup, target = (min(window + LENGTH, limit) for limit in most)
    target = max(target, 2)  # a target of one token would be the end token alone
    branches = BRANCHES + min(window // (warmup + target), samples)
    tokens = model.tokens
    rows = model.network.get_output_embeddings().weight.shape[0]
    text = torch.tensor(sorted(set(range(rows)) - {*tokens.excluded, tokens.separator, tokens.end}))
    generator = torch.Generator().manual_seed(0)

    def draw(length: int) -> list[int]:
        picked = torch.randint(len(text), (length,), generator=generator)
        found: list[int] = text[picked].tolist()
        return found

    # lengths of an example's warmups: the longest, the empty one, and some in between
    steps = [warmup, 0, *(1 + (warmup - 1) * n // branches for n in range(2, branches))]
    return _Problem(
        inputs=[draw(source), draw(max(source // 2, 1))],
        warmups=[[draw(n) for n in steps], [draw(n) for n in reversed(steps)]],
        targets=[[*draw(n), tokens.end] for n in (target - 1, target // 2)],
        longest=warmup,
    )


def windows(config: Any) -> Iterator[int]:
    """Yield the window lengths in a network's configuration, in tokens."""
    stack = [("", config.to_dict())]
    while stack:
        name, value = stack.pop()
        if isinstance(value, dict):
            stack += [(str(key), item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            stack += [(name, item) for item in value]
        elif isinstance(value, int) and not isinstance(value, bool) and WINDOW.search(name):
            yield value


def _differences(model: LanguageModel, problem: _Problem) -> tuple[float, list[Difference]]:
    """Return the logits' standard deviation over the vocabulary, and the pairs to compare."""
    tokens, device = model.tokens, model.network.device
    inputs = problem.inputs if model.pads_left else [[*x, tokens.end] for x in problem.inputs]
    source = model.encode(
        pad(inputs, tokens.pad, model.pads_left).to(device),
        pad([[1] * len(x) for x in inputs], 0, model.pads_left).to(device),
    )
    longest = problem.longest
    lengths = torch.tensor([[len(c) for c in row] for row in problem.warmups], device=device)
    ids = torch.tensor(
        [[[*c, *[tokens.pad] * (longest - len(c))] for c in row] for row in problem.warmups],
        device=device,
    )
    warmups = Warmups(ids, lengths, lengths >= longest)
    labels = pad(problem.targets, IGNORED).to(device)
    branches = build_branches(tokens, warmups, labels)
    shared = model.cache_prompt(source)

    s, l, spread = _plain(model, inputs, problem)
    found = []
    for encoded in (source, shared):
        scores = score(model, model.network, encoded, branches)
        found += [
            ("log P of a warmup, all branches at once,", scores.s, s),
            ("log P of a target, all branches at once,", scores.l, l),
        ]
    by_step = _by_step(model, shared, problem)
    found += [
        ("log P of a warmup, step by step,", by_step[0], s),
        ("log P of a target, step by step,", by_step[1], l),
    ]
    _, cache = model.prefill(shared, ids.shape[1])
    for position in range(longest - 1):  # as `sample` feeds it
        _, cache = model.decode_step(ids[..., position], cache)
    after = rewards(model, shared, cache, warmups, labels)
    return spread, [*found, ("log P of a target after cached warmups", after, l)]


def _plain(
    model: LanguageModel, inputs: list[list[int]], problem: _Problem
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Return log P of warmups and targets [B, N] by definition: a forward pass for each.

    Also return the standard deviation of the logits over the vocabulary.
    """
    separator, values, spreads = model.tokens.separator, [], []
    for x, row, y in zip(inputs, problem.warmups, problem.targets, strict=True):
        for c in row:
            logits = model.plain_logits(x, [model.tokens.start, *c, separator, *y[:-1]]).float()
            spreads.append(float(logits.std(-1).mean()))
            within = restrict(logits[: len(c) + 1], model.tokens.excluded)
            parts = (within, [*c, separator][: problem.longest]), (logits[len(c) + 1 :], y)
            values.append([_log_probability(*part) for part in parts])
    both = torch.tensor(values, device=model.network.device)
    s, l = both.view(len(inputs), -1, 2).unbind(-1)
    return s, l, sum(spreads) / len(spreads)


def _log_probability(logits: torch.Tensor, labels: list[int]) -> float:
    """Return log P of the labels [L'], nats; further logits [L, V] are ignored."""
    index = torch.tensor(labels, device=logits.device)[:, None]
    return float(logits[: len(labels)].log_softmax(-1).gather(-1, index).sum())


def _by_step(
    model: LanguageModel, source: EncodedInput, problem: _Problem
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log P of warmups and targets [B, N] as generation computes it, token by token."""
    tokens, device = model.tokens, model.network.device
    pairs = zip(problem.warmups, problem.targets, strict=True)
    rows = [[*c, tokens.separator, *y] for row, y in pairs for c in row]
    ids = pad(rows, tokens.pad).view(len(problem.inputs), -1, max(map(len, rows))).to(device)
    lengths = torch.tensor([[len(c) for c in row] for row in problem.warmups], device=device)
    ends = lengths + torch.tensor([[1 + len(y)] for y in problem.targets], device=device)
    s, l = torch.zeros_like(lengths).float(), torch.zeros_like(lengths).float()
    logits, cache = model.prefill(source, ids.shape[1])
    for position in range(ids.shape[2]):
        if position:
            logits, cache = model.decode_step(ids[..., position - 1], cache)
        label = ids[..., position, None]
        of_warmup = restrict(logits.float(), tokens.excluded).log_softmax(-1).gather(-1, label)
        of_target = logits.float().log_softmax(-1).gather(-1, label)
        ended = (position > lengths) | (position >= problem.longest)
        s += of_warmup[..., 0].masked_fill(ended, 0.0)
        l += of_target[..., 0].masked_fill((position <= lengths) | (position >= ends), 0.0)
    return s, l


@contextmanager
def _louder(network: torch.nn.Module) -> Iterator[None]:
    """Multiply all matrices by `LOUDER` within the context; each gets its old bits back."""
    matrices = [weight for weight in network.parameters() if weight.dim() > 1]
    for weight in matrices:
        weight.mul_(LOUDER)
    try:
        yield
    finally:
        for weight in matrices:
            weight.div_(LOUDER)


@contextmanager
def _in_float64(network: torch.nn.Module) -> Iterator[None]:
    """Compute in float64 within the context; each tensor gets its old type and bits back."""
    numbers = [*network.parameters(), *network.buffers()]
    types = [(each, each.dtype) for each in numbers if each.is_floating_point()]
    for each, _ in types:
        each.data = each.data.double()
    try:
        yield
    finally:
        for each, dtype in types:
            each.data = each.data.to(dtype)
