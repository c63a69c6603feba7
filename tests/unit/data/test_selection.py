"""Which rows of a source become records: incomplete rows, filters, samples, and what is counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.local_files import CHOICE_FIELDS, JSONL, TEXT, TSV, write, write_rows
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.common.languages import parse_pair
from warmup.data.dataset import parse
from warmup.data.prepare import prepare, sentences
from warmup.data.records import Record
from warmup.data.sources import Context, LeftOut, local


def read(
    root: Path, spec: dict[str, Any], pair: str = "en-de"
) -> tuple[list[Record], dict[str, int | str]]:
    """Return the records of a split, and what was left out of it, without zeros."""
    context = Context("train", str(root), root / "downloads")
    records = list(local.read(spec, parse_pair(pair), context))
    return records, {key: value for key, value in vars(context.left_out).items() if value}


def sources(records: list[Record]) -> list[str]:
    return [record.source for record in records]


INCOMPLETE = {
    "text: a blank line": (TEXT, {"a_en": "1\n\n3\n", "a_de": "eins\nzwei\ndrei\n"}, "a.en:2"),
    "text: an empty side": (TEXT, {"a_en": "1\n2\n3\n", "a_de": "eins\n \ndrei\n"}, "a.de:2"),
    "text: CRLF": (TEXT, {"a_en": "1\r\n\r\n3\r\n", "a_de": "eins\n2\ndrei\n"}, "a.en:2"),
    "tsv: a blank line": (TSV, {"a_tsv": "1\teins\n\n3\tdrei\n"}, "a.tsv:2: 1 columns"),
    "tsv: too few columns": (TSV, {"a_tsv": "1\teins\n2\n3\tdrei\n"}, "a.tsv:2: 1 columns"),
    "tsv: too many columns": (TSV, {"a_tsv": "1\teins\n2\tx\ty\n3\tdrei\n"}, "a.tsv:2: 3 columns"),
    "tsv: the first line": (TSV, {"a_tsv": "2\n1\teins\n3\tdrei\n"}, "a.tsv:1: no column 1"),
    "tsv: an empty side": (TSV, {"a_tsv": "1\teins\n2\t\n3\tdrei\n"}, "a.tsv:2: record"),
}


@pytest.mark.parametrize("name", INCOMPLETE)
@pytest.mark.parametrize("pair", ["en-de", "de-en"])
def test_incomplete_rows_are_errors_or_left_out_as_pairs(
    name: str, pair: str, tmp_path: Path
) -> None:
    spec, files, place = INCOMPLETE[name]
    write(tmp_path, **files)
    with pytest.raises(InputError, match=rf"{place}"):
        read(tmp_path, spec, pair)
    records, left_out = read(tmp_path, {**spec, "skip_incomplete": True}, pair)
    texts = [(record.source, record.targets[0]) for record in records]
    pairs = [("1", "eins"), ("3", "drei")]
    assert texts == (pairs if pair == "en-de" else [(two, one) for one, two in pairs])
    assert left_out["incomplete"] == 1
    assert place in str(left_out["incomplete_example"])


@pytest.mark.parametrize(
    "row",
    [
        {"document": "", "summary": "b"},
        {"document": "a", "summary": "\u200b"},
        {"document": None, "summary": "b"},
        {"summary": "b"},
        {"document": "a", "summary": []},
    ],
)
def test_incomplete_objects_are_left_out(row: dict[str, Any], tmp_path: Path) -> None:
    write_rows(tmp_path, {"document": "first", "summary": "b"}, row)
    records, left_out = read(tmp_path, {**JSONL, "skip_incomplete": True}, "en")
    assert sources(records) == ["first"]
    assert left_out["incomplete"] == 1
    assert "a.jsonl:2: " in str(left_out["incomplete_example"])


def test_a_question_without_an_answer_is_incomplete(tmp_path: Path) -> None:
    write_rows(
        tmp_path,
        {"text": "t", "options": ["a", "b"], "answer": None},
        {"text": "u", "options": ["a", "b"], "answer": 1},
    )
    spec = {**JSONL, "fields": CHOICE_FIELDS, "skip_incomplete": True}
    records, left_out = read(tmp_path, spec, "en")
    assert sources(records) == ["u"]
    assert left_out["incomplete"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"document": "a", "summary": "b"}\n{"document": \n', r"a\.jsonl:2: not JSON"),
        ('{"document": 5, "summary": "b"}\n', r"a\.jsonl:1: source must be text"),
        ('{"id": "", "document": "a", "summary": "b"}\n', r"a\.jsonl:1: record has an empty id"),
    ],
)
def test_a_wrong_row_is_not_an_incomplete_one(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, a_jsonl=text)
    spec = {**JSONL, "skip_incomplete": True}
    if "id" in text:
        spec["fields"] = {**JSONL["fields"], "id": "id"}
    with pytest.raises(InputError, match=message):
        read(tmp_path, spec, "en")


def test_files_with_unequal_numbers_of_lines_stay_an_error(tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n\n", a_de="1\n\n3\n")
    with pytest.raises(InputError, match=r"has 2 lines but .* has 3"):
        read(tmp_path, {**TEXT, "skip_incomplete": True})


def write_pairs(root: Path, pairs: list[tuple[str, str]]) -> None:
    write(root, a_tsv="".join(f"{one}\t{two}\n" for one, two in pairs))


def test_long_records_are_left_out_on_either_side(tmp_path: Path) -> None:
    # `é` in two characters is one in Unicode's form NFC
    write_pairs(tmp_path, [("abcd", "ab"), ("ab", "abcd"), ("abc", "abc"), ("abe\u0301", "abc")])
    for pair in ("en-de", "de-en"):
        records, left_out = read(tmp_path, {**TSV, "max_length": 3}, pair)
        assert [record.id for record in records] == ["3", "4"]
        assert left_out == {"too_long": 2}


def test_records_with_unequal_lengths_are_left_out(tmp_path: Path) -> None:
    write_pairs(tmp_path, [("abcd", "ab"), ("abcde", "ab"), ("ab", "abcde")])
    for pair in ("en-de", "de-en"):
        records, left_out = read(tmp_path, {**TSV, "max_length_ratio": 2.0}, pair)
        assert [record.id for record in records] == ["1"]
        assert left_out == {"unequal_lengths": 2}


def test_repeated_records_are_left_out(tmp_path: Path) -> None:
    write_pairs(
        tmp_path,
        [("a", "b"), ("a", "c"), (" a", "b"), ("b", "a"), ("\u00c5", "x"), ("A\u030a", "x")],
    )
    for pair in ("en-de", "de-en"):
        records, left_out = read(tmp_path, {**TSV, "unique": True}, pair)
        assert [record.id for record in records] == ["1", "2", "4", "5"]
        assert left_out == {"duplicates": 2}


def test_questions_on_one_text_are_not_repeated_records(tmp_path: Path) -> None:
    row = {"id": 1, "text": "t", "question": "q", "options": ["a", "b"], "answer": 1}
    write_rows(tmp_path, row, {**row, "id": 2, "question": "r"}, {**row, "id": 3})
    fields = {key: key for key in ("id", "question", "answer")}
    spec = {**JSONL, "fields": {**fields, "source": "text", "choices": "options"}, "unique": True}
    records, left_out = read(tmp_path, spec, "en")
    assert [record.id for record in records] == ["1", "2"]
    assert left_out == {"duplicates": 1}


def test_both_directions_have_the_same_sample(tmp_path: Path) -> None:
    write_pairs(tmp_path, [(f"{n}", f"{n} de") for n in range(500)])
    spec = {**TSV, "sample": {"size": 100, "seed": 1}}
    forth, left_out = read(tmp_path, spec, "en-de")
    back, _ = read(tmp_path, spec, "de-en")
    numbers = [int(record.source) for record in forth]
    assert numbers == [int(record.targets[0]) for record in back]
    assert numbers == sorted(numbers)  # in the order of the file
    assert len(set(numbers)) == 100
    assert left_out == {"not_sampled": 400}
    assert min(numbers) < 50 and max(numbers) > 450  # from everywhere
    other, _ = read(tmp_path, {**TSV, "sample": {"size": 100, "seed": 2}}, "en-de")
    assert sources(other) != sources(forth)


def test_a_sample_has_its_size_whatever_is_left_out_before(tmp_path: Path) -> None:
    pairs = [(f"{n}", "x" * (1 + n % 2)) for n in range(40)]
    write_pairs(tmp_path, [*pairs, ("0", "x"), ("", "x")])
    spec = {
        **TSV, "skip_incomplete": True, "max_length": 2, "max_length_ratio": 1, "unique": True,
        "sample": {"size": 5, "seed": 3},
    }  # fmt: skip
    records, left_out = read(tmp_path, spec)
    assert len(records) == 5
    # 5 digits with one x, 15 numbers of two digits with two
    assert left_out.pop("incomplete_example")
    assert left_out == {
        "incomplete": 1, "unequal_lengths": 20, "duplicates": 1, "not_sampled": 15,
    }  # fmt: skip
    limited, _ = read(tmp_path, {**spec, "limit": 2})
    assert sources(limited) == sources(records)[:2]


def test_a_sample_that_is_too_large_is_refused(tmp_path: Path) -> None:
    write_pairs(tmp_path, [("a", "b"), ("", "c")])
    spec = {**TSV, "skip_incomplete": True, "sample": {"size": 2, "seed": 1}}
    wanted = (
        r"splits\.train \(local\): sample: 2 records are wanted, but there are 1; 1 left "
        r"out as incomplete, the first: .*a\.tsv:2: "
    )
    with pytest.raises(InputError, match=wanted):
        read(tmp_path, spec)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sample": 5}, r"sample: 5 is not of type 'object' \(\{size: number of records, seed"),
        ({"sample": {"size": 5}}, "sample: 'seed' is a required property"),
        ({"sample": {"size": 0, "seed": 1}}, "sample.size: 0 is less than the minimum of 1"),
        ({"sample": {"size": 5, "seed": 1, "by": 2}}, "unknown key 'by'; valid keys: seed, size"),
        ({"max_length_ratio": 0.5}, "max_length_ratio: 0.5 is less than the minimum of 1"),
        ({"max_length": "9"}, "max_length: '9' is not of type 'integer'"),
        ({"skip_incomplete": "yes"}, "skip_incomplete: 'yes' is not of type 'boolean'"),
        ({"skip_empty": True}, "unknown key 'skip_empty'; valid keys: .*skip_incomplete, type"),
    ],
)
def test_wrong_keys_are_refused(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_pairs(tmp_path, [("a", "b")])
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**TSV, **keys})


def test_the_summary_and_the_terminal_say_what_was_left_out(tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n\n3\n", a_de="eins\nzwei\ndrei\n", b_en="5\n", b_de="funf\n")
    splits = {
        "train": {**TEXT, "skip_incomplete": True},
        "test": {**TEXT, "files": {"en": "b.en", "de": "b.de"}},
    }
    dataset = parse({"task": "translation", "pairs": ["en-de"], "splits": splits})
    summary = prepare(
        dataset, parse_pair("en-de"), data_root=str(tmp_path), downloads=tmp_path / "downloads",
        output_dir=tmp_path / "out",
    )  # fmt: skip
    example = f"{tmp_path}/a.en:2: empty line"
    facts = read_json(tmp_path / "out" / "summary.json")["splits"]
    wanted = LeftOut(incomplete=1, incomplete_example=example)
    assert facts["train"]["left_out_of_source"] == vars(wanted)
    assert facts["test"]["left_out_of_source"] == vars(LeftOut())
    assert sentences(summary) == [
        f"train: 2 records; 1 left out as incomplete, the first: {example}",
        "test: 1 records",
    ]


def test_a_split_of_incomplete_rows_says_so(tmp_path: Path) -> None:
    write(tmp_path, a_jsonl=json.dumps({"text": "a", "summary": "b"}) + "\n")
    spec = {**JSONL, "skip_incomplete": True}
    dataset = parse({"task": "summarization", "pairs": ["en"], "splits": {"train": spec}})
    with pytest.raises(InputError, match=r"no records; 1 left out as incomplete.*no column 'docum"):
        prepare(
            dataset, parse_pair("en"), data_root=str(tmp_path), downloads=tmp_path / "downloads",
            output_dir=tmp_path / "out",
        )  # fmt: skip
