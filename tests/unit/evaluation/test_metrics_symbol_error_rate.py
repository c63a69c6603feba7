"""Symbol error rate: edits per symbol of the reference."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus

SER = metrics.load("ser")
SYMBOLS = st.lists(st.sampled_from("abc"), max_size=7)


def value(hypotheses, references):
    sums = SER.statistics(Corpus(hypotheses, references, "en")).sum(axis=0)
    return float(SER.aggregate(sums))


def plain_edits(output, reference):
    """The textbook recursion."""
    table = {(i, 0): i for i in range(len(output) + 1)}
    table |= {(0, j): j for j in range(len(reference) + 1)}
    for i, j in itertools.product(range(1, len(output) + 1), range(1, len(reference) + 1)):
        same = output[i - 1] == reference[j - 1]
        table[i, j] = min(
            table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (not same)
        )
    return table[len(output), len(reference)]


@given(SYMBOLS, st.lists(st.sampled_from("abc"), min_size=1, max_size=7))
def test_edits_are_those_of_the_textbook(output, reference):
    corpus = Corpus([" ".join(output)], [[" ".join(reference)]], "nl")
    ((edits, symbols),) = metrics.load("ser").statistics(corpus)
    assert (edits, symbols) == (plain_edits(output, reference), len(reference))


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("k i t t e n", "s i t t i n g", 100 * 3 / 7),
        ("", "a b", 100),
        ("a b c d", "a", 300),
        ("b a", "a b", 100),
        ("A  b", "a b", 50),
        ("ʃ t", "ʃ t", 0),
    ],
)
def test_known_values(output, reference, expected):
    assert value([output], [[reference]]) == pytest.approx(expected)


def test_edits_and_symbols_are_summed_over_items():
    assert value(["a b", "x"], [["a b"], ["a b"]]) == pytest.approx(100 * 2 / 4)


def test_of_several_references_the_one_with_the_least_share_of_edits_counts():
    assert SER.statistics(Corpus(["a b c"], [["a", "a b c d"]], "en")).tolist() == [[1, 4]]


def test_a_reference_without_symbols_is_refused():
    with pytest.raises(InputError, match="ser: a reference of item 2 is empty"):
        SER.statistics(Corpus(["a", "b"], [["a"], [" "]], "en"))
