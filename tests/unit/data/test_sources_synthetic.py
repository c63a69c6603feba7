"""The source of generated records."""

from pathlib import Path
from typing import Any

import pytest

from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.leakage import key
from warmup.data.records import Record
from warmup.data.sources import Context, synthetic

SPEC = {"type": "synthetic", "generator": "shell_game", "size": 300, "seed": 1}


def read(split: str, **changes: Any) -> list[Record]:
    context = Context(split, "unused", Path("unused"))
    return list(synthetic.read({**SPEC, **changes}, parse_pair("en"), context))


def test_splits_share_nothing_even_with_the_same_seed() -> None:
    # with one or two swaps of five places there are few examples to choose from
    sources = {
        split: {key(record.source) for record in read(split, settings={"swaps": [1, 2]})}
        for split in ("train", "valid", "test")
    }
    assert all(len(found) >= 30 for found in sources.values())
    assert not sources["train"] & sources["valid"]
    assert not sources["train"] & sources["test"]
    assert not sources["valid"] & sources["test"]


def test_size_and_seed() -> None:
    assert len(read("train")) == len({record.id for record in read("train")}) == 300
    assert read("train", size=10) == read("train")[:10]
    assert read("train", seed=2) != read("train")


def test_every_other_split_is_a_test() -> None:
    assert read("far", seed=7) == read("test", seed=7)


def test_every_lookahead_is_in_every_split() -> None:
    for split in ("train", "valid", "test"):
        assert {record.meta["lookahead"] for record in read(split)} == set(range(1, 7))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, r"splits\.test \(synthetic\): size: 0 is less than the minimum of 1"),
        ({"size": "9"}, "size: '9' is not of type 'integer'"),
        ({"seed": None}, "seed: None is not of type 'integer'"),
        ({"settings": [1]}, r"settings: \[1\] is not of type 'object'"),
        ({"settings": {"swap": [1, 2]}}, "unknown setting 'swap'; choose from: places, swaps"),
        ({"generator": "poker"}, "unknown generator 'poker'; choose from: agreement, shell_game,"),
        ({"language": "en"}, "unknown key 'language'; valid keys: generator, seed, settings, size"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read("test", **changes)


def test_settings_that_leave_a_split_without_examples_are_refused() -> None:
    # one report of one amount: 24 documents, none of which is in the validation part
    few = {"reports": [1, 1], "distractors": [0, 0], "amounts": [10, 10]}
    assert len(read("train", generator="tally", settings=few)) == 300
    with pytest.raises(InputError, match="too few different records for a valid split"):
        read("valid", generator="tally", settings=few)


def test_there_is_nothing_to_fetch() -> None:
    context = Context("train", "unused", Path("unused"))
    assert synthetic.fetch(SPEC, parse_pair("en"), context) == []
