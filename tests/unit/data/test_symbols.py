"""Words as symbols, and the features of inflection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.data import symbols
from warmup.data.records import Record
from warmup.data.tasks.transduction import feature_symbols


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zee", "z e e"),
        ("ette solkkaa", "e t t e ␣ s o l k k a a"),
        ("a\u00a0b", "a ␣ b"),
        ("één", "é é n"),
        ("דָּן", "ד ָ ּ ן"),  # each point is a symbol of its own
    ],
)
def test_characters_are_symbols(text, expected):
    assert symbols.of_characters(text) == expected


@given(st.text(st.characters(codec="utf-8", exclude_characters="␣"), min_size=1))
def test_there_are_as_many_symbols_as_characters(text):
    assert [len(symbol) for symbol in symbols.of_characters(text).split()] == [1] * len(text)


def test_only_the_named_parts_are_split():
    record = Record("1", "zee", ["z eː", "s eː"])
    assert symbols.split(record, ["source"]) == Record("1", "z e e", ["z eː", "s eː"])
    assert symbols.split(record, ["target"]).targets == ["z ␣ e ː", "s ␣ e ː"]
    assert symbols.split(record, []) == record


def test_the_sign_for_a_space_is_refused():
    with pytest.raises(InputError, match="record '7': 'a␣b' contains '␣', which stands for a spa"):
        symbols.split(Record("7", "a␣b", ["x"]), ["source"])


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("V", "+V"),
        ("V;PST;1", "+V +PST +1"),
        ("V.PTCP;PASS;PST", "+V.PTCP +PASS +PST"),
        ("N;IN+ALL(PL)", "+N +IN+ALL( +PL +)"),
        ("V;NOM(2,PL);POS", "+V +NOM( +2 +PL +) +POS"),
        ("N;NOM(SG;PSS(2,PL))", "+N +NOM( +SG +PSS( +2 +PL +) +)"),
    ],
)
def test_each_feature_is_a_symbol(features, expected):
    assert feature_symbols(features) == expected.split()


@pytest.mark.parametrize(
    "features",
    ["V;", ";V", "V;;PST", "V;NOM(2,PL", "V;NOM 2", "V)", "V;()", "V;NOM()", "(V)", "V,PST",
     "V;NOM(2)PL", " ", "V;NOM(2,)"],
)  # fmt: skip
def test_features_in_another_format_are_refused(features):
    with pytest.raises(InputError, match=r"are not in UniMorph's format, such as V;PST or V;NOM"):
        feature_symbols(features)
