"""Lines of predictions.jsonl: written, read, checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.prediction_lines import prediction_line
from warmup.common.errors import InputError
from warmup.data import predictions

LINE = prediction_line(
    id="a", warmup="w", warmup_log_probability=-1.5, warmup_tokens=1, warmup_from="own",
    warmup_by_token=[["w", -1.5]], output_by_token=[["A", -1.0], ["</s>", 0]],
    as_tokens={"inputs_cut": 3}, meta={"lookahead": 2, "x": [None]},
)  # fmt: skip


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, LINE, prediction_line())
    read = predictions.read(path)
    assert (read[0].id, read[0].meta, read[0].as_tokens) == ("a", LINE["meta"], {"inputs_cut": 3})
    predictions.write(tmp_path / "again.jsonl", read)
    assert predictions.read(tmp_path / "again.jsonl") == read
    assert json.loads((tmp_path / "again.jsonl").read_text().splitlines()[0]) == LINE


def test_files_without_tokens_are_read(tmp_path: Path) -> None:
    (read,) = predictions.read(write(tmp_path, prediction_line()))
    assert (read.warmup_by_token, read.output_by_token) == (None, None)
    assert (read.warmup_from, read.as_tokens) == (None, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": "x"}, "unknown key 'outputs'; valid keys: id, source, "),
        ({"id": 3}, "id must be str, not int 3"),
        ({"output": None}, "output must be str, not null"),
        ({"references": []}, "references must be non-empty strings, at least one"),
        ({"references": ["x", " "]}, "references must be non-empty strings, at least one"),
        ({"references": "x"}, "references must be list, not str 'x'"),
        ({"output_log_probability": "-1"}, "output_log_probability must be float, not str '-1'"),
        ({"output_tokens": -1}, "output_tokens must be 0 or more"),
        ({"warmup_by_token": [["w"]]}, "warmup_by_token must be pairs of text and"),
        ({"output_by_token": [["w", None]]}, "output_by_token must be pairs of text and"),
        ({"as_tokens": {"inputs_cut": "3"}}, "as_tokens must be an object of numbers"),
        ({"meta": []}, "meta must be dict, not list"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path, LINE, LINE | change)
    with pytest.raises(InputError) as error:
        predictions.read(path)
    assert f"{path}:2: {message}" in str(error.value)


@pytest.mark.parametrize("key", sorted(prediction_line().keys() - {"warmup_log_probability"}))
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    line = prediction_line()
    del line[key]
    with pytest.raises(InputError, match=f"jsonl:1: missing key '{key}'"):
        predictions.read(write(tmp_path, line))


def test_two_lines_with_the_same_id_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LINE, prediction_line(), LINE)
    with pytest.raises(InputError) as error:
        predictions.read(path)
    assert str(error.value) == f"{path}:3: id 'a' was used before, at {path}:1"


def test_a_file_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"predictions\.jsonl: no predictions"):
        predictions.read(write(tmp_path))


def test_subsets_are_the_values_of_the_look_ahead(tmp_path: Path) -> None:
    metas: list[dict[str, Any]] = [{"lookahead": 3}, {}, {"lookahead": 2}, {"lookahead": 3}]
    read = predictions.read(write(tmp_path, *(prediction_line(meta=meta) for meta in metas)))
    assert predictions.subsets_of(read) == {"lookahead=2": [2], "lookahead=3": [0, 3]}
