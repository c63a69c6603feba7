"""Token files: made once, in a stream, by one process, and for what they were made of only."""

import threading
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from helpers import tiny
from warmup.data import records, token_files
from warmup.data.encoding import Encoder
from warmup.data.records import Record
from warmup.data.tasks import multiple_choice
from warmup.data.token_files import Form, Tokens, tokens

FORM = Form("multiple_choice", 20, 10)


@pytest.fixture(scope="module")
def encoder(data):
    return Encoder(AutoTokenizer.from_pretrained(data["t5"]))


@pytest.fixture
def made(monkeypatch):
    """The files that are made during a test."""
    found = []
    write = token_files._write

    def noted(file, *arguments):
        found.append(file)
        return write(file, *arguments)

    monkeypatch.setattr(token_files, "_write", noted)
    return found


def content(found: Tokens):
    return list(found.input_ids), list(found.labels), found.inputs, found.targets


def test_a_file_has_the_same_ids_however_many_records_are_held_at_once(
    data, encoder, tmp_path, monkeypatch
):
    whole = content(tokens(data["train"], FORM, encoder, tmp_path / "whole"))
    monkeypatch.setattr(token_files, "_AT_ONCE", 7)
    parts = tokens(data["train"], FORM, encoder, tmp_path / "parts")
    assert content(parts) == whole
    assert [parts.labels[i] for i in (0, 6, 7, 199)] == [whole[1][i] for i in (0, 6, 7, 199)]
    texts = [multiple_choice.render(record) for record in records.read_records(data["train"])]
    assert whole[0] == encoder.inputs([text.input for text in texts], 20).ids
    assert whole[1] == encoder.targets([text.target for text in texts], 10).ids


def test_few_records_are_held_at_once(data, encoder, tmp_path, monkeypatch):
    living, most = set(), 0
    check = Record.__post_init__

    class Watched(Record):
        def __post_init__(self) -> None:
            nonlocal most
            check(self)
            living.add(id(self))
            most = max(most, len(living))

        def __del__(self) -> None:
            living.discard(id(self))

    monkeypatch.setattr(records, "Record", Watched)
    monkeypatch.setattr(token_files, "_AT_ONCE", 10)
    assert len(tokens(data["train"], FORM, encoder, tmp_path).labels) == 200
    assert 0 < most < 35


def test_a_file_is_made_again_if_anything_differs(data, encoder, tmp_path, made):
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(data["train"].read_bytes())
    again = Encoder(AutoTokenizer.from_pretrained(data["t5"]))
    for path, one in [(data["train"], encoder), (copy, encoder), (copy, again)]:
        tokens(path, FORM, one, tmp_path / "tokens")
    assert len(made) == 1
    tokens(data["valid"], FORM, encoder, tmp_path / "tokens")
    tokens(copy, Form("multiple_choice", 20, 9), encoder, tmp_path / "tokens")
    tokens(copy, Form("multiple_choice", 20, 10, limit=3), encoder, tmp_path / "tokens")
    separator = Encoder(again.tokenizer, control=[7])
    tokens(copy, FORM, separator, tmp_path / "tokens")
    copy.write_text("".join(copy.open().readlines()[:-1]))
    tokens(copy, FORM, encoder, tmp_path / "tokens")
    other = tiny.tokenizer(tmp_path / "other", "t5", texts=["A B C D E start swap AB"])
    tokens(copy, FORM, Encoder(AutoTokenizer.from_pretrained(other)), tmp_path / "tokens")
    assert len(set(made)) == len(made) == 7


def test_an_interrupted_one_is_made_again(data, encoder, tmp_path, monkeypatch):
    encode = Encoder.targets
    monkeypatch.setattr(token_files, "_AT_ONCE", 50)

    def interrupted(*arguments):
        monkeypatch.setattr(Encoder, "targets", encode)
        raise KeyboardInterrupt

    monkeypatch.setattr(Encoder, "targets", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tokens(data["train"], FORM, encoder, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(tokens(data["train"], FORM, encoder, tmp_path).labels) == 200
    # killed between the two files
    (counts,) = tmp_path.rglob("counts.json")
    counts.unlink()
    assert len(tokens(data["train"], FORM, encoder, tmp_path).labels) == 200


def test_of_two_jobs_one_makes_the_file_and_the_other_waits(data, encoder, tmp_path, made):
    found: list[Tokens] = []

    def job() -> None:
        own = Encoder(AutoTokenizer.from_pretrained(data["t5"]))
        found.append(tokens(data["train"], FORM, own, tmp_path))

    jobs = [threading.Thread(target=job) for _ in range(3)]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    assert len(made) == 1
    assert content(found[0]) == content(found[1]) == content(found[2])


def test_a_file_can_be_deleted_while_it_is_in_use(data, encoder, tmp_path):
    found = tokens(data["train"], FORM, encoder, tmp_path)
    before = content(found)
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        Path(path).unlink()
    assert content(found) == before
