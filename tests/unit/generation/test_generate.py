"""Generation: the form `warmup SEP output`, its log-probabilities, texts of tokens, batches."""

import pytest
import torch
from transformers import LogitsProcessorList

from helpers import tiny
from warmup.data.encoding import Encoder
from warmup.data.tasks import Input
from warmup.generation import prediction
from warmup.generation.format_constraint import FormatConstraint
from warmup.generation.sequence_generator import SequenceGenerator
from warmup.generation.token_texts import token_texts

MODELS = ["t5", "bart", "llama"]
TEXTS = ["a b c", "e", "d d a b c e a"]


def form(name, limit):
    like = "llama" if name == "llama" else "t5"
    return tiny.checkpoint_format(like, max_warmup_tokens=limit, max_target_tokens=7)


def generator(name, limit, beams=1):
    return SequenceGenerator(tiny.model(name), form(name, limit), beams=beams, batch_size=64)


def write(name, limit, beams=1, texts=TEXTS):
    tokenizer, longest = tiny.model(name).tokenizer, form(name, limit).max_source_tokens
    inputs = Encoder(tokenizer).inputs([Input("", text) for text in texts], longest)
    return generator(name, limit, beams).generate(inputs.ids)


def results(name, limit, beams=1, texts=TEXTS):
    found = write(name, limit, beams, texts)
    return [prediction.shown(generator(name, limit, beams), one) for one in found]


def ids(model, text):
    return model.tokenizer(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("beams", [1, 3])
def test_without_a_warmup_it_is_plain_generate(name, beams):
    model = tiny.model(name)
    for text, found in zip(TEXTS, results(name, None, beams), strict=True):
        prompt = f"{text} <extra_id_1>" if name == "llama" else text
        inputs = model.tokenizer(prompt, return_tensors="pt")
        plain = model.network.generate(
            **inputs, max_new_tokens=7, num_beams=beams, do_sample=False
        )[0, inputs["input_ids"].shape[1] if name == "llama" else 1 :]
        end = (plain == model.tokens.end).nonzero()
        plain = plain[: int(end[0]) + 1] if len(end) else plain
        assert found["output"] == model.tokenizer.decode(plain, skip_special_tokens=True).strip()
        assert found["output_tokens"] == len(plain)
        assert found["warmup"] == ""
        assert found["warmup_log_probability"] is None


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("limit", [0, 1, 4])
def test_an_untrained_model_too_writes_a_warmup_the_separator_and_an_output(name, beams, limit):
    model = tiny.model(name)
    excluded = {model.tokenizer.convert_ids_to_tokens(i) for i in model.tokens.excluded}
    for found in results(name, limit, beams):
        assert found["warmup_tokens"] == len(ids(model, found["warmup"])) <= limit
        assert not excluded & set(found["warmup"].split())
        assert "<extra_id_0>" not in found["warmup"] + found["output"]
        assert 0 <= found["output_tokens"] <= 7 + limit - found["warmup_tokens"]
        assert found["warmup_log_probability"] <= 0
        assert found["output_log_probability"] <= 0
        if limit == 0:
            assert found["warmup"] == ""
            assert found["warmup_log_probability"] == 0


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("limit", [None, 0, 3])
def test_log_probabilities_are_those_of_a_plain_forward_pass(name, limit):
    written, model = write(name, limit), tiny.model(name)
    found = [prediction.shown(generator(name, limit), one) for one in written]
    for text, row, (c, y, each_c, each_y) in zip(TEXTS, found, written, strict=True):
        x = model.tokenizer(text)["input_ids"]
        warmup = None if limit is None else c
        s, l = tiny.log_probabilities(model, x, warmup, y, limit) if y else (None, 0.0)
        assert row["output_log_probability"] == pytest.approx(l, abs=1e-4)
        if limit is not None and s is not None:
            assert row["warmup_log_probability"] == pytest.approx(s, abs=1e-4)
        assert (row["warmup_tokens"], row["output_tokens"]) == (len(c), len(y))
        assert [p for _, p in row["output_by_token"]] == pytest.approx(each_y, abs=1e-5)
        if limit is None:
            assert row["warmup_by_token"] is each_c is None
        else:  # the separator's counts where the limit did not force it
            assert [p for _, p in row["warmup_by_token"]] == pytest.approx(each_c, abs=1e-5)
            assert len(each_c) == min(len(c) + 1, limit)


@pytest.mark.parametrize("name", MODELS)
def test_the_texts_of_tokens_make_the_whole(name):
    tokenizer = tiny.model(name).tokenizer
    for found in results(name, 3):
        text = "".join(text for text, _ in found["warmup_by_token"])
        assert text.removesuffix("<extra_id_0>").rstrip() == found["warmup"]
        whole = "".join(text for text, _ in found["output_by_token"])
        for special in tokenizer.all_special_tokens:
            whole = whole.replace(special, "")
        assert whole.split() == found["output"].split()


def test_a_character_of_several_tokens_is_the_last_one_s():
    class Bytes:
        """A tokenizer whose tokens are bytes."""

        def decode(self, ids, **_):
            return bytes(ids).decode(errors="replace")

    assert list(token_texts(Bytes(), list("aé€".encode()))) == ["a", "", "é", "", "", "€"]
    assert list(token_texts(Bytes(), list("aé".encode()[:-1]))) == ["a", "\ufffd"]
    assert list(token_texts(Bytes(), [])) == []


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("limit", "beams"), [(None, 1), (3, 1), (3, 2)])
def test_a_batch_gives_what_its_members_give(name, limit, beams):
    together = results(name, limit, beams)
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = results(name, limit, beams, [text])
        for key in ("warmup", "output", "warmup_tokens", "output_tokens"):
            assert alone[key] == found[key]
        assert alone["output_log_probability"] == pytest.approx(
            found["output_log_probability"], abs=1e-4
        )


def test_greedy_takes_the_most_probable_token_that_the_form_allows():
    model, limit = tiny.model("t5"), 3
    (found,) = results("t5", limit, texts=["a b c"])
    x = torch.tensor([model.tokenizer("a b c")["input_ids"]])
    decoder, tokens = [model.tokens.start], model.tokens
    with torch.no_grad():
        while decoder[-1] != tokens.separator:
            logits = model.network(input_ids=x, decoder_input_ids=torch.tensor([decoder])).logits
            logits = logits[0, -1]
            logits[list(tokens.excluded)] = float("-inf")
            full = len(decoder) - 1 == limit
            decoder.append(tokens.separator if full else int(logits.argmax()))
    assert model.tokenizer.decode(decoder[1:-1]) == found["warmup"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("limit", [0, 1, 4])
def test_a_beam_is_over_the_log_probability_of_warmup_and_output(name, limit):
    model, beams = tiny.model(name), 3
    x = model.tokenizer(TEXTS[0])["input_ids"]
    source = model.encode(torch.tensor([x]), torch.ones(1, len(x), dtype=torch.long))
    inputs, prompt = model.generation_inputs(source, None)
    found = model.network.generate(
        **inputs,
        max_new_tokens=limit + 6,
        num_beams=beams,
        num_return_sequences=beams,
        do_sample=False,
        length_penalty=0.0,  # its score is the sum, then
        pad_token_id=model.tokens.pad,
        eos_token_id=model.tokens.end,
        logits_processor=LogitsProcessorList([FormatConstraint(model, prompt, limit)]),
        output_scores=True,
        return_dict_in_generate=True,
    )
    written = found.sequences[:, prompt:].tolist()
    for row, total in zip(written, found.sequences_scores.tolist(), strict=True):
        edge = row.index(model.tokens.separator)
        c, y = row[:edge], row[edge + 1 :]
        if model.tokens.end in y:
            y = y[: y.index(model.tokens.end) + 1]
        assert total == pytest.approx(sum(tiny.log_probabilities(model, x, c, y, limit)), abs=1e-4)


def test_a_wider_beam_finds_nothing_less_probable_on_the_whole():
    def total(beams):
        return sum(
            r["warmup_log_probability"] + r["output_log_probability"]
            for r in results("t5", 3, beams)
        )

    assert total(5) > total(1) - 1e-3


def test_a_limit_reached_forces_the_separator_whose_probability_does_not_count():
    found = [r for r in results("t5", 1) if r["warmup_tokens"] == 1]
    assert found
    model = tiny.model("t5")
    x = torch.tensor([model.tokenizer(TEXTS[0])["input_ids"]])
    first = results("t5", 1)[0]
    with torch.no_grad():
        logits = model.network(
            input_ids=x, decoder_input_ids=torch.tensor([[model.tokens.start]])
        ).logits[0, 0]
    logits[list(model.tokens.excluded)] = float("-inf")
    token = ids(model, first["warmup"])[0] if first["warmup"] else model.tokens.separator
    expected = logits.log_softmax(-1)[token].item()
    assert first["warmup_log_probability"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("beams", [1, 2])
def test_padding_is_not_part_of_a_finished_output(beams):
    texts = ["a", "b c d e a b c d"]
    for name in MODELS:
        for found in results(name, None, beams, texts):
            assert "<pad>" not in found["output"]
            assert found["output_tokens"] <= 7
