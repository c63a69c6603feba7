"""The examples run as they are, on a tiny model from a folder."""

import json
import os
import runpy
import sys
from pathlib import Path

import pytest

from helpers import tiny

EXAMPLES = Path(__file__).parents[2] / "examples"
LETTERS = " ".join("abcdefgh")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny T5 that knows the letters of the examples."""
    from warmup.models import loading

    folder = tmp_path_factory.mktemp("model")
    tokenizer = tiny.tokenizer(folder / "tokenizer", "t5", [LETTERS])
    made = loading.create(tiny.model_config("t5"), tokenizer, seed=1)
    loading.save(made, folder / "model")
    return folder / "model"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a script of the examples in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return call


def test_quickstart(run, model, tmp_path, capsys):
    run("quickstart.py", model, 3)
    shown = capsys.readouterr().out
    assert shown.count(" -> ") == 2
    assert (tmp_path / "sorting" / "model" / "warmup.json").exists()


def test_the_readme_shows_the_quickstart():
    """README has the example without its first lines, which read the command line."""
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    script = (EXAMPLES / "quickstart.py").read_text(encoding="utf-8")
    assert script[script.index("random.seed") :] in readme


def test_sft_then_warmup(run, model, tmp_path, capsys):
    row = json.dumps({"source": "b a c", "target": "a b c"})
    for name in ("train", "valid"):
        Path(f"{name}.jsonl").write_text(f"{row}\n" * 4, encoding="utf-8")
    files = ("--train", "train.jsonl", "--valid", "valid.jsonl")
    run("sft_then_warmup.py", "--model", model, *files, "--updates", 2, "--batch-size", 2)
    shown = capsys.readouterr().out
    assert "validation loss, nats per example: SFT continued " in shown
    assert shown.count("warmup: ") == 3
    for name in ("sft", "sft_continued", "warmup"):
        assert (tmp_path / "sft_then_warmup" / name / "model" / "model.safetensors").exists()


def test_the_notebook(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "MODEL", str(model))
    monkeypatch.setitem(os.environ, "UPDATES", "2")
    notebook = json.loads((EXAMPLES / "warmups.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    names = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)
    (one, _) = names["model"].generate(["c a b", "a"])
    assert one.keys() == {"warmup", "output"}
