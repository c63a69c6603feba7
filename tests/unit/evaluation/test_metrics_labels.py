"""Accuracy and macro-F1 over labels read from text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from warmup.common.errors import InputError
from warmup.evaluation import metrics
from warmup.evaluation.answer_labels import label
from warmup.evaluation.metrics import Corpus

OUTPUTS = st.sampled_from(["A", "B", "(C)", "D.", "E:", "b", "", "none", "B because A"])


def score(name, outputs, references):
    metric = metrics.load(name)
    corpus = Corpus(outputs, [[text] for text in references], "en")
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "B"),
        ("B because it moved", "B"),
        (" (B) because", "B"),
        ("B.", "B"),
        ("(B):, then", "B"),
        ("\tB\nC", "B"),
        ("b", None),
        ("Bob", None),
        ("BB", None),
        ("the B", None),
        ("", None),
        ("  ", None),
        ("()", None),
        ("Б", None),  # Cyrillic
        ("Ｂ", None),  # full width
        ("1", None),
    ],
)
def test_label_is_the_capital_letter_that_opens_the_text(text, expected):
    assert label(text) == expected


@settings(deadline=None)
@given(rows=st.lists(st.tuples(OUTPUTS, st.sampled_from("ABCD")), min_size=1, max_size=30))
def test_scores_equal_scikit_learn_over_the_reference_labels(rows):
    outputs, references = map(list, zip(*rows, strict=True))
    found = [label(text) or "-" for text in outputs]
    classes = sorted(set(references))
    expected = f1_score(references, found, labels=classes, average="macro", zero_division=0)
    assert score("macro_f1", outputs, references) == pytest.approx(100 * expected, abs=1e-9)
    expected = accuracy_score(references, found)
    assert score("accuracy", outputs, references) == pytest.approx(100 * expected, abs=1e-9)


def test_an_invalid_output_is_wrong_and_adds_no_class():
    assert score("accuracy", ["A", "?", "Z"], ["A", "B", "B"]) == pytest.approx(100 / 3)
    # F1 of A is 1, of B 0; a class for "?" or Z would make the mean smaller than a half
    assert score("macro_f1", ["A", "?", "Z"], ["A", "B", "B"]) == 50


def test_always_the_same_answer_has_the_macro_f1_of_chance():
    references = list("ABCD") * 5
    assert score("macro_f1", ["A"] * 20, references) == pytest.approx(100 * 0.4 / 4)


@given(draw=st.lists(st.integers(0, 9), min_size=1, max_size=10))
def test_macro_f1_of_a_resample_leaves_out_classes_it_lacks(draw):
    outputs, references = list("AABBCCDDA?"), list("ABBBCCDDCC")
    metric = metrics.load("macro_f1")
    statistics = metric.statistics(Corpus(outputs, [[r] for r in references], "en"))
    sums = np.bincount(draw, minlength=10) @ statistics
    expected = score("macro_f1", [outputs[i] for i in draw], [references[i] for i in draw])
    assert float(metric.aggregate(sums)) == pytest.approx(expected, abs=1e-9)


def test_references_that_agree_are_one():
    metric = metrics.load("accuracy")
    statistics = metric.statistics(Corpus(["B"], [["B", "(B) since it moved"]], "en"))
    assert statistics.tolist() == [[1, 1]]


@pytest.mark.parametrize("name", ["accuracy", "macro_f1"])
@pytest.mark.parametrize(
    ("references", "text"), [(["a dog"], "a dog"), (["A", "B"], "A | B"), (["A", "dog"], "A | dog")]
)
def test_a_reference_without_one_label_is_refused(name, references, text):
    corpus = Corpus(["A", "B"], [["A"], references], "en")
    with pytest.raises(InputError, match="reference of item 2 must begin with one label") as error:
        metrics.load(name).statistics(corpus)
    assert all(part in str(error.value) for part in text.split(" | "))
