"""`warmup export`: a checkpoint of transformers becomes one that `warmup generate` takes."""

import json
from pathlib import Path

import pytest

from helpers import tiny
from warmup.__main__ import main
from warmup.common.files import read_json
from warmup.models import loading
from warmup.models.checkpoint_format import read_format


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Save a tiny network as transformers does, and return its folder."""
    folder = tmp_path / "model"
    loading.save(tiny.model("t5"), folder)
    return folder


def call(capsys, *arguments) -> tuple[int, str, str]:
    status = 0
    try:
        main([*map(str, arguments)])
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, *capsys.readouterr()


def test_an_exported_checkpoint_generates_for_plain_text(checkpoint, capsys, tmp_path):
    options = ["--task", "text_to_text", "--prefix", "a ", "--max-target-tokens", "5"]
    status, out, err = call(capsys, "export", checkpoint, *options, "--max-warmup-tokens", "3")
    assert (status, err) == (0, "")
    assert out.startswith(f"{checkpoint}/warmup.json: written")
    form = read_format(checkpoint)
    assert (form.architecture, form.task, form.prefix) == ("encoder_decoder", "text_to_text", "a ")
    assert (form.max_warmup_tokens, form.max_source_tokens, form.max_target_tokens) == (3, 128, 5)
    (tmp_path / "in.txt").write_text("b c\nd e\n")
    (tmp_path / "in.jsonl").write_text('{"source": "b c"}\n{"source": "d e", "prefix": "a "}\n')
    written = []
    for name, kind in (("in.txt", "text"), ("in.jsonl", "jsonl")):
        files = ["--input", tmp_path / name, "--output", tmp_path / "out.jsonl"]
        call(capsys, "generate", "--model", checkpoint, "--format", kind, *files)
        written.append([json.loads(line) for line in (tmp_path / "out.jsonl").open()])
    assert written[0] == written[1]
    assert [row["id"] for row in written[0]] == ["1", "2"]
    assert [row["source"] for row in written[0]] == ["b c", "d e"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "chat"], "unknown task 'chat'; choose from: "),
        (
            ["--task", "translation", "--max-target-tokens", "1"],
            "max_target_tokens: 1 is less than",
        ),
        (
            ["--task", "translation", "--separator", "zz"],
            "separator: 'zz' is not in the vocabulary",
        ),
    ],
)
def test_wrong_options_write_nothing(checkpoint, capsys, options, message):
    status, out, err = call(capsys, "export", checkpoint, *options)
    assert (status, out) == (2, "")
    assert message in err and err.count("\n") == 1
    assert not (checkpoint / "warmup.json").exists()


@pytest.mark.parametrize("content", ["[]", "", "null", '"x"', '[{"task": "translation"}]'])
def test_a_file_that_says_nothing_of_a_model_is_named(checkpoint, capsys, content):
    (checkpoint / "warmup.json").write_text(content)
    (checkpoint / "in.jsonl").write_text("")
    places = ("--input", checkpoint / "in.jsonl", "--output", checkpoint / "out.jsonl")
    status, _, err = call(capsys, "generate", "--model", checkpoint, *places)
    assert status == 2 and err.count("\n") == 1
    assert err.startswith(f"error: {checkpoint}/warmup.json: ")


def test_a_file_that_is_there_is_kept(checkpoint, capsys):
    (checkpoint / "warmup.json").write_text("{}")
    status, _, err = call(capsys, "export", checkpoint, "--task", "translation")
    assert (status, read_json(checkpoint / "warmup.json")) == (2, {})
    assert "is there already; delete it to write another" in err


def test_a_folder_without_the_file_says_what_to_do_and_a_missing_one_is_missing(
    checkpoint, capsys, tmp_path
):
    files = ["--input", tmp_path / "x", "--output", tmp_path / "y"]
    (tmp_path / "x").write_text('{"source": "a"}\n')
    _, _, err = call(capsys, "generate", "--model", checkpoint, *files)
    assert f"`warmup export {checkpoint} --task TASK` writes it" in err
    _, _, err = call(capsys, "generate", "--model", tmp_path / "none", *files)
    assert err == f"error: {tmp_path / 'none'}: no such folder\n"
    _, _, err = call(capsys, "export", tmp_path / "none", "--task", "translation")
    assert err == f"error: {tmp_path / 'none'}: no such folder\n"


def test_plain_text_without_its_option_says_what_to_do(capsys, tmp_path):
    (tmp_path / "x.txt").write_text("a b\n")
    files = ["--input", tmp_path / "x.txt", "--output", "-"]
    _, _, err = call(capsys, "generate", "--model", tmp_path, *files)
    assert 'x.txt:1: not JSON; a line is {"source": …}, plain text needs --format text' in err
    _, _, err = call(capsys, "generate", "--model", tmp_path, "--pair", "en-de", *files)
    assert err == "error: --pair: goes with --format text; a JSON line has its languages itself\n"
