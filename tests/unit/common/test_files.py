"""Reading and writing files."""

import gzip
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.common.files import (
    atomic,
    decode_lines,
    parse_jsonl,
    read_bytes,
    read_json,
    read_jsonl,
    read_lines,
    sha256,
    sha256_text,
    write_json,
    write_jsonl,
    write_text,
)


def test_atomic_leaves_the_old_file_and_nothing_else_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_replaces_a_folder_only_where_told(tmp_path: Path) -> None:
    def write(content: str, **how: bool) -> list[str]:
        with atomic(tmp_path / "model", **how) as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
        return [item.name for item in (tmp_path / "model").iterdir()]

    (tmp_path / "model").mkdir()
    assert write("one") == ["one"]  # an empty folder is as good as none
    with pytest.raises(InputError, match="model: is not empty; delete it"):
        write("two")
    assert [item.name for item in tmp_path.rglob("*")] == ["model", "one"]
    assert write("two", replace=True) == ["two"]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_not_written(tmp_path: Path, number: float) -> None:
    with pytest.raises(InputError, match=r"a\.json: cannot be written: .*JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": number})
    with pytest.raises(InputError, match=r"a\.jsonl: cannot be written: .*JSON compliant"):
        write_jsonl(tmp_path / "a.jsonl", [{"loss": 1.0}, {"loss": [number]}])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_lacks_are_not_read(tmp_path: Path, number: str) -> None:
    message = rf"a\.jsonl?:3: not JSON: {number}, where a number must be finite"
    (tmp_path / "a.jsonl").write_text(f'{{"x": 1e9}}\n\n{{"{number}": {number}}}\n')
    with pytest.raises(InputError, match=message):
        list(read_jsonl(tmp_path / "a.jsonl"))
    (tmp_path / "a.json").write_text(f'{{"x": "\\" {number}",\n "y":\n [1.5, {number}]}}\n')
    with pytest.raises(InputError, match=message):
        read_json(tmp_path / "a.json")


@given(rows=st.lists(st.dictionaries(st.text("abc", min_size=1), st.text() | st.integers())))
def test_jsonl_comes_back_as_it_was(
    rows: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    assert write_jsonl(path, rows) == len(rows)
    assert list(read_jsonl(path)) == rows


def test_lines_keep_all_but_their_line_break(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\r\n two \u2028\n\nlast\r".encode())
    assert list(read_lines(path)) == ["one", " two \u2028", "", "last"]


def test_gz_is_read_like_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("ä\nö\n".encode()))
    assert list(read_lines(path)) == ["ä", "ö"]
    assert read_bytes(path) == "ä\nö\n".encode()


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"a line\n" * 99)[:-20], gzip.compress(b"")[:10] + b"\xff" * 20],
    ids=["no gzip", "cut short", "garbled"],
)
def test_broken_gzip_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.txt\.gz: broken gzip"):
        list(read_lines(path))


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin1.txt"
    path.write_bytes("plain\nMünchen\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin1\.txt:2: not UTF-8 \(byte 1 of the line\)"):
        list(read_lines(path))


def test_a_name_that_no_file_can_have_is_named() -> None:
    with pytest.raises(InputError, match=r"'a\\x00b': cannot read: embedded null"):
        read_json(Path("a\0b"))


@pytest.mark.parametrize("read", [read_json, read_bytes, lambda path: list(read_lines(path))])
def test_missing_file_is_named(read: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json: cannot read: No such file"):
        read(tmp_path / "absent.json")  # type: ignore[operator]


@pytest.mark.parametrize(
    "line",
    ["{", '{"a": 1}}', "[1]", '"text"', "[" * 100_000, '{"n": ' + "9" * 5000 + "}", r'"\ud800"'],
    ids=["open", "after the end", "list", "text", "deep", "many digits", "half a character"],
)
def test_bad_json_line_names_file_and_line(line: str) -> None:
    with pytest.raises(InputError, match=r"^rows\.jsonl:3: "):
        list(parse_jsonl(["{}", "", line], "rows.jsonl"))


def test_json_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match=r"a\.json: not UTF-8 \(byte 7\)"):
        read_json(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_an_input_error(content: bytes) -> None:
    lines = content.splitlines(keepends=True)
    try:
        decoded = list(decode_lines(lines, "any"))
    except InputError as error:
        assert str(error).startswith("any:")
        return
    assert len(decoded) == len(lines)
    try:
        for _, row in parse_jsonl(decoded, "any"):
            json.dumps(row).encode()
    except InputError as error:
        assert str(error).startswith("any:")


def test_hash_of_a_folder_depends_on_names_and_contents(tmp_path: Path) -> None:
    hashes = set()
    for name, content in [("a", "1"), ("a", "2"), ("b", "2")]:
        with atomic(tmp_path / "folder", replace=True) as temporary:
            temporary.mkdir()
            (temporary / name).write_text(content)
        hashes.add(sha256(tmp_path / "folder"))
    assert len(hashes) == 3


def test_hash_of_lines_is_that_of_their_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one\nzwölf\n")
    assert sha256_text(["one", "zwölf"]) == sha256(tmp_path / "a.txt")


@pytest.mark.parametrize("write", [write_text, lambda path, text: write_jsonl(path, [{"a": text}])])
def test_a_file_does_not_replace_a_folder(write: Any, tmp_path: Path) -> None:
    write_text(tmp_path / "results" / "dear.txt", "years of work")
    with pytest.raises(IsADirectoryError, match="results"):
        write(tmp_path / "results", "x")
    with pytest.raises(IsADirectoryError), atomic(tmp_path / "results") as temporary:
        temporary.write_text("x")
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "dear.txt"]


def test_a_folder_in_the_way_is_said_before_any_row_is_made(tmp_path: Path) -> None:
    def rows() -> Any:
        pytest.fail("a row was made")
        yield {}

    with pytest.raises(IsADirectoryError):
        write_jsonl(tmp_path, rows())


KILLED = """
import os, signal, sys
from pathlib import Path
from warmup.common.files import atomic
with atomic(Path(sys.argv[1])) as temporary:
    temporary.write_text("half of the n")
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_writer_swept_by_another_one_before_it_has_a_lock_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = tempfile.mkdtemp, []

    def make_and_meet_another(**options: Any) -> str:
        made.append(make(**options))
        if len(made) == 1:
            write_text(tmp_path / "a.txt", "of the other writer")
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_meet_another)
    write_text(tmp_path / "a.txt", "new")
    assert (len(made), (tmp_path / "a.txt").read_text()) == (3, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_process_left_goes_with_the_next_write_and_what_a_living_one_has_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    command = [sys.executable, "-c", KILLED, str(path)]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
    writers[0].kill()
    writers[0].wait()
    (tmp_path / ".a.txt.notes").mkdir()  # of somebody else
    assert len(list(tmp_path.glob(".a.txt.*"))) == 3
    write_text(path, "new")
    assert len(list(tmp_path.glob(".a.txt.*"))) == 2
    writers[1].communicate("")
    assert writers[1].returncode == 0
    assert path.read_text() == "half of the n"
    assert [item.name for item in tmp_path.glob(".a.txt.*")] == [".a.txt.notes"]
