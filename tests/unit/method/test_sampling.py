"""Sampled warmups against the distribution that enumerating all of them gives."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import tiny
from warmup.data.batches import pad
from warmup.method.objectives import reweighted, surrogate
from warmup.method.random_numbers import uniforms
from warmup.method.sampling import Warmups, distinct, draw, restrict, sample, select
from warmup.method.scoring import build_branches, score
from warmup.models.interface import EncodedInput

MODELS = ["t5", "mt5", "bart", "llama"]
SOURCES = [[0, 1, 2], [3], [4, 4, 0, 1, 2, 3], [2, 1]]


def encode(model, rows) -> EncodedInput:
    sources = [[model.tokenizer.convert_tokens_to_ids(tiny.WORDS[i]) for i in row] for row in rows]
    mask = pad([[1] * len(row) for row in sources], 0, model.pads_left)
    return model.encode(pad(sources, model.tokens.pad, model.pads_left), mask)


def sampled(model, rows, samples, longest, *, seed=1, update=5, first=0, temperature=1.0):
    uniform = uniforms(seed, update, torch.arange(first, first + len(rows)), samples, longest)
    with torch.no_grad():
        warmups, _ = sample(
            model,
            encode(model, rows),
            max_tokens=longest,
            temperature=temperature,
            uniform=uniform,
        )
        return warmups


def enumerate_warmups(model, longest):
    """Return every possible warmup of a model, as `Warmups` of one example."""
    size = model.network.config.vocab_size
    letters = sorted(set(range(size)) - {*model.tokens.excluded, model.tokens.separator})
    every = [c for m in range(longest + 1) for c in itertools.product(letters, repeat=m)]
    ids = torch.tensor(
        [[[*c, *[model.tokens.pad] * (longest - len(c))] for c in every]], dtype=torch.long
    )
    lengths = torch.tensor([[len(c) for c in every]])
    return every, Warmups(ids.view(1, len(every), longest), lengths, lengths >= longest)


def enumerated(model, row, longest, target=(1,)):
    """Return every warmup with log P(c|x) and log P(y|x,c)."""
    every, warmups = enumerate_warmups(model, longest)
    branches = build_branches(model.tokens, warmups, torch.tensor([target]))
    scores = score(model, model.network, encode(model, [row]), branches)
    return every, scores.s[0], scores.l[0]


def as_tuples(warmups, example=0):
    return [
        tuple(ids[:length].tolist())
        for ids, length in zip(warmups.ids[example], warmups.lengths[example], strict=True)
    ]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("longest", [0, 1, 2])
def test_the_probabilities_of_all_warmups_sum_to_one(name, longest):
    with torch.no_grad():
        every, s, _ = enumerated(tiny.model(name), SOURCES[0], longest)
    assert len(every) == sum(5**m for m in range(longest + 1))
    assert s.exp().sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_warmups_are_drawn_with_their_probability(name):
    model, longest, draws = tiny.model(name), 2, 20_000
    with torch.no_grad():
        every, s, _ = enumerated(model, SOURCES[0], longest)
    found = as_tuples(sampled(model, [SOURCES[0]], draws, longest))
    counts = torch.tensor([float(found.count(c)) for c in every]).double()
    expected = s.double().softmax(-1) * draws
    assert counts.sum() == draws  # nothing else was drawn
    often = expected >= 5  # where the chi-square statistic holds; the rest count as one kind
    kinds = [torch.cat([x[often], x[~often].sum()[None]]) for x in (counts, expected)]
    one, other = (x[kinds[1] > 0] for x in kinds)
    assert len(other) >= 4
    assert stats.chisquare(one, other).pvalue > 1e-3


def test_the_temperature_sharpens_and_flattens():
    model = tiny.model("t5")
    with torch.no_grad():
        every, s, _ = enumerated(model, SOURCES[0], 1)
    first = torch.tensor([s[every.index(c)] for c in every])  # one token, or at once the separator
    for temperature in (0.3, 3.0):
        found = as_tuples(sampled(model, [SOURCES[0]], 5000, 1, temperature=temperature))
        share = torch.tensor([found.count(c) / 5000 for c in every])
        torch.testing.assert_close(share, (first / temperature).softmax(-1), atol=0.03, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_of_any_composition_draws_the_same(name):
    model, longest = tiny.model(name), 5
    together = sampled(model, SOURCES, 8, longest)
    assert len(set(as_tuples(together))) > 1
    for i, row in enumerate(SOURCES):
        alone = sampled(model, [row], 8, longest, first=i)
        assert torch.equal(alone.ids[0], together.ids[i])
        assert torch.equal(alone.lengths[0], together.lengths[i])


@pytest.mark.parametrize("name", MODELS)
def test_the_seed_and_the_update_alone_decide(name):
    model = tiny.model(name)
    one = sampled(model, SOURCES, 8, 4)
    torch.manual_seed(123)
    assert torch.equal(one.ids, sampled(model, SOURCES, 8, 4).ids)
    assert not torch.equal(one.ids, sampled(model, SOURCES, 8, 4, seed=2).ids)
    assert not torch.equal(one.ids, sampled(model, SOURCES, 8, 4, update=6).ids)


@pytest.mark.parametrize("name", MODELS)
def test_lengths_and_forced_ends_are_right_and_no_token_is_excluded(name):
    model, longest = tiny.model(name), 3
    warmups = sampled(model, SOURCES, 200, longest)
    tokens = model.tokens
    never = {*tokens.excluded, tokens.separator} - {tokens.pad}
    assert {tokens.pad, tokens.end, tokens.start} <= set(tokens.excluded)
    assert {0, longest} < set(warmups.lengths.flatten().tolist())  # short ones and cut ones
    for ids, length, forced in zip(
        warmups.ids.flatten(0, 1), warmups.lengths.flatten(), warmups.forced.flatten(), strict=True
    ):
        assert not never & set(ids.tolist())
        assert (ids[:length] != tokens.pad).all()
        assert (ids[length:] == tokens.pad).all()
        assert bool(forced) == (length == longest)


@pytest.mark.parametrize("name", MODELS)
def test_without_room_every_warmup_is_empty_and_forced(name):
    warmups = sampled(tiny.model(name), SOURCES, 3, 0)
    assert warmups.ids.shape == (4, 3, 0)
    assert (warmups.lengths == 0).all()
    assert warmups.forced.all()


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_objective_on_sampled_warmups_has_the_gradient_of_the_enumerated_likelihood(name):
    model, longest, draws = tiny.model(name), 2, 20_000
    parameters = [p for p in model.network.parameters() if p.requires_grad]
    every, s, l = enumerated(model, SOURCES[0], longest, target=(6, 7, 1))
    chosen = as_tuples(sampled(model, [SOURCES[0]], draws, longest))
    index = torch.tensor([every.index(c) for c in chosen])

    def gradient(loss):
        found = torch.autograd.grad(
            loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in found])

    exact = gradient(-(s + l).logsumexp(-1))
    drawn = s[index][None], l[index][None]
    a, b = reweighted.coefficients(drawn[1], torch.tensor([3]))
    found = gradient(surrogate(a, b, *drawn).sum())
    # 20,000 draws: a few per cent of its length
    assert (exact - found).norm() < 0.05 * exact.norm()


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=9), st.floats(0, 1, exclude_max=True))
def test_a_draw_inverts_the_distribution_function(logits, uniform):
    row = torch.tensor([logits], dtype=torch.float64)
    token = draw(row, torch.tensor([uniform], dtype=torch.float64)).item()
    below = row.softmax(-1)[0, :token].sum().item()
    assert below <= uniform + 1e-6
    assert uniform <= below + row.softmax(-1)[0, token].item() + 1e-6


def test_what_has_no_probability_is_never_drawn():
    logits = torch.zeros(1, 6)
    logits = restrict(logits, (0, 3, 5))
    ends = torch.tensor([0.0, 1 - 2.0**-53, 0.5, 1 / 3, 2 / 3], dtype=torch.float64)
    drawn = draw(logits.expand(5, -1), ends)
    assert set(drawn.tolist()) <= {1, 2, 4}
    assert drawn[0] == 1
    assert drawn[1] == 4


def test_rare_tokens_of_a_large_vocabulary_keep_their_probability():
    logits = torch.zeros(1, 250_000)
    uniform = torch.arange(0, 250_000, 4999, dtype=torch.float64) / 250_000 + 2e-6
    drawn = draw(logits.expand(len(uniform), -1), uniform)
    assert (drawn - torch.arange(0, 250_000, 4999)).abs().max() <= 1


@pytest.mark.parametrize("size", [6, 1030, 3000])
def test_what_is_no_number_draws_a_token_of_the_vocabulary_and_changes_no_other_row(size):
    logits = torch.zeros(4, size)
    logits[1], logits[2], logits[3, 0] = math.nan, -math.inf, math.inf
    drawn = draw(logits, torch.full((4,), 0.5))
    assert (drawn >= 0).all()
    assert (drawn < size).all()
    assert drawn[0] == draw(logits[:1], torch.tensor([0.5]))[0]


@given(
    st.lists(
        st.lists(st.lists(st.integers(5, 6), max_size=2), min_size=4, max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_distinct_warmups_are_each_there_once_and_found_again(rows):
    lengths = torch.tensor([[len(c) for c in row] for row in rows])
    padded = [[[*c, *[0] * (3 - len(c))] for c in row] for row in rows]
    warmups = Warmups(torch.tensor(padded), lengths, lengths >= 3)
    different, where = distinct(warmups)
    again = select(different, where)
    assert torch.equal(again.ids, warmups.ids)
    assert torch.equal(again.lengths, warmups.lengths)
    assert torch.equal(again.forced, warmups.forced)
    counts = [len({tuple(c) for c in row}) for row in rows]
    assert different.ids.shape[1] == max(counts)
    for example, count in enumerate(counts):
        assert set(where[example].tolist()) == set(range(count))
