"""Word error rate: the share of outputs that are wrong, as SIGMORPHON counts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus

WER = metrics.load("wer")
SER = metrics.load("ser")
WORDS = st.lists(st.sampled_from(["a", "aː", "b"]), max_size=3).map(" ".join)


def value(metric, hypotheses, references):
    corpus = Corpus(hypotheses, references, "nl")
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("z eː", "z eː", 0),
        (" z  eː ", "z eː", 0),  # only symbols count
        ("z e ː", "z eː", 100),
        ("z", "z eː", 100),
        ("z eː n", "z eː", 100),
        ("", "z eː", 100),
        ("Z eː", "z eː", 100),
    ],
)
def test_an_output_is_right_or_wrong(output, reference, expected):
    assert value(WER, [output], [[reference]]) == expected


def test_the_value_is_the_share_of_wrong_outputs():
    outputs = ["a b", "a", "b a", "a b"]
    assert value(WER, outputs, [["a b"]] * 4) == 50
    assert value(SER, outputs, [["a b"]] * 4) == pytest.approx(100 * 3 / 8)


def test_an_output_is_right_if_it_is_any_of_several_references():
    assert value(WER, ["a", "b", "c"], [["a", "b"]] * 3) == pytest.approx(100 / 3)


@given(st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=20))
def test_it_is_the_measure_of_the_shared_task(pairs):
    """Compare with `evaluation/evallib.py` of sigmorphon/2021-task1, by its definition."""
    wrong = sum(reference.split() != output.split() for output, reference in pairs)
    outputs, references = zip(*pairs, strict=True)
    assert value(WER, outputs, [[one] for one in references]) == 100 * wrong / len(pairs)


@given(st.lists(st.tuples(WORDS, WORDS.filter(bool)), min_size=1, max_size=20))
def test_both_rates_are_0_for_the_same_outputs(pairs):
    outputs, references = zip(*pairs, strict=True)
    rates = {value(metric, outputs, [[one] for one in references]) == 0 for metric in (WER, SER)}
    assert len(rates) == 1


def test_a_reference_without_symbols_is_refused():
    with pytest.raises(InputError, match="wer: a reference of item 2 is empty"):
        WER.statistics(Corpus(["a", "b"], [["a"], [" "]], "nl"))
