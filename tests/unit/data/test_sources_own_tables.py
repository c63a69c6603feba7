"""Tables as other people have them: CSV, fixed options, other labels, one file for all splits."""

from pathlib import Path
from typing import Any

import pytest

from helpers.local_files import CHOICE_FIELDS, JSONL, TEXT, TSV, read, write, write_rows
from warmup.common.errors import InputError
from warmup.data.records import Record

CSV = {"type": "local", "format": "csv", "header": True, "file": "a.csv"}
FIXED = {
    "source": "premises",
    "question": "conclusion",
    "choices": {"fixed": [True, False, "Unknown"]},  # YAML reads True and False as booleans
    "answer": "label",
    "answers": {"Uncertain": "Unknown"},
}


def test_csv_with_quotation_marks_commas_and_line_breaks(tmp_path: Path) -> None:
    write(tmp_path, a_csv='\ufeffwrong,right\r\n"He ""walk"", slow","He\nwalks"\r\na,b\r\n')
    spec = {**CSV, "fields": {"source": "wrong", "target": "right"}}
    assert read(tmp_path, spec, "en") == [
        Record("1", 'He "walk", slow', ["He\nwalks"], "en", "en"),
        Record("2", "a", ["b"], "en", "en"),
    ]
    numbers = {**CSV, "header": False, "fields": {"source": 1, "target": 0}}
    assert [record.source for record in read(tmp_path, numbers, "en")][::2] == ["right", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('x,y\n1,2\n"3,4\n', r"a\.csv:3: not CSV: unexpected end of data"),
        ('x,y\n1,2\n"3"4,5\n', r"a\.csv:3: not CSV: ',' expected after '\"'"),
        ('x,y\n"1\n1",2\n3\n', r"a\.csv:4: 1 columns, but the header has 2"),
    ],
)
def test_malformed_csv_names_file_and_line(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, a_csv=text)
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**CSV, "fields": {"source": "x", "target": "y"}}, "en")


def test_a_csv_cell_may_be_a_long_document(tmp_path: Path) -> None:
    write(tmp_path, a_csv=f"x,y\n{'a ' * 100_000},b\n")
    (record,) = read(tmp_path, {**CSV, "fields": {"source": "x", "target": "y"}}, "en")
    assert len(record.source) == 199_999


@pytest.mark.parametrize(
    ("label", "index"),
    [("True", 0), (True, 0), (False, 1), ("Unknown", 2), ("Uncertain", 2), (" Uncertain", 2)],
)
def test_fixed_options_and_labels_that_are_called_otherwise(
    label: Any, index: int, tmp_path: Path
) -> None:
    write_rows(tmp_path, {"premises": ["A.", "B."], "conclusion": "C?", "label": label})
    (record,) = read(tmp_path, {**JSONL, "fields": FIXED}, "en")
    assert (record.source, record.question) == ("A. B.", "C?")
    assert record.choices == ["True", "False", "Unknown"]
    assert record.answer == index


def test_a_number_that_is_a_fixed_option_is_not_the_number_of_an_option(tmp_path: Path) -> None:
    write_rows(tmp_path, {"text": "x", "label": 0}, {"text": "x", "label": 1})
    fields = {"source": "text", "choices": {"fixed": [1, 0]}, "answer": "label"}
    records = read(tmp_path, {**JSONL, "fields": fields}, "en")
    assert [record.choices[record.answer or 0] for record in records] == ["0", "1"]


def test_labels_that_are_numbers_may_stand_for_options(tmp_path: Path) -> None:
    write(tmp_path, a_tsv="x\t1\nx\t0\n")
    fields = {
        "source": 0,
        "choices": {"fixed": ["entails", "contradicts"]},
        "answer": 1,
        "answers": {0: "contradicts", 1: "entails"},
    }
    records = read(tmp_path, {**TSV, "fields": fields}, "en")
    assert [record.answer for record in records] == [0, 1]


def test_an_unknown_label_is_refused_with_its_line(tmp_path: Path) -> None:
    write_rows(tmp_path, {"premises": "A.", "conclusion": "C?", "label": "Perhaps"})
    with pytest.raises(InputError, match=r"a\.jsonl:1: answer 'Perhaps' is not an option"):
        read(tmp_path, {**JSONL, "fields": FIXED}, "en")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"choices": {"fixed": ["True"]}}, r"field choices: give a column, columns, or {fixed: \["),
        ({"choices": {"fix": ["a", "b"]}}, r"field choices: give a column, columns, or {fixed: \["),
        ({"choices": {"fixed": ["a", None]}}, "field choices: None is not a text"),
        ({"answers": ["Unknown"]}, "field answers: must be label: option, such as {Uncertain: Unk"),
        ({"answers": {"x": [1]}}, r"field answers: \[1\] is not a text"),
    ],
)
def test_wrong_options_and_labels_are_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    write_rows(tmp_path, {"premises": "A.", "conclusion": "C?", "label": "True"})
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**JSONL, "fields": FIXED | changes}, "en")


def test_labels_need_a_column(tmp_path: Path) -> None:
    spec = {**TSV, "fields": {"source": 0, "target": 1, "answers": {"x": "y"}}}
    with pytest.raises(InputError, match="fields needs 'answer', the column of the labels"):
        read(tmp_path, spec, "en")


@pytest.mark.parametrize("options", [["(A)yes", "(B)no"], ["A)yes", "B)no"]])
def test_letters_without_a_space_are_removed(options: list[str], tmp_path: Path) -> None:
    write_rows(tmp_path, {"text": "Is it?", "options": options, "answer": "B"})
    (record,) = read(tmp_path, {**JSONL, "fields": CHOICE_FIELDS}, "en")
    assert record.choices == ["yes", "no"]


def sources(root: Path, spec: dict[str, Any], pair: str = "en-de") -> list[str]:
    return [record.source for record in read(root, spec, pair)]


def test_rows_are_taken_by_number(tmp_path: Path) -> None:
    write(tmp_path, a_tsv="".join(f"{n}\tx\n" for n in range(6)))
    assert sources(tmp_path, {**TSV, "rows": [0, 2]}) == ["0", "1"]
    assert sources(tmp_path, {**TSV, "rows": [2, None]}) == ["2", "3", "4", "5"]
    assert sources(tmp_path, {**TSV, "rows": [2, None], "limit": 1}) == ["2"]
    assert [record.id for record in read(tmp_path, {**TSV, "rows": [4, 6]})] == ["5", "6"]


def test_parts_divide_a_file_and_keep_a_source_in_one_part(tmp_path: Path) -> None:
    names = [f"passage {n}" for n in range(300)]
    write(tmp_path, a_tsv="".join(f"{name}\tx\n{name.upper()} \ty\n" for name in names))
    spec = {**TSV, "fields": {"source": 0, "target": 1}}
    parts = [
        sources(tmp_path, {**spec, "part": {"of": 10, "take": take}}, "en")
        for take in ([0], [1], [2, 3, 4, 5, 6, 7, 8, 9])
    ]
    folded = [{source.lower() for source in part} for part in parts]
    assert sorted(name for part in folded for name in part) == sorted(names)  # each in one part
    assert sum(map(len, parts)) == 600
    assert 20 < len(folded[0]) < 45
    assert parts[0] == sources(tmp_path, {**spec, "part": {"of": 10, "take": [0]}}, "en")


def test_parts_of_parallel_text_are_the_same_in_both_directions(tmp_path: Path) -> None:
    lines = [f"{n}\n" for n in range(100)]
    write(tmp_path, a_en="".join(lines), a_de="".join(f"Satz {line}" for line in lines))
    spec = {**TEXT, "part": {"of": 4, "take": [1]}}
    there, back = read(tmp_path, spec), read(tmp_path, spec, "de-en")
    assert [one.source for one in there] == [one.targets[0] for one in back]
    assert 10 < len(there) < 45


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"rows": [-1, 3]}, r"rows\.0: -1 is less than the minimum"),
        ({"rows": [1]}, r"rows: \[1\] is too short"),
        ({"rows": ["a", None]}, r"rows\.0: 'a' is not of type 'integer'"),
        ({"part": {"of": 10}}, "part: 'take' is a required property"),
        ({"part": {"of": 3, "take": [3]}}, "part: take has 3, but 3 parts have the numbers 0 to 2"),
    ],
)
def test_wrong_parts_are_refused(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    write(tmp_path, a_tsv="1\tx\n")
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**TSV, **keys})
