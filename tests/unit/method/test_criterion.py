"""What a criterion makes of a batch: samples, rewards, few samples for the backward pass."""

import copy
from dataclasses import replace

import pytest
import torch

from helpers import tiny
from warmup.config.conversion import from_json
from warmup.config.settings import SamplingConfig
from warmup.data.batches import IGNORED, pad
from warmup.method.criterion import Criterion
from warmup.method.diagnostics import begins_target, describe_samples
from warmup.method.objectives import reweighted, surrogate
from warmup.method.random_numbers import Stream, uniforms
from warmup.method.sampling import Warmups, distinct, restrict, select
from warmup.method.scoring import build_branches, rewards, score
from warmup.method.subsampling import subsample

SAMPLING = {
    "samples": 4,
    "max_tokens": 4,
    "temperature": 1.0,
    "predefined": None,
    "backprop_samples": None,
    "adaptive_samples": None,
    "settle": 0,
}
MODELS = ["t5", "umt5", "bart", "llama"]


def method(objective="reweighted", settings=None, **sampling):
    return replace(
        tiny.typed(tiny.resolved("warmup")).method,
        objective=objective,
        objective_settings=settings or {},
        sampling=from_json(SamplingConfig, SAMPLING | sampling),
        reference_kl=None,
    )


def batch_for(model):
    """Return three examples whose inputs and targets have different lengths."""
    words = [[0, 1, 2], [3], [4, 4, 0, 1]], [[1, 2], [], [3, 0, 0, 4]]
    sources, targets = (
        [[model.tokenizer.convert_tokens_to_ids(tiny.WORDS[i]) for i in row] for row in rows]
        for rows in words
    )
    return {
        "input_ids": pad(sources, model.tokens.pad, model.pads_left),
        "mask": pad([[1] * len(row) for row in sources], 0, model.pads_left),
        "labels": pad([[*row, model.tokens.end] for row in targets], IGNORED),
        "index": torch.tensor([5, 0, 17]),
    }


def gradient(model, losses):
    parameters = [p for p in model.network.parameters() if p.requires_grad]
    found = torch.autograd.grad(losses.sum(), parameters, allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in found])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("longest", [0, 1, 2, 5])
def test_rewards_from_the_cache_are_those_of_a_plain_forward_pass(name, longest):
    model = tiny.model(name)
    batch = batch_for(model)
    one = Criterion(model, method(samples=6, max_tokens=longest, temperature=5.0), seed=1)
    with torch.no_grad():
        source = model.encode(batch["input_ids"], batch["mask"])
        lengths = set()
        for update in range(6):
            warmups, cache = one.sample_warmups(source, batch["index"], update, 6)
            lengths |= set(warmups.lengths.flatten().tolist())
            found = rewards(model, source, cache, warmups, batch["labels"])
            branches = build_branches(model.tokens, warmups, batch["labels"])
            expected = score(model, model.network, source, branches).l
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert len(lengths) >= min(longest + 1, 3)  # warmups of several lengths, empty ones too


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_few_samples_train_with_the_coefficients_of_subsampling(name):
    """Their expectation is that of all samples: test_subsampling."""
    model = tiny.model(name)
    batch, update = batch_for(model), 3
    few = Criterion(model, method(backprop_samples=2), seed=1)
    source = model.encode(batch["input_ids"], batch["mask"])
    warmups, cache = few.sample_warmups(source, batch["index"], update, 4)
    l = few.rewards(source, cache, warmups, batch["labels"])
    offset = uniforms(1, Stream.SUBSAMPLING + update, batch["index"], 1, 1)[:, 0, 0]
    lengths = (batch["labels"] != IGNORED).sum(-1)
    chosen, a, b = subsample(*reweighted.coefficients(l, lengths), offset, 2)
    expected = plain_losses(model, source, select(warmups, chosen), batch, (a, b))
    losses, notes = few.losses(model.network, batch, update)
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(
        gradient(model, losses), gradient(model, expected), atol=1e-5, rtol=1e-4
    )
    assert (notes["samples"] == 4).all()
    assert len({tuple(row) for row in chosen.tolist()}) > 1


def plain_losses(model, source, warmups, batch, coefficients):
    """Return the losses from the scores of all warmups, equal ones scored again."""
    branches = build_branches(model.tokens, warmups, batch["labels"])
    scores = score(model, model.network, source, branches)
    return surrogate(*coefficients, scores.s, scores.l) - scores.log_allowed_mass.mean(-1)


@pytest.mark.parametrize(
    "warmup",
    [
        {"backprop_samples": 4},
        {"backprop_samples": 2, "adaptive_samples": {"min_samples": 2, "ess_fraction": 0.9}},
    ],
)
def test_nothing_is_drawn_from_as_many_samples_as_draws(warmup):
    model = tiny.model("t5")
    batch = batch_for(model)
    drawn = Criterion(model, method(**warmup), seed=1)
    exact = Criterion(model, method(samples=4 if len(warmup) == 1 else 2), seed=1)
    if drawn.adaptive_sampling:
        drawn.adaptive_sampling.flat = set(batch["index"].tolist())
    one, _ = exact.losses(model.network, batch, 0)
    other, _ = drawn.losses(model.network, batch, 0)
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(gradient(model, one), gradient(model, other))


def test_equal_samples_are_scored_once():
    model = copy.copy(tiny.model("t5"))
    model.network = copy.deepcopy(model.network)
    batch = batch_for(model)
    one = Criterion(model, method(max_tokens=1, samples=40), seed=1)  # six warmups are possible
    rows = []
    model.network.get_decoder().register_forward_hook(
        lambda _, args, kwargs, output: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    losses, notes = one.losses(model.network, batch, 0)
    assert max(rows) <= 3 * 6
    source = model.encode(batch["input_ids"], batch["mask"])
    warmups, _ = one.sample_warmups(source, batch["index"], 0, 40)
    branches = build_branches(model.tokens, warmups, batch["labels"])
    l = score(model, model.network, source, branches).l.detach()
    assert max(rows) == 3 * 40
    a, b = reweighted.coefficients(l, torch.ones(3))
    plain = plain_losses(model, source, warmups, batch, (a, b))
    torch.testing.assert_close(losses, plain)
    torch.testing.assert_close(
        gradient(model, losses), gradient(model, plain), atol=1e-4, rtol=1e-4
    )
    assert notes["samples"].tolist() == [40.0] * 3


def test_what_the_log_says_of_warmups():
    ids = torch.tensor([[[5, 6, 0], [5, 0, 0], [0, 0, 0], [6, 5, 0]]])
    lengths = torch.tensor([[2, 1, 0, 2]])
    warmups = Warmups(ids, lengths, torch.zeros_like(lengths).bool())
    labels = torch.tensor([[5, 6, 7, 1]])
    notes = describe_samples(warmups, torch.zeros(1, 4), labels)
    assert notes["warmup_empty"].item() == 0.25
    assert notes["warmup_copied"].item() == 0.5  # an empty one is not a copy
    short = torch.tensor([[5, IGNORED]])
    assert begins_target(warmups, short).tolist() == [[False, True, True, False]]


def remember(criterion, batch, notes):
    adaptive = criterion.adaptive_sampling
    adaptive.remember(adaptive.observe(batch["index"], notes))


def test_examples_with_flat_weights_get_fewer_samples_next_time():
    model = tiny.model("t5")
    batch = batch_for(model)
    adaptive = {"min_samples": 2, "ess_fraction": 0.9}
    one = Criterion(model, method(adaptive_samples=adaptive), seed=1)
    plain = Criterion(model, method(), seed=1)
    first, notes = one.losses(model.network, batch, 0)
    torch.testing.assert_close(first, plain.losses(model.network, batch, 0)[0])
    assert notes["samples"].tolist() == [4, 4, 4]
    notes["effective_sample_size"] = torch.tensor([4.0, 1.5, 3.59])
    remember(one, batch, notes)
    assert one.adaptive_sampling.flat == {5}
    losses, notes = one.losses(model.network, batch, 1)
    assert notes["samples"].tolist() == [2, 4, 4]
    expected, _ = plain.losses(model.network, batch, 1)
    torch.testing.assert_close(losses[1:], expected[1:])
    two = Criterion(model, method(samples=2), seed=1)
    torch.testing.assert_close(losses[0], two.losses(model.network, batch, 1)[0][0])
    notes["effective_sample_size"] = torch.tensor([1.0, 1.0, 1.0])
    remember(one, batch, notes)
    assert one.adaptive_sampling.flat == set()


def test_examples_with_fewer_samples_have_the_same_notes_as_others():
    model = tiny.model("t5")
    batch = batch_for(model)
    adaptive = {"min_samples": 2, "ess_fraction": 0.9}
    one = Criterion(model, method(backprop_samples=3, adaptive_samples=adaptive), seed=1)
    names = set()
    for flat in (set(), {5}, {5, 0, 17}):
        one.adaptive_sampling.flat = flat
        losses, notes = one.losses(model.network, batch, 0)
        assert notes["samples"].tolist() == [2 if i in flat else 4 for i in (5, 0, 17)]
        assert {len(value) for value in (losses, *notes.values())} == {3}
        names.add(frozenset(notes))
    assert len(names) == 1  # processes add up the same ones, whatever their examples


def test_all_examples_may_have_the_least_number_of_samples():
    model = tiny.model("t5")
    batch = batch_for(model)
    one = Criterion(model, method(adaptive_samples={"min_samples": 4, "ess_fraction": 0.9}), seed=1)
    one.adaptive_sampling.flat = {5, 0, 17}
    expected, _ = Criterion(model, method(), seed=1).losses(model.network, batch, 0)
    torch.testing.assert_close(one.losses(model.network, batch, 0)[0], expected)


@pytest.mark.parametrize("longest", [0, 1])
def test_the_log_has_the_surprisal_of_warmups_and_how_many_are_different(longest):
    model = tiny.model("t5")
    batch = batch_for(model)
    one = Criterion(model, method(samples=40, max_tokens=longest), seed=1)
    _, notes = one.losses(model.network, batch, 0)
    source = model.encode(batch["input_ids"], batch["mask"])
    logits, _ = model.prefill(source, 1)
    p = restrict(logits[:, 0], model.tokens.excluded).softmax(-1)
    warmups, _ = one.sample_warmups(source, batch["index"], 0, 40)
    for i in range(3):
        found = [
            tuple(ids[:n].tolist())
            for ids, n in zip(warmups.ids[i], warmups.lengths[i], strict=True)
        ]
        # one token at most: SEP or the token; nothing is chosen where no token is allowed
        first = [c[0] if c else model.tokens.separator for c in found]
        surprisals = [-p[i, token].log().item() if longest else 0.0 for token in first]
        mean = sum(surprisals) / 40
        assert notes["warmup_surprisal"][i].item() == pytest.approx(mean, abs=1e-5)
        assert notes["warmup_distinct"][i].item() == len(set(found))


def test_select_and_distinct_agree_on_a_sampled_batch():
    model = tiny.model("llama")
    batch = batch_for(model)
    one = Criterion(model, method(samples=8, max_tokens=2), seed=1)
    source = model.encode(batch["input_ids"], batch["mask"])
    warmups, _ = one.sample_warmups(source, batch["index"], 0, 8)
    different, where = distinct(warmups)
    assert torch.equal(select(different, where).ids, warmups.ids)


@pytest.mark.parametrize("name", MODELS)
def test_predefined_warmups_train_the_likelihood_of_the_concatenation(name):
    model = tiny.model(name)
    batch = batch_for(model)
    targets = [row[row != IGNORED].tolist() for row in batch["labels"]]
    settings = method("concatenation", predefined="keywords", samples=1, max_tokens=2)
    one = Criterion(model, settings, 1, targets)
    losses, notes = one.losses(model.network, batch, 0)
    # the empty target has no keyword, the others one or two
    assert notes["warmup_length"].tolist() == [2.0, 0.0, 2.0]
    for i, target in enumerate(targets):
        x = batch["input_ids"][i][batch["mask"][i].bool()].tolist()
        c = one.predefined(target)
        s, l = tiny.log_probabilities(model, x, c, target, 2)
        assert losses[i].item() == pytest.approx(
            -s - l - notes["warmup_allowed_mass"][i].log().item(), rel=1e-4
        )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "more", [{}, {"adaptive_samples": {"min_samples": 2, "ess_fraction": 0.9}}]
)
@pytest.mark.parametrize("draws", [None, 2])
def test_while_it_settles_the_target_learns_after_one_warmup_that_does_not(name, more, draws):
    model = tiny.model(name)
    batch = batch_for(model)
    settling = Criterion(model, method(settle=3, backprop_samples=draws, **more), seed=1)
    alone = Criterion(model, method("likelihood", samples=1), seed=1)
    found, notes = settling.losses(model.network, batch, update=2)
    expected, _ = alone.losses(model.network, batch, update=2)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient(model, found), gradient(model, expected))
    assert (notes["samples"] == 1).all()
    if adaptive := settling.adaptive_sampling:
        assert not any(is_flat for _, is_flat in adaptive.observe(batch["index"], notes))
    _, notes = settling.losses(model.network, batch, update=3)
    assert (notes["samples"] == 4).all()
