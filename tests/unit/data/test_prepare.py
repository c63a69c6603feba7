"""From a description of a data set to the files of its splits."""

import json
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.splits import without_leaks
from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, write_text
from warmup.common.languages import parse_pair
from warmup.data import leakage
from warmup.data.dataset import Dataset, load, parse
from warmup.data.generators import shell_game
from warmup.data.prepare import prepare
from warmup.data.records import Record, read_records


def synthetic(seed: int, size: int = 20) -> dict[str, Any]:
    return {"type": "synthetic", "generator": "shell_game", "size": size, "seed": seed}


ENTRY: dict[str, Any] = {
    "task": "multiple_choice",
    "pairs": ["en"],
    "splits": {"train": synthetic(1, 50), "valid": synthetic(2), "test": synthetic(3)},
}


def run(dataset: Dataset, root: Path, pair: str = "en") -> dict[str, Any]:
    return prepare(
        dataset,
        dataset.pair(pair),
        data_root=str(root),
        downloads=root / "downloads",
        output_dir=root / "out",
    )


def test_every_split_is_written_and_summed_up(tmp_path: Path) -> None:
    summary = run(parse(ENTRY), tmp_path)
    assert summary == read_json(tmp_path / "out" / "summary.json")
    assert (summary["task"], summary["pair"]) == ("multiple_choice", "en")
    for split, size in [("train", 50), ("valid", 20), ("test", 20)]:
        path = tmp_path / "out" / f"{split}.jsonl"
        records = list(read_records(path))
        facts = summary["splits"][split]
        assert facts["records"] == len(records) == size
        assert facts["left_out"] == {"same_source": 0, "same_target": 0}
        assert facts["sha256"] == sha256(path)
        words = sum(len(record.source.split()) + 1 for record in records)  # and `answer:`
        assert facts["input_words"] == pytest.approx(words / size, abs=0.01)
        steps = sum(record.meta["lookahead"] + 1 for record in records)  # and the answer
        assert facts["target_words"] == pytest.approx(steps / size, abs=0.01)


def test_it_is_the_same_again(tmp_path: Path) -> None:
    first = run(parse(ENTRY), tmp_path / "a")
    assert first == run(parse(ENTRY), tmp_path / "b")


def record(number: int, source: str) -> Record:
    return Record(str(number), source, ["target"])


def test_training_records_that_are_tested_on_are_left_out() -> None:
    splits = {
        "test": [record(1, "A test.")],
        "train": [record(1, "a  TEST"), record(2, "Valid"), record(3, "own"), record(4, "own")],
        "valid": [record(1, "valid!"), record(2, "far"), record(3, "own, too")],
        "far": [record(1, "Far?"), record(2, "far"), record(3, "A test.")],
    }
    found = without_leaks(splits, by_target=False)
    assert {split: [r.id for r in records] for split, (records, _) in found.items()} == {
        "test": ["1"],
        "train": ["3", "4"],
        "valid": ["1", "3"],
        "far": ["1", "2", "3"],
    }


def test_the_summary_counts_what_was_left_out(tmp_path: Path) -> None:
    write_text(tmp_path / "train.tsv", "a\tb\nc\td\n")
    write_text(tmp_path / "test.tsv", "A.\tb\n")
    table = {"type": "local", "format": "tsv", "fields": {"en": 0, "de": 1}}
    splits = {split: {**table, "file": f"{split}.tsv"} for split in ("train", "test")}
    entry = {"task": "translation", "pairs": ["en-de", "de-en"], "splits": splits}
    summary = run(parse(entry), tmp_path, "en-de")
    assert {split: facts["left_out"] for split, facts in summary["splits"].items()} == {
        "train": {"same_source": 1, "same_target": 0},
        "test": {"same_source": 0, "same_target": 0},
    }
    splits["train"]["limit"] = 1
    with pytest.raises(InputError, match=r"splits\.train: no records left: all of them occur in"):
        run(parse(entry), tmp_path, "en-de")


def test_the_command_says_which_records_it_left_out_and_why(tmp_path: Path) -> None:
    for name, rows in {
        "train": "a\tb\nc\td\ng\tx\n\u212b\th\n",
        "valid": "e\tf\nC.\td\n",
        "test": "C!\tx\n",
    }.items():
        write_text(tmp_path / f"{name}.tsv", rows)
    table = {"type": "local", "format": "tsv", "fields": {"source": 0, "target": 1}}
    splits = {name: {**table, "file": f"{name}.tsv"} for name in ("train", "valid", "test")}
    places = ["--data-root", str(tmp_path), "--output-dir", str(tmp_path / "out")]

    def said(task: str, pair: str) -> list[str]:
        entry = json.dumps({"task": task, "pairs": [pair], "splits": splits})
        return command("--dataset", entry, "--pair", pair, *places).stdout.splitlines()

    train = "1 left out, their source is in valid or a test split"
    valid = "valid: 1 records; 1 left out, their source is in a test split"
    last = f"texts were compared with {leakage.SAME}"
    form = "1 text was brought into Unicode's form NFC"
    target = "only their target is in valid or a test split"
    assert said("summarization", "en") == [
        f"train: 3 records; {train}; 1 kept, {target}; {form}", valid, "test: 1 records", last
    ]  # fmt: skip
    assert said("translation", "en-de") == [
        f"train: 2 records; {train}; 1 left out, {target}; {form}", valid, "test: 1 records", last
    ]  # fmt: skip


def test_a_record_must_fit_the_task(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"splits\.test: record '4' has no target, which summar"):
        run(parse({**ENTRY, "task": "summarization"}), tmp_path)


def inflection(root: Path, *rows: str) -> Dataset:
    write_text(root / "forms.tsv", "".join(f"{row}\n" for row in rows))
    source = {
        "type": "local", "format": "tsv", "file": "forms.tsv", "characters": ["source", "target"],
        "fields": {"source": 0, "features": 1, "target": 2},
    }  # fmt: skip
    return parse({"task": "transduction", "pairs": ["nl"], "splits": {"test": source}})


def test_characters_are_those_of_normalised_text(tmp_path: Path) -> None:
    summary = run(inflection(tmp_path, "e\u0301\u0301n\tNUM\teen maal"), tmp_path, "nl")
    assert summary["splits"]["test"]["normalised"] == 1
    (kept,) = read_records(tmp_path / "out" / "test.jsonl")
    assert (kept.source, kept.features, kept.targets) == (
        "é \u0301 n", "NUM", ["e e n ␣ m a a l"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a\tV;\tb", "splits.test: record '2': features 'V;' are not in UniMorph's format"),
        ("a␣\tV\tb", "splits.test: record '2': 'a␣' contains '␣'"),
        ("a\t \tb␣", "splits.test: record '2': 'b␣' contains '␣'"),
    ],
)
def test_rows_that_cannot_be_symbols_are_named(row: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        run(inflection(tmp_path, "doe\tV\tdoet", row), tmp_path, "nl")


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    write_text(tmp_path / "empty.jsonl", "\n")
    fields = {"source": "a", "target": "b"}
    spec = {"type": "local", "format": "jsonl", "file": "empty.jsonl", "fields": fields}
    entry = {"task": "summarization", "pairs": ["en"], "splits": {"test": spec}}
    with pytest.raises(InputError, match=r"splits\.test: no records"):
        run(parse(entry), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "chess"}, "unknown task 'chess'; choose from: multiple_choice, summarization, t"),
        ({"name": "x"}, "unknown key 'name'; valid keys: pairs, prefix, splits, task"),
        ({"pairs": "en"}, r"data set: pairs: 'en' is not of type 'array'"),
        ({"pairs": []}, r"pairs: \[\] should be non-empty"),
        ({"pairs": ["en-en"]}, "'en-en' is neither a language code"),
        ({"pairs": ["en-de-fr"]}, "'en-de-fr' is neither"),
        ({"pairs": ["../x"]}, "'../x' is neither"),
        ({"splits": {}}, r"splits: \{\} should be non-empty"),
        ({"splits": {"../x": synthetic(1)}}, "'../x' does not match .*letters, digits and _ only"),
        ({"splits": {"test": "file"}}, r"splits\.test: 'file' is not of type 'object'"),
        ({"splits": {"test": {}}}, r"splits\.test: 'type' is a required property"),
        ({"splits": {"test": {"type": "ftp"}}}, "unknown type of source 'ftp'; choose from: hub, "),
    ],
)
def test_wrong_descriptions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse({**ENTRY, **changes})


@pytest.mark.parametrize("key", ["task", "pairs", "splits"])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(InputError, match=f"data set: '{key}' is a required property"):
        parse({name: value for name, value in ENTRY.items() if name != key})


def test_a_description_is_json_text_or_a_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.json", json.dumps(ENTRY))
    assert load(json.dumps(ENTRY)) == load(str(tmp_path / "a.json")) == parse(ENTRY)
    with pytest.raises(InputError, match="--dataset: not JSON"):
        load("{")
    with pytest.raises(InputError, match=r"b\.json: cannot read"):
        load(str(tmp_path / "b.json"))


def test_a_pair_that_the_data_set_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="unknown pair 'de'; choose from: en"):
        parse(ENTRY).pair("de")


@pytest.mark.parametrize("text", ["en", "en-de", "qaa-qab", "zho_Hans-pt_BR"])
def test_pairs_are_written_as_they_are_read(text: str) -> None:
    assert str(parse_pair(text)) == text


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "warmup", "prepare", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line(tmp_path: Path) -> None:
    arguments = ["--dataset", json.dumps(ENTRY), "--output-dir", str(tmp_path / "out"), "--pair"]
    done = command(*arguments, "en")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "train: 50 records"
    assert (tmp_path / "out" / "train.jsonl").exists()
    refused = command(*arguments, "de")
    assert refused.returncode == 2
    assert refused.stderr == "error: unknown pair 'de'; choose from: en\n"
    assert "--output-dir" in command("--help").stdout


def watched(monkeypatch: pytest.MonkeyPatch, watch: Callable[[Record], None]) -> None:
    """Let a function see each record that is generated."""
    generate = shell_game.generate

    def seen(*arguments: Any) -> Iterator[Record]:
        for made in generate(*arguments):
            watch(made)
            yield made

    monkeypatch.setattr(shell_game, "generate", seen)


def test_no_split_is_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    living, most = 0, 0

    def gone() -> None:
        nonlocal living
        living -= 1

    def watch(made: Record) -> None:
        nonlocal living, most
        living += 1
        most = max(most, living)
        weakref.finalize(made, gone)

    watched(monkeypatch, watch)
    splits = {"train": synthetic(1, 300), "valid": synthetic(2, 100), "test": synthetic(3, 100)}
    assert run(parse({**ENTRY, "splits": splits}), tmp_path)["splits"]["train"]["records"] == 300
    assert most < 5


def test_a_run_that_is_interrupted_leaves_all_files_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(parse(ENTRY), tmp_path)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    records = iter(range(400))  # one in ten belongs to a held-out split, so test is complete then

    def watch(made: Record) -> None:
        if next(records, None) is None:
            raise KeyboardInterrupt

    watched(monkeypatch, watch)
    entry = {**ENTRY, "splits": {split: synthetic(9, 30) for split in ENTRY["splits"]}}
    with pytest.raises(KeyboardInterrupt):
        run(parse(entry), tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
