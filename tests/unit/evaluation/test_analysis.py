"""What warmups say: each quantity by hand, and what holds of any texts."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.evaluation.warmup_analysis import quantities, word_classes
from warmup.evaluation.warmup_analysis.analyse import estimate
from warmup.evaluation.warmup_analysis.quantities import Items, split
from warmup.evaluation.warmup_analysis.quantities.form import is_constant
from warmup.evaluation.warmup_analysis.quantities.output_overlap import named
from warmup.evaluation.warmup_analysis.word_classes import function_words, gains, recalls
from warmup.evaluation.words import words

LISTS = Path(word_classes.__file__).parent / "function_words"
UNBOUNDED = {"length", "length_quartile1", "length_median", "length_quartile3", "surprisal"}


def items(warmups, outputs=None, references=None, sources=None, tokens=None, **more):
    count = len(warmups)
    return Items(
        sources=sources or ["x"] * count,
        references=references or ["r"] * count,
        warmups=warmups,
        outputs=outputs or ["o"] * count,
        tokens=tokens or [len(text.split()) for text in warmups],
        log_probabilities=more.pop("log_probabilities", [-1.0] * count),
        **more,
    )


def values(found):
    rows = estimate(dict(quantities.measure(found)), range(len(found.warmups)))
    return {row["quantity"]: row["value"] for row in rows}


def test_length_has_a_mean_and_quartiles():
    found = values(items([""] * 5, tokens=[9, 0, 2, 4, 5]))
    assert found["length"] == 4
    quartiles = [found[f"length_{name}"] for name in ("quartile1", "median", "quartile3")]
    assert quartiles == [2, 4, 5]


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("the the the", True),
        ("The, the", True),
        ("的的", True),
        (", , ,", True),
        ("...", True),
        ("the", False),
        (".", False),
        ("", False),
        ("a b a", False),
        (".,", False),
        (". a", False),
    ],
)
def test_constant_is_one_word_repeated(text, constant):
    assert is_constant(text) == constant


def test_form():
    found = values(
        items(
            ["", "a a", "the red", "the red cat", "cat"],
            ["the red cat", "a b", "The red cat.", "the red cat", "the red cat"],
        )
    )
    assert [found[name] for name in ("empty", "constant")] == [0.2, 0.2]
    assert found["copied_beginning"] == 0.4
    assert found["copied_whole"] == 0.2


def test_words_in_common_count_as_often_as_in_both():
    found = values(
        items(
            ["a a b", "c d"],
            outputs=["q", "d"],
            references=["a b b x", "y z"],
            sources=["a a", "c"],
        )
    )
    assert found["precision_reference"] == 2 / 5
    assert found["recall_reference"] == 2 / 6
    assert found["precision_source"] == 3 / 5
    assert found["recall_source"] == 1
    assert found["novelty"] == 1 / 5  # only b is in neither


def test_chinese_characters_are_words_and_nothing_is_stemmed():
    assert split("红猫 running, Dogs!") == ("红", "猫", "running", "dogs")
    assert values(items(["红狗"], references=["红猫"]))["precision_reference"] == 0.5


def test_variety():
    found = items(
        ["a b", "a b", "c", ""], log_probabilities=[-3.0, -2.0, -0.5, -0.25], tokens=[2, 2, 1, 0]
    )
    assert values(found)["distinct"] == 3 / 4
    assert values(found)["surprisal"] == 5.75 / 6  # an empty warmup is one decision
    unknown = items(["a", "b"], log_probabilities=[-1.0, None])
    assert values(unknown)["surprisal"] == 1


def test_agreement_is_with_as_many_words_as_the_warmup_has():
    found = items(["cat red", "a a a", "", "x y"], ["red cat sat", "a b", "q", ""])
    assert values(found)["agreement"] == (2 + 1) / (2 + 2)


def test_answers_are_named():
    found = items(
        ["E (B) b", "A C.", "", "Bob"],
        outputs=["B. Because", "D", "A", "none"],
        references=["B", "C", "A", "B"],
        labelled=True,
    )
    said = {row["quantity"]: row for row in estimate(dict(quantities.measure(found)), range(4))}
    assert (said["names_answer_given"]["value"], said["names_answer_given"]["n"]) == (
        pytest.approx(1 / 3),
        3,
    )
    assert said["names_answer_right"]["value"] == 2 / 4
    assert named("E (B) b Bob") == {"E", "B"}
    assert "names_answer_given" not in values(items(["B"]))


def test_what_no_item_has_is_left_out():
    empty = values(items(["", ""], log_probabilities=[None, None]))
    assert empty["recall_reference"] == 0
    assert not {"precision_reference", "novelty", "agreement", "surprisal"} & set(empty)


def test_one_item_has_no_interval():
    rows = estimate(dict(quantities.measure(items(["a"]))), [0])
    assert {(row["low"], row["high"], row["n"]) for row in rows} == {(None, None, 1)}


def test_interval_covers_what_a_binomial_would():
    found = items([""] * 30 + ["a"] * 70)
    (row,) = (
        r for r in estimate(dict(quantities.measure(found)), range(100)) if r["quantity"] == "empty"
    )
    half = 1.96 * math.sqrt(0.3 * 0.7 / 100)
    assert row["low"] == pytest.approx(0.3 - half, abs=0.02)
    assert row["high"] == pytest.approx(0.3 + half, abs=0.02)


texts = st.lists(st.sampled_from(["a", "b", "c", "红", ".", "A"]), max_size=5).map(" ".join)
some_items = st.lists(st.tuples(texts, texts, texts, texts), min_size=1, max_size=6)


def built(rows):
    sources, references, warmups, outputs = map(list, zip(*rows, strict=True))
    return items(warmups, outputs, references, sources, labelled=True)


@settings(max_examples=60, deadline=None)
@given(some_items)
def test_shares_are_between_0_and_1_and_within_their_interval(rows):
    for row in estimate(dict(quantities.measure(built(rows))), range(len(rows))):
        if row["quantity"] not in UNBOUNDED:
            assert 0 <= row["value"] <= 1 + 1e-12
        if row["low"] is not None:
            assert row["low"] <= row["high"]
        assert 1 <= row["n"] <= len(rows)


@settings(max_examples=40, deadline=None)
@given(some_items, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(rows, shuffler):
    mixed = list(rows)
    shuffler.shuffle(mixed)
    assert values(built(mixed)) == pytest.approx(values(built(rows)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=1), st.data())
def test_precision_is_1_where_the_warmup_is_part_of_the_reference(reference, data):
    kept = data.draw(st.permutations(reference))[: data.draw(st.integers(1, len(reference)))]
    found = values(items([" ".join(kept)], references=[" ".join(reference)]))
    assert found["precision_reference"] == 1
    assert found["recall_reference"] == len(kept) / len(reference)


def test_closed_classes_are_of_their_language():
    assert {"the", "of", "not"} <= function_words("eng_Latn", [])
    assert {"der", "für", "nicht"} <= function_words("de_DE", [])
    assert {"les", "et", "qu"} <= function_words("fra_Latn", [])
    assert {"который", "не", "в"} <= function_words("rus_Cyrl", [])
    assert {"的", "了", "们"} <= function_words("zho_Hans", [])
    assert not {"cat", "house"} & function_words("en", [])


@pytest.mark.parametrize("path", sorted(LISTS.glob("*.txt")), ids=lambda path: path.stem)
def test_listed_words_are_words_as_texts_are_split(path):
    listed = path.read_text(encoding="utf-8").split()
    assert len(listed) > 50
    assert [word for word in listed if words(word, "und") != (word,)] == []


def test_without_a_list_the_most_frequent_tenth_stands_in():
    references = [("le", "chat"), ("le", "chien"), *((f"w{i:02}",) for i in range(17))]
    assert function_words("pt", references) == {"le", "chat"}  # of 20 words 2; ties by name
    many = [(f"w{i:04}",) for i in range(5000)]
    assert len(function_words("ja", many)) == 100


def test_recall_and_gain_by_class():
    references = [split("the cat of the house"), split("a dog")]
    base = recalls([split("the dog"), split("a")], references, function_words("en", []))
    ours = recalls([split("the the cat"), split("dog")], references, function_words("en", []))
    found = {**ours, **gains(ours, base)}
    rows = {row["quantity"]: row["value"] for row in estimate(found, range(2))}
    assert rows["recall_function_words"] == 2 / 4  # the, the, of; a
    assert rows["recall_content_words"] == 2 / 3
    assert rows["gain_function_words"] == 0
    assert rows["gain_content_words"] == pytest.approx(2 / 3)
    assert rows["gain_content_minus_function"] == pytest.approx(2 / 3)
    same = {row["quantity"]: row for row in estimate(gains(base, base), range(2))}
    assert {row["value"] for row in same.values()} == {0}


def test_a_gain_is_paired_so_that_its_interval_is_narrow():
    generator = random.Random(0)
    references = [tuple(generator.choices(["cat", "dog", "sun", "sea"], k=4)) for _ in range(200)]
    half = [text[:2] for text in references]
    none = function_words("en", [])
    ours, base = (recalls(out, references, none) for out in (references, half))
    rows = {row["quantity"]: row for row in estimate(gains(ours, base), range(200))}
    gain = rows["gain_content_words"]
    assert gain["value"] == gain["low"] == gain["high"] == 0.5
    assert "gain_function_words" not in rows
    assert "gain_content_minus_function" not in rows


def test_statistics_are_a_row_an_item():
    for name, one in quantities.measure(items(["a", "b b", ""])):
        assert one.statistics.shape[0] == 3, name
        assert np.isfinite(one.statistics).all(), name
