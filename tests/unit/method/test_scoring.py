"""Log-probabilities of packed branches against one plain forward pass per sequence."""

import copy
import dataclasses
import functools
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import tiny
from warmup.data.batches import IGNORED, pad
from warmup.method.reference_kl import divergence, reference_states
from warmup.method.sampling import Warmups
from warmup.method.scoring import build_branches, score, target_log_probability

MODELS = ["t5", "mt5", "umt5", "bart", "pegasus", "llama"]
SHARED = ["llama"]
"""Models whose prompts can be attended ahead."""
EXACT = {"atol": 1e-5, "rtol": 3e-6}  # sums of up to a dozen float32 terms
ROUNDING = dict.fromkeys(MODELS, 1e-5) | {"pegasus": 3e-5, "llama": 3e-5}
"""How far a token's log-probability may be off in float32. Large weights make that of a few
networks coarser; in float64 all are held to 1e-5."""

sequence = st.lists(st.integers(0, 4), max_size=4).map(tuple)
batch = st.lists(
    st.tuples(
        st.lists(st.integers(0, 4), min_size=1, max_size=6),  # x
        st.lists(st.integers(0, 4), max_size=5),  # y
        st.tuples(sequence, sequence, sequence),  # three warmups
    ),
    min_size=1,
    max_size=3,
)


def ids(model, letters):
    return [model.tokenizer.convert_tokens_to_ids(tiny.WORDS[i]) for i in letters]


def encode(model, sources):
    """Return sources as the pipeline encodes them, padded to one batch."""
    input_ids = pad(sources, model.tokens.pad, model.pads_left)
    mask = pad([[1] * len(row) for row in sources], 0, model.pads_left)
    return model.encode(input_ids, mask)


@functools.cache
def in_float64(name):
    """Return a tiny model whose network computes in float64."""
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network).double()
    return model


def warmups_of(model, rows, longest):
    lengths = torch.tensor([[len(c) for c in row] for row in rows])
    padded = [[[*c, *[model.tokens.pad] * (longest - len(c))] for c in row] for row in rows]
    tensor = torch.tensor(padded, dtype=torch.long).view(*lengths.shape, longest)
    return Warmups(tensor, lengths, lengths >= longest)


def check(model, ahead, examples, longest=4, **tolerance):
    """Compare each token with plain forward passes, one for each sequence."""
    end = [model.tokens.end]
    sources = [ids(model, x) + ([] if model.pads_left else end) for x, _, _ in examples]
    targets = [ids(model, y) + end for _, y, _ in examples]
    rows = [[ids(model, c) for c in cs] for _, _, cs in examples]
    branches = build_branches(model.tokens, warmups_of(model, rows, longest), pad(targets, IGNORED))
    source = encode(model, sources)
    with torch.no_grad():
        source = model.cache_prompt(source) if ahead else source
        assert bool(source.keys) == ahead
        scores = score(model, model.network, source, branches)
    expected = [
        tiny.token_log_probabilities(model, x, c, y, longest)
        for x, y, cs in zip(sources, targets, rows, strict=True)
        for c in cs
    ]
    of_warmup, of_target = (
        torch.tensor([*itertools.chain.from_iterable(part)]) for part in zip(*expected, strict=True)
    )
    counted = branches.warmup_labels != IGNORED
    torch.testing.assert_close(scores.warmup_tokens[counted], of_warmup, **tolerance)
    counted = branches.target_labels != IGNORED
    torch.testing.assert_close(scores.target_tokens[counted], of_target, **tolerance)
    assert torch.equal(scores.s, scores.warmup_tokens.sum(-1))
    assert torch.equal(scores.l, scores.target_tokens.sum(-1))


WAYS = [*((name, False) for name in MODELS), *((name, True) for name in SHARED)]


@pytest.mark.parametrize(("name", "ahead"), WAYS)
@settings(max_examples=25, derandomize=True)
@given(examples=batch)
def test_each_token_has_the_log_probability_of_a_plain_forward_pass(name, ahead, examples):
    check(tiny.model(name), ahead, examples, atol=ROUNDING[name], rtol=0.0)


@pytest.mark.parametrize(("name", "ahead"), WAYS)
@settings(max_examples=25)
@given(examples=batch)
def test_what_differs_is_the_rounding_of_float32(name, ahead, examples):
    check(in_float64(name), ahead, examples, atol=1e-5, rtol=0.0)  # logits are float32 even here


@pytest.mark.parametrize("name", MODELS)
def test_without_room_for_a_warmup_only_the_separator_stands_before_the_target(name):
    model = tiny.model(name)
    x, y = ids(model, [0, 1, 2]), [*ids(model, [3, 4]), model.tokens.end]
    warmups = warmups_of(model, [[[], []]], 0)
    branches = build_branches(model.tokens, warmups, torch.tensor([y]))
    with torch.no_grad():
        scores = score(model, model.network, encode(model, [x]), branches)
    _, expected = tiny.log_probabilities(model, x, [], y, 0)
    assert scores.s.abs().max() == 0  # the separator was forced
    torch.testing.assert_close(scores.l, torch.tensor([[expected, expected]]), **EXACT)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15)
@given(examples=batch)
def test_targets_without_a_warmup_score_as_in_a_plain_forward_pass(name, examples):
    # in float32 a plain forward pass itself is off by up to 1e-4, with these weights
    model = in_float64(name)
    sources = [ids(model, x) for x, _, _ in examples]
    targets = [[*ids(model, y), model.tokens.end] for _, y, _ in examples]
    with torch.no_grad():
        found = target_log_probability(
            model, model.network, encode(model, sources), pad(targets, IGNORED)
        )
    expected = []
    for x, y in zip(sources, targets, strict=True):
        expected.append(tiny.log_probabilities(model, x, None, y, 0)[1])
    torch.testing.assert_close(found, torch.tensor(expected), **EXACT)


@pytest.mark.parametrize("name", ["t5", "bart", "llama"])
def test_gradients_are_those_of_a_plain_forward_pass(name):
    model = tiny.model(name)
    x, c, y = ids(model, [0, 1]), ids(model, [2, 3]), [*ids(model, [3, 4]), model.tokens.end]
    parameters = list(model.network.parameters())

    branches = build_branches(model.tokens, warmups_of(model, [[c, []]], 3), torch.tensor([y]))
    scores = score(model, model.network, encode(model, [x]), branches)
    found = torch.autograd.grad(scores.l[0, 0], parameters)

    decoder = [model.tokens.start, *c, model.tokens.separator, *y[:-1]]
    if model.pads_left:
        logits = model.network(input_ids=torch.tensor([[*x, *decoder]])).logits[0, len(x) :]
    else:
        logits = model.network(
            input_ids=torch.tensor([x]), decoder_input_ids=torch.tensor([decoder])
        ).logits[0]
    steps = logits[len(c) + 1 :].log_softmax(-1).gather(-1, torch.tensor(y)[:, None])
    for one, other in zip(found, torch.autograd.grad(steps.sum(), parameters), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_the_allowed_mass_is_that_of_the_network_s_own_softmax(name):
    model, longest = tiny.model(name), 3
    x, y = ids(model, [0, 3]), [model.tokens.end]
    warmups = [ids(model, [1, 2]), [], ids(model, [4, 4, 0])]
    branches = build_branches(
        model.tokens, warmups_of(model, [warmups], longest), torch.tensor([y])
    )
    with torch.no_grad():
        scores = score(model, model.network, encode(model, [x]), branches)
    for n, c in enumerate(warmups):
        plain = tiny.plain_logits(model, x, [model.tokens.start, *c]).log_softmax(-1)
        excluded = torch.zeros(plain.shape[-1], dtype=torch.bool)
        excluded[list(model.tokens.excluded)] = True
        counted = plain[: len(c)] if len(c) == longest else plain  # a forced end does not count
        mass = counted[:, ~excluded].exp().sum(-1).log().sum()
        assert mass < -1e-3  # an untrained network gives excluded tokens some probability
        torch.testing.assert_close(scores.log_allowed_mass[0, n], mass, **EXACT)


def test_the_layout_is_as_it_is_documented():
    tokens = dataclasses.replace(tiny.model("t5").tokens, start=0, separator=9, end=1, pad=0)
    warmups = Warmups(
        torch.tensor([[[5, 6, 7], [5, 0, 0]]]),
        torch.tensor([[3, 1]]),
        torch.tensor([[True, False]]),
    )
    labels = torch.tensor([[3, 4, 1, IGNORED]])
    branches = build_branches(tokens, warmups, labels)
    assert branches.ids.tolist() == [[[0, 5, 6, 7, 9, 3, 4, 1], [0, 0, 0, 5, 9, 3, 4, 1]]]
    assert branches.valid.int().tolist() == [[[1, 1, 1, 1, 1, 1, 1, 0], [0, 0, 1, 1, 1, 1, 1, 0]]]
    x = IGNORED
    assert branches.warmup_labels.tolist() == [[[5, 6, 7, x], [x, x, 5, 9]]]
    assert branches.target_labels.tolist() == [[[3, 4, 1, x]] * 2]


def of_start(model, source, branches):
    with torch.no_grad():
        return model.projection, reference_states(model, source, branches)


@pytest.mark.parametrize("name", MODELS)
def test_the_divergence_from_the_start_model_is_that_of_plain_forward_passes(name):
    model, longest = tiny.model(name), 3
    start = copy.copy(model)
    start.network = copy.deepcopy(model.network)
    with torch.no_grad():
        for parameter in start.network.parameters():
            parameter.mul_(0.9)
    x, y = ids(model, [0, 3]), [model.tokens.end]
    warmups = [ids(model, [1, 2]), [], ids(model, [4, 4, 0])]
    branches = build_branches(
        model.tokens, warmups_of(model, [warmups], longest), torch.tensor([y])
    )
    source = encode(model, [x])
    scores = score(model, model.network, source, branches)
    found = divergence(model, scores, branches, *of_start(start, encode(start, [x]), branches))
    for n, c in enumerate(warmups):
        p, q = (
            tiny.plain_logits(one, x, [model.tokens.start, *c]).index_fill(
                -1, torch.tensor(model.tokens.excluded), float("-inf")
            )
            for one in (model, start)
        )
        allowed = p.isfinite().all(0)
        p, q = p[:, allowed].log_softmax(-1), q[:, allowed].log_softmax(-1)
        each = torch.nn.functional.kl_div(q, p, reduction="none", log_target=True).sum(-1)
        counted = each[: len(c)] if len(c) == longest else each
        assert counted.sum() > 1e-5
        torch.testing.assert_close(found[0, n], counted.sum(), **EXACT)
    same = divergence(model, scores, branches, *of_start(model, source, branches))
    torch.testing.assert_close(same, torch.zeros_like(same), atol=1e-6, rtol=0)
    parameters = [p for p in model.network.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(same.sum(), parameters, allow_unused=True)
    assert max(g.abs().max() for g in gradients if g is not None) < 1e-5


@pytest.mark.parametrize("name", SHARED)
def test_a_prompt_attended_ahead_has_the_same_gradient(name):
    model = copy.copy(tiny.model(name))
    model.network = copy.deepcopy(model.network).double()
    y = [*ids(model, [3, 4]), model.tokens.end]
    rows = [[ids(model, c) for c in ([1, 2, 3], [], [4])] for _ in range(2)]
    branches = build_branches(model.tokens, warmups_of(model, rows, 4), pad([y, y[1:]], IGNORED))
    parameters = list(model.network.parameters())

    def gradients(source):
        scores = score(model, model.network, source, branches)
        return torch.autograd.grad((scores.s + scores.l).square().sum(), parameters)

    plain = encode(model, [ids(model, [0, 1, 2]), ids(model, [4])])
    for one, other in zip(gradients(plain), gradients(model.cache_prompt(plain)), strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", SHARED)
def test_what_was_attended_ahead_is_used_again_by_sampling(name, monkeypatch):
    model = tiny.model(name)
    source = model.cache_prompt(encode(model, [ids(model, [0, 1, 2])]))
    widths = []
    plain = model.network.forward
    monkeypatch.setattr(
        model.network,
        "forward",
        lambda **more: widths.append(more["input_ids"].shape[1]) or plain(**more),
    )
    logits, cache = model.prefill(source, 3)
    model.decode_step(logits.argmax(-1), cache)
    assert widths == [1, 3]  # START, and a token of each branch
    again, _ = model.prefill(source, 3)  # sampling leaves the source as it was
    torch.testing.assert_close(logits, again)
