"""Data and tokenizers that another experiment has made are copied; others are made."""

import json
from pathlib import Path
from typing import Any

import pytest

from warmup.__main__ import main
from warmup.common.files import read_json, write_json, write_jsonl
from warmup.data import shared_data

SPLITS = ("train", "valid", "test")


def dataset(**changes: Any) -> dict[str, Any]:
    fields = {"source": "text", "target": "headline"}
    source = {"type": "local", "format": "jsonl", "fields": fields}
    splits = {split: {**source, "file": f"{split}.jsonl"} for split in SPLITS}
    return {"task": "summarization", "pairs": ["en", "de"], "splits": splits} | changes


@pytest.fixture
def prepare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that prepares a data set, and returns what the command prints."""
    for split in SPLITS:
        rows = [{"text": f"{split} text {number}", "headline": "short"} for number in range(30)]
        write_jsonl(tmp_path / "mine" / f"{split}.jsonl", rows)

    def call(name: str, value: dict[str, Any], *options: str, pair: str = "en") -> str:
        main([
            "prepare", "--dataset", json.dumps(value), "--pair", pair,
            "--data-root", str(tmp_path / "mine"), "--downloaded", *options,
            "--register", str(tmp_path / "register"), "--output-dir", str(tmp_path / name),
        ])  # fmt: skip
        return capsys.readouterr().out

    return call


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_equal_data_of_another_name_are_copied(prepare: Any, tmp_path: Path) -> None:
    made = prepare("one", dataset())
    printed = prepare("other", dataset(pairs=["en"]))
    assert printed == f"copied from {tmp_path / 'one'}, which has the same records\n{made}"
    assert contents(tmp_path / "other") == contents(tmp_path / "one")
    assert "copied" in prepare("one", dataset())  # which leaves its own files as they are
    assert contents(tmp_path / "other") == contents(tmp_path / "one")


@pytest.mark.parametrize("change", ["task", "file", "pair", "code", "deleted", "edited"])
def test_data_that_differ_are_prepared(
    prepare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    prepare("one", dataset())
    value, pair = dataset(), "en"
    match change:
        case "task":
            value = dataset(task="text_to_text")
        case "file":
            row = {"text": "another", "headline": "short"}
            write_jsonl(tmp_path / "mine" / "test.jsonl", [row])
        case "pair":
            pair = "de"
        case "code":
            monkeypatch.setattr(shared_data, "code_sha256", lambda: "edited")
        case "deleted":
            (tmp_path / "one" / "test.jsonl").unlink()
        case "edited":
            (tmp_path / "one" / "test.jsonl").write_text("")
    assert "copied" not in prepare("other", value, pair=pair)
    assert read_json(tmp_path / "other" / "summary.json")["splits"]["test"]["records"]


def test_data_made_of_other_downloads_are_prepared(prepare: Any, tmp_path: Path) -> None:
    for name, sha256 in (("first", "a"), ("second", "b")):
        write_json(tmp_path / f"{name}.json", {"files": [{"sha256": sha256}]})
    prepare("one", dataset(), str(tmp_path / "first.json"))
    assert "copied" not in prepare("two", dataset(), str(tmp_path / "second.json"))
    assert "copied" in prepare("three", dataset(), str(tmp_path / "first.json"))


def test_a_tokenizer_is_trained_once(
    prepare: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare("data", dataset())

    def train(name: str, size: int) -> str:
        main([
            "train-tokenizer", "--train", str(tmp_path / "data/train.jsonl"),
            "--task", "summarization", "--architecture", "encoder_decoder",
            "--spec", json.dumps({"type": "bpe", "vocab_size": size}),
            "--register", str(tmp_path / "register"), "--output", str(tmp_path / name),
        ])  # fmt: skip
        return capsys.readouterr().out

    assert "copied" not in train("one", 400)
    (tmp_path / "one" / ".snakemake_timestamp").touch()  # as Snakemake does
    assert f"copied from {tmp_path / 'one'}" in train("same", 400)
    (tmp_path / "one" / ".snakemake_timestamp").unlink()
    assert contents(tmp_path / "same") == contents(tmp_path / "one")
    assert "copied" not in train("other", 401)
