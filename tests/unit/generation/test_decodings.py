"""Outputs after warmups that are not the model's own greedy ones."""

import functools
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import tiny
from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data.encoding import Encoder
from warmup.data.tasks import Input
from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs, best_of_n, gold_prefix, own, shuffled
from warmup.method.random_numbers import Stream, uniforms
from warmup.method.sampling import sample
from warmup.models import loading

MODELS = ["t5", "bart", "llama"]
LIMIT, ROOM = 5, 7
TEXTS = ["a b c", "e", "d d a b c e a", "b b", "c a d", "e d c b a"]
GIVEN = ["a", "b c d", "", "e e", "d a b b c", "c"]
"""A warmup for each text: from none to as many tokens as there may be."""


@functools.cache
def model(name):
    """Return a tiny model whose warmups differ in tokens and length, which T5's do not at first."""
    if name != "t5":
        return tiny.model(name)
    entry = tiny.spec("t5", tie_word_embeddings=False, initializer_factor=1.0)
    spec = tiny.model_config("t5", entry)
    with tempfile.TemporaryDirectory() as folder:
        made = loading.create(spec, tiny.tokenizer(Path(folder), "t5"), seed=8)
    made.network.eval()
    with torch.no_grad():
        for key, value in made.network.named_parameters():
            if "Attention.q" in key or "Attention.v" in key:
                value.mul_(6)
    return made


def generator(name, beams=1, batch_size=64, limit=LIMIT):
    like = "llama" if name == "llama" else "t5"
    form = tiny.checkpoint_format(like, max_warmup_tokens=limit, max_target_tokens=ROOM)
    return SequenceGenerator(model(name), form, beams=beams, batch_size=batch_size)


def ids(name, texts):
    return model(name).tokenizer(texts, add_special_tokens=False)["input_ids"]


def inputs(name, texts=TEXTS, **settings):
    wanted = {"targets": lambda: ids(name, GIVEN)[: len(texts)], "samples": 4, "seed": 5} | settings
    inputs = [Input("", text) for text in texts]
    sources = Encoder(model(name).tokenizer).inputs(inputs, 12).ids
    return Inputs(sources=sources, **wanted)


def sequences(found):
    return [(one.warmup, one.output) for one in found]


def plain(name, text, c, beams):
    """Return what plain `transformers` generates after START c SEP for one input."""
    network, tokens = model(name).network, model(name).tokens
    prefix = torch.tensor([[tokens.start, *c, tokens.separator]])
    x = torch.tensor([model(name).tokenizer(text)["input_ids"]])
    if name == "llama":
        given = {"input_ids": torch.cat([x, prefix], 1)}
    else:
        given = {"input_ids": x, "decoder_input_ids": prefix}
    with torch.no_grad():
        generated = network.generate(
            **given,
            max_new_tokens=ROOM + LIMIT - len(c),
            num_beams=beams,
            do_sample=False,
            suppress_tokens=[tokens.separator],
        )[0].tolist()
    y = generated[len(prefix[0]) + (len(x[0]) if name == "llama" else 0) :]
    return y[: y.index(tokens.end) + 1] if tokens.end in y else y


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("beams", [1, 3])
def test_after_a_given_warmup_comes_what_plain_transformers_generates(name, beams):
    given = ids(name, GIVEN)
    found = generator(name, beams).generate_after(inputs(name).sources, given)
    for text, c, one in zip(TEXTS, given, found, strict=True):
        assert one.warmup == c
        assert one.output == plain(name, text, c, beams)
        x = model(name).tokenizer(text)["input_ids"]
        s, l = tiny.log_probabilities(model(name), x, c, one.output, LIMIT)
        assert one.warmup_log_probability == pytest.approx(s, abs=1e-4)
        assert one.output_log_probability == pytest.approx(l, abs=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("limit", [0, 1, 5])
def test_after_the_model_s_own_warmup_comes_its_own_output(name, limit):
    one = generator(name, limit=limit)
    sources = inputs(name).sources
    hypotheses = one.generate(sources)
    assert one.generate_warmups(sources) == [h.warmup for h in hypotheses]
    again = one.generate_after(sources, [h.warmup for h in hypotheses])
    assert sequences(again) == sequences(hypotheses)
    for before, after in zip(hypotheses, again, strict=True):
        for mine, others in zip(before[2:], after[2:], strict=True):
            assert mine == pytest.approx(others, abs=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_with_a_beam_the_own_warmups_are_those_of_the_best_whole_sequences(name):
    one = generator(name, beams=3)
    sources = inputs(name).sources
    assert one.generate_warmups(sources) == [h.warmup for h in one.generate(sources)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("decoding", [own, shuffled, gold_prefix, best_of_n])
def test_the_batch_size_changes_nothing(name, decoding):
    found = [
        decoding.generate(generator(name, batch_size=size), inputs(name)) for size in (1, 2, 64)
    ]
    assert sequences(found[0]) == sequences(found[1]) == sequences(found[2])


@pytest.mark.parametrize("decoding", [own, shuffled, gold_prefix, best_of_n])
def test_no_inputs_give_no_outputs(decoding):
    assert decoding.generate(generator("t5"), inputs("t5", [])) == []


@given(size=st.integers(2, 200), seed=st.integers(0, 2**32))
def test_shuffling_gives_every_input_another_one_s_warmup_and_each_once(size, seed):
    donors = shuffled.derangement(size, seed)
    assert sorted(donors) == list(range(size))
    assert all(donor != i for i, donor in enumerate(donors))
    assert donors == shuffled.derangement(size, seed)


def test_another_seed_shuffles_otherwise():
    assert len({tuple(shuffled.derangement(50, seed)) for seed in range(20)}) == 20


def test_shuffled_warmups_are_those_of_others():
    one, given = generator("t5"), inputs("t5")
    warmups = one.generate_warmups(given.sources)
    assert len(set(map(tuple, warmups))) > 1
    donors = shuffled.derangement(len(TEXTS), given.seed)
    found = shuffled.generate(one, given)
    assert [h.warmup for h in found] == [warmups[donor] for donor in donors]
    with pytest.raises(InputError, match="--warmup shuffled: needs at least two inputs"):
        shuffled.generate(one, inputs("t5", ["a"]))


@pytest.mark.parametrize("name", MODELS)
def test_a_gold_prefix_is_as_long_as_the_own_warmup(name):
    one, tokens = generator(name), model(name).tokens
    lengths = [len(c) for c in one.generate_warmups(inputs(name).sources)]
    assert len(set(lengths)) > 1
    (longer,) = ids(name, ["a b c d e"])
    target = [longer[0], tokens.separator, tokens.excluded[0], *longer[1:]]  # no warmup has these
    found = gold_prefix.generate(one, inputs(name, targets=lambda: [target] * len(TEXTS)))
    assert [h.warmup for h in found] == [longer[:length] for length in lengths]
    assert all(h.warmup_log_probability > float("-inf") for h in found)


def test_a_short_target_is_given_whole():
    one = generator("t5")
    (target,) = ids("t5", ["d"])
    found = gold_prefix.generate(one, inputs("t5", targets=lambda: [target] * len(TEXTS)))
    lengths = [len(c) for c in one.generate_warmups(inputs("t5").sources)]
    assert [h.warmup for h in found] == [target[:length] for length in lengths]
    assert max(lengths) > 1


@pytest.mark.parametrize("name", MODELS)
def test_the_best_of_n_is_the_one_with_the_most_probable_output_per_token(name):
    one, given = generator(name), inputs(name)
    chosen = best_of_n.generate(one, given)
    drawn = one.sample_warmups(given.sources, given.samples, given.seed, Stream.BEST_OF_N)
    assert any(len(set(map(tuple, row))) > 1 for row in drawn)
    for source, row, best in zip(given.sources, drawn, chosen, strict=True):
        assert len(row) == given.samples
        found = one.generate_after([source] * len(row), row)
        per_token = [h.output_log_probability / len(h.output) for h in found]
        assert best.warmup in row
        assert best.output_log_probability / len(best.output) == pytest.approx(
            max(per_token), abs=1e-5
        )
        assert best.output == found[row.index(best.warmup)].output


def test_more_samples_are_the_fewer_ones_and_others():
    one = generator("t5")
    few = best_of_n.generate(one, inputs("t5", samples=2))
    many = best_of_n.generate(one, inputs("t5", samples=9))
    for before, after in zip(few, many, strict=True):
        assert best_of_n.confidence(after) >= best_of_n.confidence(before) - 1e-5
    other = best_of_n.generate(one, inputs("t5", samples=2, seed=6))
    assert sequences(other) != sequences(few)


@pytest.mark.parametrize("name", MODELS)
def test_samples_are_those_of_training_with_temperature_1(name):
    sources = inputs(name).sources
    found = generator(name).sample_warmups(sources, 3, 5, 9)
    for number, ids_ in enumerate(sources):
        x = torch.tensor([ids_])
        uniform = uniforms(5, 9, torch.tensor([number]), 3, LIMIT)
        with torch.no_grad():
            source = model(name).encode(x, torch.ones_like(x))
            warmups, _ = sample(
                model(name), source, max_tokens=LIMIT, temperature=1.0, uniform=uniform
            )
        lengths = warmups.lengths[0].tolist()
        expected = [c[:m] for c, m in zip(warmups.ids[0].tolist(), lengths, strict=True)]
        assert found[number] == expected


def test_without_warmups_there_is_none_to_generate_sample_or_replace():
    one, sources = generator("t5", limit=None), inputs("t5").sources
    for ask in (
        lambda: one.generate_warmups(sources),
        lambda: one.generate_after(sources, [[]] * len(sources)),
        lambda: one.sample_warmups(sources, 2, 1, Stream.BEST_OF_N),
    ):
        with pytest.raises(InputError, match="the model was trained without warmups"):
            ask()


def test_there_are_as_many_given_warmups_as_inputs():
    with pytest.raises(ValueError, match="6 inputs and 1 warmups: need as many"):
        generator("t5").generate_after(inputs("t5").sources, [[]])


def test_a_tie_goes_to_the_first_sample():
    class Fixed(SequenceGenerator):
        def generate_after(self, sources, warmups):
            return [Hypothesis(c, [1, 2], [-1.0], [-1.0, -1.0]) for c in warmups]

    made = generator("t5")
    one = Fixed(made.model, made.form, beams=1, batch_size=4)
    given = inputs("t5")
    drawn = one.sample_warmups(given.sources, given.samples, given.seed, Stream.BEST_OF_N)
    assert [h.warmup for h in best_of_n.generate(one, given)] == [row[0] for row in drawn]


def test_what_is_said_of_a_way_without_importing_it_is_true():
    assert plugins.names("decoding") == ["best_of_n", "gold_prefix", "own", "shuffled"]
    for name in plugins.names("decoding"):
        module = plugins.load("decoding", name)
        for key in ("NEEDS_WARMUPS", "SAMPLES"):
            assert plugins.constant("decoding", name, key) is getattr(module, key)
