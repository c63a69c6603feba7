"""When two texts are the same, and what is left out for it."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.local_files import TSV
from helpers.splits import without_leaks
from warmup.common.files import write_text
from warmup.common.languages import Pair
from warmup.data.dataset import parse
from warmup.data.generators import agreement, shell_game, tally
from warmup.data.leakage import key, part
from warmup.data.prepare import prepare
from warmup.data.records import Record

SAME = [
    ("A dog runs.", "a  DOG\u00a0runs"),
    ("A dog, a cat.", "A dog , a cat ."),
    ("“A dog,” he said…", '"A dog", he said ...'),
    ("it’s", "it's"),
    ("3–5 – men", "3-5 - men"),
    ("−3", "-3"),
    ("Übergröße ist verfügbar", unicodedata.normalize("NFD", "Übergröße ist verfügbar")),
    ("Straße", "STRASSE"),
    ("ＡＢＣ，１２３", "abc,123"),
    ("ﬁn", "fin"),
    ("so\u00adft zero\u200bwidth\ufeff", "soft zerowidth"),
    ("你好，世界。", "你好,世界"),
    ("¿Qué?", "qué"),
    ("क्या हाल है।", "क्या हाल है ।"),
    ("ما هذا؟", "ما هذا"),
    ("Quoi\u202f?", "Quoi?"),
    ("1 , 2", "1, 2"),
    ("ten minutes' walk ( or so )", "ten minutes'walk (or so)"),
]
DIFFERENT = [
    ("12 + 3", "1 + 23"),
    ("-3", "3"),
    ("C++", "C#"),
    ("7 * 4", "7 / 4"),
    ("7 - 4", "7 * 4"),
    ("3.5", "35"),
    ("3. 5", "3.5"),
    ("1,5", "1.5"),
    (".5", "5"),
    ("5!", "5"),
    ("10²", "102"),
    ("H₂O", "HO"),
    ("1½", "11⁄2"),
    ("f(x)", "fx"),
    ("f'", "f"),
    ("50%", "50"),
    ("$5", "€5"),
    ("a b", "ab"),
    ("café", "cafe"),
    ("कि", "का"),
    ("שָׁלוֹם", "שִׁלוֹם"),
    ("ที่", "ที"),
    ("?!", "!"),
    ("😀", "😢"),
]
PARTS = {
    "shell_game": "rrrerrererrrrrrrrerrerrrarrrrrraarrrerar",
    "agreement": "rrrrrrrererrrrrrerrrrrerrrrrrarrareerear",
    "tally": "rrrrrrrerrrarrrrrrrrarrrrrrrrrrrrrrrrrrr",
}
"""Second letters of the parts of the first records, as of revision d620bbc."""
texts = st.text(max_size=30) | st.text("aA ßéé.,:;!?'\"-+12²½।。\u200b\u0301ﬁＡ", max_size=30)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_that_a_reader_calls_the_same(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_texts_that_a_reader_tells_apart(one: str, other: str) -> None:
    assert key(one) != key(other)


@given(texts)
def test_a_key_is_its_own_key(text: str) -> None:
    assert key(key(text)) == key(text)


@given(texts)
def test_forms_spaces_and_quotation_marks_change_no_key(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert key(unicodedata.normalize(form, text)) == key(text)
    assert key(f" {text}\u00a0\n") == key(text)
    assert key(f"«a{text}b»") == key(f"a{text}b")


@given(st.text("abc .,é", max_size=12), st.text("abc .,é", max_size=12), st.data())
def test_another_digit_or_sign_is_another_text(
    before: str, after: str, data: st.DataObject
) -> None:
    signs = st.sampled_from("0123456789+-*/=<>%#&@$€²³½→°~^|_()[]{}'")
    one, other = data.draw(signs), data.draw(signs)
    assert (key(before + one + after) == key(before + other + after)) == (one == other)
    assert key(before + one + after) != key(before + after)


@pytest.mark.parametrize("module", [shell_game, agreement, tally])
def test_generated_records_stay_where_they_were(module: object) -> None:
    pair = Pair("qaa", "qab") if module is agreement else Pair("en", "en")
    records = module.generate(pair, 1, {})  # type: ignore[attr-defined]
    found = "".join(part(next(records))[1] for _ in range(40))
    assert found == PARTS[module.__name__.rpartition(".")[2]]  # type: ignore[attr-defined]


def record(source: str, *targets: str) -> Record:
    return Record(source, source, list(targets))


def test_a_shared_target_is_left_out_or_counted() -> None:
    splits = {
        "train": [record("a", "x"), record("b", "Y."), record("c", "z"), record("t", "x", "new")],
        "valid": [record("d", "z"), record("e", "new")],
        "test": [record("A!", "q"), record("f", "y", "other"), record("g", "x")],
    }
    left = without_leaks(splits, by_target=True)
    records, counts = left["train"]
    assert (records, counts.same_source, counts.same_target) == ([], 1, 3)
    kept = without_leaks(splits, by_target=False)
    records, counts = kept["train"]
    assert [r.id for r in records] == ["b", "c", "t"]
    assert (counts.same_source, counts.same_target, counts.same_target_kept) == (1, 0, 3)
    for found in (left, kept):
        assert [r.id for r in found["valid"][0]] == ["d", "e"]
        assert found["test"][0] == splits["test"]


def test_what_valid_loses_is_still_left_out_of_train() -> None:
    splits = {
        "train": [record("b", "y")],
        "valid": [record("a", "y")],
        "test": [record("a", "x")],
    }
    found = without_leaks(splits, by_target=True)
    assert [found[split][0] for split in ("train", "valid")] == [[], []]
    assert found["train"][1].same_target == found["valid"][1].same_source == 1


def test_both_directions_of_a_pair_train_on_the_same_sentences(tmp_path: Path) -> None:
    write_text(tmp_path / "train.tsv", "One\tEins\nUne\tZwei\nThree\tDrei\nFour\tVier\n")
    write_text(tmp_path / "test.tsv", "one\tUno\nTwo\tzwei\n")
    splits = {name: {**TSV, "file": f"{name}.tsv"} for name in ("train", "test")}
    dataset = parse({"task": "translation", "pairs": ["en-de", "de-en"], "splits": splits})
    found = []
    for pair in dataset.pairs:
        out = tmp_path / str(pair)
        facts = prepare(dataset, pair, data_root=str(tmp_path), downloads=tmp_path, output_dir=out)[
            "splits"
        ]["train"]
        assert facts["left_out"] == {"same_source": 1, "same_target": 1}
        assert facts["records"] == 2
        found.append((out / "train.jsonl").read_text())
    assert all("Three" in text and "Vier" in text for text in found)
