"""Tokenizers of models from scratch."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from helpers import tiny
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.settings import TokenizerConfig
from warmup.data import tokenizer_training

TEXTS = ["start A swap AB", "Die Straße ist größer.", "a b c a b", "größer als groß"]
KINDS = ["word", "symbol", "bpe", "unigram"]


def trained(kind, architecture="encoder_decoder", size=60):
    config = TokenizerConfig(type=kind, vocab_size=size)
    return tokenizer_training.train(iter(TEXTS), config, architecture)


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_come_first_and_are_what_they_are_called(kind):
    made = trained(kind)
    names = ["<pad>", "</s>", "<unk>", "<extra_id_0>", "<extra_id_1>"]
    assert made.convert_tokens_to_ids(names) == [0, 1, 2, 3, 4]
    assert (made.pad_token, made.eos_token, made.unk_token) == ("<pad>", "</s>", "<unk>")
    assert set(names) == set(made.all_special_tokens)
    assert len(made) <= 60


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS)
def test_known_texts_come_back(kind, text):
    made = trained(kind)
    ids = made(text)["input_ids"]
    assert made.unk_token_id not in ids
    assert made.decode(ids, skip_special_tokens=True).strip() == text


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_of_an_encoder_end_in_the_end_token_and_prompts_do_not(kind):
    assert trained(kind)("a b")["input_ids"][-1] == 1
    assert trained(kind, "decoder_only")("a b")["input_ids"][-1] != 1
    targets = trained(kind)("a b", add_special_tokens=False)["input_ids"]
    assert 1 not in targets


@given(st.text(max_size=20))
def test_no_text_contains_the_separator_by_itself(text):
    ids = WORD(text)["input_ids"]
    if "<extra_id" not in text and "</s>" not in text and "<pad>" not in text:
        assert not {0, 3, 4} & set(ids)


WORD = trained("word")

MULTILINGUAL = [
    'He said: "It\'s (only) a test…" -- twice!',
    "Он сказал: «Привет, мир!» — и ушёл.",
    "他说：“你好，世界。”然后走了！",
    "« L\u2019homme\u00a0» a\tdit\n: £5 + 3\u202f€",
    "¿Qué? ¡Sí, 3.14%!",
    "हिन्दी में, नमस्ते।",
]
PARTS = {
    kind: tokenizer_training.train(
        iter(MULTILINGUAL), TokenizerConfig(type=kind, vocab_size=400), "encoder_decoder"
    )
    for kind in ("bpe", "unigram")
}


def comes_back(kind, text):
    made = PARTS[kind]
    ids = made(text)["input_ids"]
    found = made.decode(ids, skip_special_tokens=True)
    assert found == " ".join(unicodedata.normalize("NFC", text).split())
    assert found == made.backend_tokenizer.normalizer.normalize_str(text)


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("text", MULTILINGUAL)
def test_texts_of_several_languages_come_back_with_one_space_for_white_space(kind, text):
    comes_back(kind, text)


@pytest.mark.parametrize("kind", PARTS)
@given(st.text(st.sampled_from(sorted(set("".join(MULTILINGUAL)))), max_size=40))
def test_any_text_of_known_characters_comes_back(kind, text):
    comes_back(kind, text)


@pytest.mark.parametrize("kind", PARTS)
def test_no_token_holds_both_letters_and_punctuation(kind):
    def kinds(token):
        return {unicodedata.category(letter)[0] in "PS" for letter in token if letter != "▁"}

    tokens = PARTS[kind].get_vocab().keys() - set(PARTS[kind].all_special_tokens)
    assert [token for token in tokens if len(kinds(token)) > 1] == []
    assert [token for token in tokens if "▁" in token[1:]] == []


def test_words_are_the_same_tokens_beside_punctuation():
    made = PARTS["bpe"]
    assert made.tokenize("сказал, мир.") == ["▁сказал", ",", "▁мир", "."]
    inner = made.tokenize("«сказал»")[1:-1]
    assert made.tokenize("(сказал) мир…") == ["▁(", *inner, ")", "▁мир", "…"]


def test_words_are_split_at_white_space_only():
    made = trained("word")
    assert made.tokenize("start  A\tswap AB") == ["start", "A", "swap", "AB"]
    assert made.tokenize("nobody knows") == ["<unk>", "<unk>"]


def test_no_symbol_of_the_training_texts_is_unknown():
    made = trained("symbol", size=30)
    assert made.tokenize("größer a  AB +V z") == ["größer", "a", "AB", "<unk>", "<unk>"]
    with pytest.raises(InputError, match=r"8 is too small; the symbols of these texts take 19 tok"):
        trained("symbol", size=8)


def test_texts_are_normalised_to_nfc():
    made = trained("word")
    assert made("gro\u0308\u00dfer")["input_ids"] == made("gr\u00f6\u00dfer")["input_ids"]


@pytest.mark.parametrize("kind", ["word", "symbol", "bpe"])
def test_training_is_reproducible(kind):
    assert trained(kind).get_vocab() == trained(kind).get_vocab()


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_survives_saving(kind, tmp_path):
    made = trained(kind)
    made.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.get_vocab() == made.get_vocab()
    for text in TEXTS:
        assert loaded(text)["input_ids"] == made(text)["input_ids"]


def test_the_size_is_a_limit():
    assert len(trained("bpe", size=40)) == 40
    assert len(trained("word", size=8)) == 8
    with pytest.raises(InputError, match=r"vocab_size: 20 is too small; .* take 26 tokens"):
        trained("bpe", size=20)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "char", "vocab_size": 9}, "type: 'char' is not one of: word, symbol, bpe"),
        ({"vocab_size": 9}, "'type' is a required property"),
        ({"type": "bpe"}, "'vocab_size' is a required property"),
        ({"type": "bpe", "vocab_size": "9"}, "vocab_size: '9' is not of type 'integer'"),
    ],
)
def test_wrong_settings_are_explained(spec, message, capsys):
    with pytest.raises(SystemExit):
        main(
            ["train-tokenizer", "--train", "x", "--task", "translation", "--architecture",
             "encoder_decoder", "--spec", json.dumps(spec), "--output", "y"]
        )  # fmt: skip
    assert f"error: --spec: {message}" in capsys.readouterr().err


def test_the_command_reads_inputs_and_targets(tmp_path, capsys):
    train = tiny.write_shell_game(tmp_path / "train.jsonl", 50, 1)
    command = (
        ["train-tokenizer", "--train", str(train), "--task", "multiple_choice", "--architecture",
         "encoder_decoder", "--spec", '{"type": "word", "vocab_size": 50}',
         "--output", str(tmp_path / "made")]
    )  # fmt: skip
    main(command)
    vocabulary = AutoTokenizer.from_pretrained(tmp_path / "made").get_vocab()
    assert {"answer:", "start", "swap", "A", "B", "C", "AB", "AC", "BC"} <= set(vocabulary)
    assert f"word tokenizer of {len(vocabulary)} tokens" in capsys.readouterr().out
    (tmp_path / "made" / "dear.txt").write_text("years of work")
    with pytest.raises(SystemExit):
        main(command)
    assert "made: is not empty; delete it" in capsys.readouterr().err
    assert (tmp_path / "made" / "dear.txt").exists()
