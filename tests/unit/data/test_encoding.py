"""Texts as token ids and back, with tokenizers of every kind."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer, UnigramTrainer, WordPieceTrainer
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from warmup.config.settings import TokenizerConfig
from warmup.data import tokenizer_training
from warmup.data.encoding import Encoder, decode
from warmup.data.tasks import Input
from warmup.generation.token_texts import token_texts

NAMES = ["<pad>", "</s>", "<unk>", "<extra_id_0>", "<extra_id_1>"]
TEXTS = [
    "make <s>old</s> new",
    "x <pad> y <unk> z",
    "the token <extra_id_0> ends",
    "</s>",
    "a<pad>b",
    "[ < / > ] _ 0 1 \u4e2d\u6587 \u20ac5 \u0939\u093f\u0928\u094d\u0926\u0940 caf\u00e9",
]


def made(model, trainer, before, decoder, normalizer=None, **settings):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.decoder = before, decoder
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    end = ("</s>", tokenizer.token_to_id("</s>"))
    tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[end])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=NAMES[3:],
        **settings,
    )


def of_project(kind):
    config = TokenizerConfig(type=kind, vocab_size=200)
    return tokenizer_training.train(iter(TEXTS * 3), config, "encoder_decoder")


def byte_fallback():
    """A tokenizer of bytes, as Llama 2 writes what it has no token for."""
    vocabulary = {name: i for i, name in enumerate(NAMES)}
    vocabulary |= {f"<0x{byte:02X}>": 5 + byte for byte in range(256)} | {"\u2581": 261, "a": 262}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=NAMES[3:],
    )  # fmt: skip


def of_hub(kind):
    space = pre_tokenizers.Metaspace()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe = {"special_tokens": NAMES, "vocab_size": 400, "show_progress": False}
    if kind == "unigram":
        trainer = UnigramTrainer(special_tokens=NAMES, unk_token="<unk>", show_progress=False)
        return made(
            models.Unigram(),
            trainer,
            space,
            decoders.Metaspace(),
            clean_up_tokenization_spaces=True,
        )
    if kind == "bpe":  # its merges make the names of special tokens
        return made(models.BPE(unk_token="<unk>"), BpeTrainer(**bpe), space, decoders.Metaspace())
    if kind == "byte_level":
        before = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = BpeTrainer(**bpe, initial_alphabet=alphabet)
        return made(models.BPE(), trainer, before, decoders.ByteLevel())
    trainer = WordPieceTrainer(special_tokens=NAMES, vocab_size=400, show_progress=False)
    before = pre_tokenizers.WhitespaceSplit()
    return made(
        models.WordPiece(unk_token="<unk>"), trainer, before, decoders.WordPiece(cleanup=False)
    )


TOKENIZERS = {
    **{f"project_{kind}": of_project(kind) for kind in ("word", "bpe", "unigram")},
    **{kind: of_hub(kind) for kind in ("unigram", "bpe", "byte_level", "word_piece")},
    "byte_fallback": byte_fallback(),
    "byt5": ByT5Tokenizer(),
}
SPELLS_ALL = ("project_bpe", "project_unigram", "unigram", "bpe", "byte_level", "byt5")
"""Those that can spell the names of special tokens."""


def control(tokenizer):
    return {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_never_becomes_a_control_token(name, text):
    tokenizer = TOKENIZERS[name]
    encoder = Encoder(tokenizer)
    *ids, end = encoder.targets([text]).ids[0]
    assert end == tokenizer.eos_token_id
    assert not control(tokenizer) & set(ids)
    (found,) = encoder.inputs([Input("", text)], 999).ids
    assert [i for i in found if i not in control(tokenizer)] == ids
    assert found[len(ids) :] in ([end], [])


@pytest.mark.parametrize("name", SPELLS_ALL)
@pytest.mark.parametrize("text", TEXTS)
def test_text_with_names_of_special_tokens_comes_back(name, text):
    tokenizer = TOKENIZERS[name]
    (ids,) = Encoder(tokenizer).targets([text]).ids
    assert decode(tokenizer, ids, skip_special_tokens=True).strip() == text


@pytest.mark.parametrize("name", TOKENIZERS)
@given(st.lists(st.sampled_from([*NAMES, "make", "new", "x", "a", " ", "<", "s", ">"])))
@settings(max_examples=50)
def test_only_what_contains_such_a_name_is_encoded_otherwise_than_by_the_tokenizer(name, parts):
    tokenizer, text = TOKENIZERS[name], "".join(parts)
    (encoded,) = Encoder(tokenizer).targets([text]).ids
    assert not control(tokenizer) & set(encoded[:-1])
    plain = tokenizer(text, add_special_tokens=False)["input_ids"]
    if not any(special in text for special in NAMES):
        assert encoded[:-1] == plain


def test_a_separator_that_is_not_called_special_is_no_text_either():
    tokenizer = of_project("unigram")
    tokenizer.add_tokens([AddedToken("<sep>", special=False)])
    (separator,) = tokenizer("<sep>", add_special_tokens=False)["input_ids"][-1:]
    text = "make <sep> new"
    assert separator in Encoder(tokenizer).targets([text]).ids[0]
    (ids,) = Encoder(tokenizer, [separator]).targets([text]).ids
    assert separator not in ids


def test_a_word_that_is_the_name_of_a_special_token_is_unknown_to_a_word_tokenizer():
    tokenizer = TOKENIZERS["project_word"]
    assert [tokenizer.convert_tokens_to_ids(name) for name in NAMES] == [0, 1, 2, 3, 4]
    assert max(tokenizer.get_vocab().values()) == len(tokenizer) - 1
    encoded = Encoder(tokenizer).targets(["x <pad> y", "make"])
    assert encoded.unknown == [1, 0]
    assert Encoder(tokenizer).unknown_part("x <pad> y") == "<pad>"


QUESTION = Input("make ", "x y z x y z x y z", " new x y")


@pytest.mark.parametrize("name", ["project_word", "unigram", "byte_level", "word_piece", "byt5"])
def test_only_the_part_that_may_be_cut_is_cut_at_its_end(name):
    tokenizer = TOKENIZERS[name]
    encoder = Encoder(tokenizer)
    (whole,) = encoder.inputs([QUESTION], 999).ids
    for limit in range(1, len(whole) + 2):
        found = encoder.inputs([QUESTION], limit)
        (ids,) = found.ids
        assert found.lengths == [len(whole)]
        assert found.cut[0] == len(whole) - len(ids)
        text = decode(tokenizer, ids, skip_special_tokens=True)
        assert text.startswith("make")
        assert text.endswith(" new x y")
        if ids != whole:
            kept = text.removeprefix("make").removesuffix("new x y").strip()
            assert QUESTION.text.startswith(kept)
            assert len(ids) == limit or (kept == "" and found.excess(limit) == [len(ids) - limit])
        assert (ids[-1] == tokenizer.eos_token_id) == (whole[-1] == tokenizer.eos_token_id)


def test_targets_are_cut_and_end():
    encoder = Encoder(TOKENIZERS["project_word"])
    found = encoder.targets(["x y z", "x", ""], 3)
    assert [len(row) for row in found.ids] == [3, 2, 1]
    assert all(row[-1] == 1 for row in found.ids)
    assert (found.lengths, found.cut) == ([4, 2, 1], [1, 0, 0])


def test_decoding_leaves_spaces_as_they_are():
    tokenizer = TOKENIZERS["unigram"]
    assert tokenizer.clean_up_tokenization_spaces
    text = "make ? new ! x , y"
    trained = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    spec = json.loads(trained.to_str())
    spec["model"]["vocab"] += [[mark, -5.0] for mark in "?!,"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(spec)),
        eos_token="</s>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=True,
    )
    (ids,) = Encoder(tokenizer).targets([text]).ids
    assert decode(tokenizer, ids, skip_special_tokens=True) == text
    assert tokenizer.decode(ids, skip_special_tokens=True) != text  # what transformers does


@pytest.mark.parametrize("name", TOKENIZERS)
@given(st.data())
@settings(max_examples=60)
def test_the_texts_of_any_tokens_make_the_decoded_text(name, data):
    tokenizer = TOKENIZERS[name]
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), max_size=12))
    found = token_texts(tokenizer, ids)
    assert len(found) == len(ids)
    assert "".join(found) == (decode(tokenizer, ids) if ids else "")


@pytest.mark.parametrize("name", ["byt5", "byte_fallback", "byte_level"])
@pytest.mark.parametrize(
    "text", ["\u4e2d\u6587", "\u201cq\u201d \u20ac5\u2026", "\U0001f44d ok", "a\u00e9"]
)
@given(st.text(max_size=8))
@settings(max_examples=20)
def test_a_character_of_several_tokens_stands_at_the_last_of_them(name, text, more):
    tokenizer = TOKENIZERS[name]
    ids = Encoder(tokenizer).targets([text + more]).ids[0][:-1]
    found = token_texts(tokenizer, ids)
    assert "".join(found) == decode(tokenizer, ids)
    if "\ufffd" not in more:
        assert not any("\ufffd" in piece for piece in found)
