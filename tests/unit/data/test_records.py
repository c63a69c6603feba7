"""The canonical record."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.common.files import write_jsonl, write_text
from warmup.common.texts import is_blank, nfc
from warmup.data.records import Places, Record, from_dict, read_records

text = st.text().map(nfc).filter(lambda text: not is_blank(text))
records = st.builds(
    Record,
    id=st.text(min_size=1),
    source=text,
    targets=st.lists(text, min_size=1, max_size=3),
    source_lang=st.sampled_from(["", "en"]),
    question=st.text().map(nfc),
    meta=st.dictionaries(st.text("abc"), st.integers() | st.text()),
)


@given(written=st.lists(records, max_size=5, unique_by=lambda record: record.id))
def test_records_come_back_as_they_were(
    written: list[Record], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    write_jsonl(path, (record.to_dict() for record in written))
    assert list(read_records(path)) == written


def test_the_first_answer_is_written() -> None:
    record = Record("1", "text", choices=["yes", "no"], answer=0)
    assert record.to_dict() == {"id": "1", "source": "text", "choices": ["yes", "no"], "answer": 0}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"id": ""}, "empty id"),
        ({"source": " \n"}, "'7' has an empty source"),
        ({"targets": []}, "'7' has no target"),
        ({"targets": ["a", " "]}, "'7' has an empty target"),
        ({"choices": ["a", "b"]}, "answer None is not an index of its 2 choices"),
        ({"choices": ["a", "b"], "answer": 2}, "answer 2 is not an index of its 2 choices"),
        ({"choices": ["a", "b"], "answer": -1}, "answer -1 is not an index"),
    ],
)
def test_impossible_records_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Record(**{"id": "7", "source": "text", "targets": ["text"], **values})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "1"}, "f:3: missing key 'source'"),
        ({"id": "1", "source": "a", "sources": "b"}, "f:3: unknown key 'sources'; valid keys: id,"),
        ({"id": 1, "source": "a"}, "f:3: id must be text, not int"),
        ({"id": "1", "source": "a", "targets": "b"}, "targets must be a list of texts, not str"),
        ({"id": "1", "source": "a", "targets": [1]}, "targets must be a list of texts"),
        ({"id": "1", "source": "a", "answer": True}, "answer must be a whole number, not bool"),
        ({"id": "1", "source": "a", "targets": [""]}, "f:3: record '1' has an empty target"),
    ],
)
def test_malformed_rows_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_dict(row, "f:3", Record)


def test_an_id_used_twice_names_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = '{"id": "x", "source": "a", "targets": ["b"]}\n'
    write_text(path, line + "\n" + line)  # the line in between is empty, and counts
    with pytest.raises(InputError, match=r"a\.jsonl:3: id 'x' was used before, at .*a\.jsonl:1"):
        list(read_records(path))


def test_ids_take_little_memory_and_are_still_told_apart() -> None:
    places = Places()
    tracemalloc.start()
    for number in range(20_000):
        assert places.earlier(f"en-de/{number}", f"part {number // 15_000}:{number}") is None
    assert tracemalloc.get_traced_memory()[1] < 60 * 20_000
    tracemalloc.stop()
    assert places.earlier("en-de/7", "part 1:20001") == "part 0:7"
    assert places.earlier("en-de/19999", "part 1:20001") == "part 1:19999"
