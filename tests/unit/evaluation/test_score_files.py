"""`warmup score FILE` and `warmup score FILE OTHER`: tables for people, tests of each metric."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.prediction_lines import prediction_line
from warmup.__main__ import main

ANSWERS = ["A", "B", "A", "B"] * 10


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes predictions and returns their path."""

    def lines(name: str, outputs: list[str], references: list[str], **keys: Any) -> str:
        path = tmp_path / name
        rows = [
            prediction_line(id=str(n), output=output, references=[reference], **keys)
            for n, (output, reference) in enumerate(zip(outputs, references, strict=True))
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return lines


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = 0
    try:
        main(["score", *arguments])
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, *capsys.readouterr()


def test_the_task_is_taken_from_the_file_and_numbers_are_rounded(write, capsys):
    outputs = ["A because", *ANSWERS[1:30], *"CCCCCCCCCC"]
    file = write("p.jsonl", outputs, ANSWERS, task="multiple_choice", target_lang="en")
    status, out, err = call(capsys, file)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{file}: multiple_choice, 40 items"
    assert lines[1].split("  ")[0] == "metric"
    assert lines[2].split()[:3] == ["accuracy", "↑", "75.0"]
    assert lines[2].endswith("  40") and "[" in lines[2]
    assert lines[3].startswith("macro-F1 ↑")


def test_json_has_all_digits(write, capsys):
    file = write("p.jsonl", ["A", "B", "B"], ["A", "B", "A"], task="multiple_choice")
    _, out, _ = call(capsys, file, "--format", "json", "--metrics", "accuracy", "cer")
    (scored,) = json.loads(out)["files"]
    assert (scored["file"], scored["task"]) == (file, "multiple_choice")
    assert scored["scores"][0]["value"] == 100 * 2 / 3
    assert [row["metric"] for row in scored["scores"]] == ["accuracy", "cer"]


def test_the_language_is_taken_from_the_file(write, capsys):
    texts = ["ein Hund rennt im Park", "eine Katze schläft auf der Matte"]
    keys = {"task": "translation", "target_lang": "de"}
    status, out, _ = call(capsys, write("p.jsonl", texts, texts, **keys))
    assert status == 0
    assert out.splitlines()[2].split()[:3] == ["BLEU", "↑", "100.0"]


def test_a_file_without_a_task_needs_an_option(write, capsys):
    file = write("p.jsonl", ["A"], ["A"])
    status, out, err = call(capsys, file)
    assert (status, out) == (2, "")
    assert err == f"error: {file}: its lines do not name a task; give --task\n"
    assert call(capsys, file, "--task", "multiple_choice")[0] == 0


def test_two_files_are_compared_item_by_item(write, capsys):
    keys = {"task": "multiple_choice", "target_lang": "en"}
    bad = write("sft.jsonl", ["A"] * 40, ANSWERS, **keys)
    good = write("warmup.jsonl", ANSWERS, ANSWERS, **keys)
    _, out, _ = call(capsys, bad, good)
    lines = out.splitlines()
    at = lines.index(f"{good} minus {bad}")
    assert lines[at + 1].split() == [
        *("metric", "difference", "95%", "interval", "p", "p_holm", "test"),
    ]
    assert lines[at + 2].split()[:3] == ["accuracy", "↑", "+50.0"]
    _, out, _ = call(capsys, bad, good, "--format", "json")
    document = json.loads(out)
    first = document["comparisons"][0]
    assert (first["metric"], first["difference"], first["test"]) == (
        "accuracy",
        50,
        "McNemar exact",
    )
    assert 0 < first["p"] < 0.001
    assert [len(one["scores"]) for one in document["files"]] == [2, 2]


@pytest.mark.parametrize(
    ("answers", "task", "message"),
    [
        (["A"], "multiple_choice", "differ in their items"),
        (["A", "B"], "translation", "give --task"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(write, capsys, answers, task, message):
    one = write("one.jsonl", ["A", "B"], ["A", "B"], task="multiple_choice", target_lang="en")
    other = write("other.jsonl", answers, answers, task=task, target_lang="en")
    status, out, err = call(capsys, one, other)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1


def test_more_than_two_files_are_refused(write, capsys):
    file = write("p.jsonl", ["A"], ["A"], task="multiple_choice")
    assert "give one file, or two to compare, not 3" in call(capsys, file, file, file)[2]
