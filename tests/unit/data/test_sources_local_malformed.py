"""What is said of malformed local files and of wrong settings for them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.local_files import CHOICE_FIELDS, JSONL, TEXT, TSV, read, write, write_rows
from warmup.common.errors import InputError


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({**TEXT, "format": "xml"}, "unknown format .* 'xml'; choose from: csv, jsonl, text, tsv"),
        ({"type": "local"}, "unknown format .* None; choose from"),
        (
            {**TEXT, "file": "a"},
            "unknown key 'file'; valid keys: characters, files,",
        ),
        ({"type": "local", "format": "text"}, r"train \(local\): 'files' is a required property"),
        ({**TSV, "header": "yes"}, "header: 'yes' is not of type 'boolean'"),
        ({**JSONL, "header": True}, "unknown key 'header'"),
        ({**TSV, "limit": 0}, "limit: 0 is less than the minimum of 1"),
        ({**TSV, "limit": "9"}, "limit: '9' is not of type 'integer'"),
        ({**TSV, "limit": True}, "limit: True is not of type 'integer'"),
        ({**TSV, "file": []}, r"file: \[\] should be non-empty"),
        ({**TSV, "file": {"url": "x"}}, "a file must be a path, not {'url': 'x'}"),
        ({**TSV, "file": "b.tsv"}, r"no such file: .*b\.tsv \(data root: "),
        ({**TEXT, "files": {"en": "a.en"}}, "files has no 'de', only en"),
        ({**TEXT, "files": {"en": "a.en", "de": ["a.de"] * 2}}, r"unequal .*: 1 \(en\) and 2 \(de"),
        (
            {**TSV, "fields": {"en": 0}},
            "fields needs source and target, or the languages en and de",
        ),
        ({**TSV, "fields": {"source": 0, "target": 1, "x": 2}}, "unknown field 'x'; valid"),
        ({**TSV, "fields": {"source": 0}}, "exactly one of 'target', 'targets' and 'choices'"),
        ({**TSV, "fields": {"source": 0, "target": 1, "targets": [1]}}, "exactly one of"),
        ({**TSV, "fields": {"source": 0, "choices": [1]}}, "both 'choices' and 'answer', or neith"),
        (
            {**TSV, "fields": {"source": [0, 1], "target": 1}},
            r"field source: \[0, 1\] is not a col",
        ),
        ({**TSV, "fields": {"source": 0, "target": 1.5}}, "field target: 1.5 is not a column"),
        ({**TSV, "fields": {"source": 0, "target": 2}}, r"a\.tsv:1: no column 2 for target; the"),
        (
            {**TSV, "fields": {"source": "x", "target": 1}},
            "no column 'x' for source; there is 0, 1",
        ),
    ],
)
def test_wrong_settings_are_refused(spec: dict[str, Any], message: str, tmp_path: Path) -> None:
    write(tmp_path, a_en="a\n", a_de="b\n", a_tsv="a\tb\n", a_jsonl="{}\n")
    with pytest.raises(InputError, match=message):
        read(tmp_path, spec)


def test_text_of_one_language_needs_two_files(tmp_path: Path) -> None:
    write(tmp_path, a_en="a\n")
    with pytest.raises(InputError, match="of one language are named source and target"):
        read(tmp_path, {**TEXT, "files": {"en": "a.en"}}, "en")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\nc\n", r"a\.tsv:2: 1 columns, but line 1 has 2$"),
        ("a\tb\n\n", r"a\.tsv:2: 1 columns, but line 1 has 2"),
        ("a\nb\n", r"a\.tsv:1: no column 1 for target; there is 0$"),
        ("a\tb\n \tb\n", r"a\.tsv:2: record '2' has an empty source"),
        ("a\tb\nc\t\n", r"a\.tsv:2: record '2' has an empty target"),
    ],
)
def test_malformed_tsv_names_file_and_line(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, a_tsv=text)
    with pytest.raises(InputError, match=message):
        read(tmp_path, TSV)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("en\tde\na\tb\nc\n", r"a\.tsv:3: 1 columns, but the header has 2"),
        ("en\ten\na\tb\n", r"a\.tsv:1: the header has a column name twice"),
        ("en\tfr\na\tb\n", r"a\.tsv:2: no column 'de' for target; there is en, fr"),
    ],
)
def test_malformed_tsv_with_a_header(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, a_tsv=text)
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**TSV, "header": True, "fields": {"en": "en", "de": "de"}})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"document": "a"}, "no column 'summary' for target; there is document"),
        ({"document": 5, "summary": "b"}, "source must be text or a list of texts, not int"),
        ({"document": None, "summary": "b"}, "source must be text .* not NoneType"),
        ({"document": "a", "summary": [1]}, "target must be text .* not int"),
        ({"document": "a", "summary": []}, "record '2' has no target"),
        ({"document": [], "summary": "b"}, "record '2' has an empty source"),
    ],
)
def test_malformed_jsonl_names_file_and_line(
    row: dict[str, Any], message: str, tmp_path: Path
) -> None:
    write_rows(tmp_path, {"document": "a", "summary": "b"}, row)
    with pytest.raises(InputError, match=rf"a\.jsonl:2: {message}"):
        read(tmp_path, JSONL, "en")


@pytest.mark.parametrize(
    ("options", "answer", "message"),
    [
        (["a", "b"], 2, "answer 2 is not an index of its 2 choices"),
        (["a", "b"], "C", "answer 'C' is not an option"),
        (["a", "b"], "7", "answer '7' is not an option"),
        (["a", "b"], None, "answer must be a number .* not NoneType"),
        (["1", "2", "3"], "2", "answer '2' could be several options"),
        (["a", "a"], "a", "could be several options"),
        ("a", "a", r"a\.jsonl:1: choices must be a list of texts, or be in several columns"),
    ],
)
def test_wrong_answers_are_refused(
    options: list[str], answer: Any, message: str, tmp_path: Path
) -> None:
    write_rows(tmp_path, {"text": "Is it?", "options": options, "answer": answer})
    with pytest.raises(InputError, match=message):
        read(tmp_path, {**JSONL, "fields": {**CHOICE_FIELDS}}, "en")


def test_unequal_line_counts_are_both_told(tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n2\n", a_de="1\n2\n3\n4\n")
    with pytest.raises(InputError, match=r"a\.en has 2 lines but .*a\.de has 4"):
        read(tmp_path, TEXT)
    with pytest.raises(InputError, match=r"a\.en has 2 lines but .*a\.de has 4"):
        read(tmp_path, TEXT, "de-en")


@pytest.mark.parametrize("pair", ["en-de", "de-en"])
def test_an_empty_line_names_its_own_file(pair: str, tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n2\n", a_de="1\n \n")
    with pytest.raises(InputError, match=r"a\.de:2: empty line"):
        read(tmp_path, TEXT, pair)


def test_wrong_encoding_names_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, a_en="1\n2\n")
    (tmp_path / "a.de").write_bytes("eins\nfünf\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.de:2: not UTF-8"):
        read(tmp_path, TEXT)


def test_an_id_used_twice_names_both_lines(tmp_path: Path) -> None:
    write(tmp_path, a_tsv="x\ta\tb\ny\ta\tb\nx\ta\tb\n")
    spec = {**TSV, "fields": {"id": 0, "source": 1, "target": 2}}
    with pytest.raises(InputError, match=r"a\.tsv:3: id 'x' was used before, at .*a\.tsv:1"):
        read(tmp_path, spec)


def test_an_id_must_be_text_or_a_number(tmp_path: Path) -> None:
    write_rows(tmp_path, {"document": "a", "summary": "b", "no": [1]})
    spec = {**JSONL, "fields": {**JSONL["fields"], "id": "no"}}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="id must be text or a whole number, not list"):
        read(tmp_path, spec, "en")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=6,
)
contents = st.one_of(
    st.binary(max_size=60),
    st.text("a\t\n\r 0", max_size=40).map(str.encode),
    st.dictionaries(st.sampled_from(["text", "options", "answer", "a"]), json_values).map(
        lambda row: json.dumps(row).encode()
    ),
)
SPECS = [
    {**TEXT, "files": {"source": "f", "target": "f"}},
    {**TSV, "file": "f"},
    {**TSV, "file": "f", "header": True, "fields": {"source": "a", "target": "0"}},
    {**JSONL, "file": "f", "fields": CHOICE_FIELDS},
    {**JSONL, "file": "f", "fields": {"source": "text", "target": "a", "id": "answer"}},
]


@given(content=contents, spec=st.sampled_from(SPECS), zipped=st.booleans())
def test_any_file_gives_records_or_an_input_error(
    content: bytes, spec: dict[str, Any], zipped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("any", numbered=True)
    name = "f.gz" if zipped else "f"
    (root / name).write_bytes(content)
    spec = {**spec, "file": name} if "file" in spec else {
        **spec, "files": {"source": name, "target": name},
    }  # fmt: skip
    try:
        records = read(root, spec)
    except InputError as error:
        assert name in str(error)
        return
    for record in records:
        assert record.source.strip()
        assert record.source.encode()
        assert record.choices or all(target.strip() for target in record.targets)
