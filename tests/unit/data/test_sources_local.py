"""Reading local files."""

import gzip
from pathlib import Path

import pytest

from helpers.local_files import CHOICE_FIELDS, JSONL, TEXT, TSV, read, write, write_rows
from warmup.data.records import Record


def both(record: Record) -> tuple[str, list[str]]:
    return record.source, record.targets


def test_text_follows_the_direction_of_the_pair(tmp_path: Path) -> None:
    write(tmp_path, a_en="a dog\r\na cat\n", a_de="ein Hund \nKatze")
    assert read(tmp_path, TEXT) == [
        Record("1", "a dog", ["ein Hund"], "en", "de"),
        Record("2", "a cat", ["Katze"], "en", "de"),
    ]
    backwards = read(tmp_path, TEXT, "de-en")
    assert [both(record) for record in backwards] == [("ein Hund", ["a dog"]), ("Katze", ["a cat"])]
    assert backwards[0].source_lang == "de"


def test_text_of_one_language_names_its_sides(tmp_path: Path) -> None:
    write(tmp_path, a_doc="long\n", a_sum="short\n")
    spec = {**TEXT, "files": {"source": "a.doc", "target": "a.sum"}}
    assert read(tmp_path, spec, "en") == [Record("1", "long", ["short"], "en", "en")]


def test_files_in_a_list_are_read_one_after_the_other(tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n2\n", b_en="3\n", a_de="eins\nzwei\n", b_de="drei\n")
    spec = {**TEXT, "files": {"en": ["a.en", "b.en"], "de": ["a.de", "b.de"]}}
    assert [(record.id, record.source) for record in read(tmp_path, spec)] == [
        ("1", "1"), ("2", "2"), ("3", "3"),
    ]  # fmt: skip


def test_limit_takes_the_first_rows_and_reads_no_further(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes("a\tb\nc\td\n\xff\n".encode("latin-1"))
    assert [record.source for record in read(tmp_path, {**TSV, "limit": 2})] == ["a", "c"]


def test_gz_and_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(b"one\teins\tmore\n"))
    spec = {**TSV, "file": str(tmp_path / "a.tsv.gz"), "fields": {"en": 0, "de": 1}}
    (record,) = read(Path("/nowhere"), spec, "de-en")
    assert both(record) == ("eins", ["one"])


def test_tsv_with_a_header(tmp_path: Path) -> None:
    write(tmp_path, a_tsv='document\tsummary\tno\n"a" long\tshort\t7\n')
    fields = {"source": "document", "target": "summary", "id": "no"}
    (record,) = read(tmp_path, {**TSV, "header": True, "fields": fields}, "en")
    assert record == Record("7", '"a" long', ["short"], "en", "en")


def test_languages_of_other_pairs_and_an_id_may_stand_beside_those_of_the_pair(
    tmp_path: Path,
) -> None:
    write_rows(tmp_path, {"key": "x", "e": "one", "d": "eins", "i": "satu"})
    fields = {"en": "e", "de": "d", "id": "key"}
    assert read(tmp_path, {**JSONL, "fields": fields})[0].id == "x"
    fields = {"en": "e", "de": "d", "id": "i"}  # `id` is the code of Indonesian, too
    assert both(read(tmp_path, {**JSONL, "fields": fields}, "en-id")[0]) == ("one", ["satu"])


def test_jsonl_with_lists_objects_and_several_references(tmp_path: Path) -> None:
    row = {"doc": ["One. ", "Two.\n"], "sums": ["a", "b"], "other": {"c": "c"}}
    write_rows(tmp_path, row)
    (record,) = read(tmp_path, {**JSONL, "fields": {"source": "doc", "target": "sums"}}, "en")
    assert both(record) == ("One. Two.", ["a", "b"])
    fields = {"source": "doc", "targets": ["other.c", "other.c"]}
    (record,) = read(tmp_path, {**JSONL, "fields": fields}, "en")
    assert record.targets == ["c", "c"]


@pytest.mark.parametrize(
    "answer", [1, "1", "B", "b", "no", "B) no", "(B) no", "B. no", "B: no", "(B)", "B."]
)
@pytest.mark.parametrize(
    "options",
    [
        ["yes", "no"],
        ["A) yes", "B) no"],
        ["(A) yes", "(B) no"],
        ["A. yes", "B.  no"],
        ["A: yes", "B: no"],
    ],
)
def test_answers_may_be_a_number_a_letter_or_the_text(
    answer: int | str, options: list[str], tmp_path: Path
) -> None:
    write_rows(tmp_path, {"text": "Is it?", "options": options, "answer": answer})
    (record,) = read(tmp_path, {**JSONL, "fields": CHOICE_FIELDS}, "en")
    assert (record.choices, record.answer) == (["yes", "no"], 1)


@pytest.mark.parametrize(
    "options",
    [
        ["A. yes", "no"],
        ["B. yes", "A. no"],
        ["A.I. does", "B.C. does"],
        ["(A)", "(B)"],
        ["A. Smith", "B. Jones", "D. Brown"],
    ],
)
def test_letters_stay_where_not_every_option_begins_with_its_own(
    options: list[str], tmp_path: Path
) -> None:
    write_rows(tmp_path, {"text": "Who?", "options": options, "answer": 1})
    (record,) = read(tmp_path, {**JSONL, "fields": CHOICE_FIELDS}, "en")
    assert record.choices == options


def test_choices_may_be_in_several_columns(tmp_path: Path) -> None:
    write(tmp_path, a_tsv="Is it?\tWhy\tyes\tno\tB\tsince\n")
    fields = {"source": 0, "question": 1, "choices": [2, 3], "answer": 4, "explanation": 5}
    (record,) = read(tmp_path, {**TSV, "fields": fields}, "en")
    assert (record.question, record.choices, record.answer) == ("Why", ["yes", "no"], 1)
    assert record.explanation == "since"
