"""Getting the model of a neural metric, with the Hub's library replaced by one that writes."""

import json
from pathlib import Path

import pytest
from huggingface_hub import errors
from huggingface_hub.utils import filter_repo_objects

from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.settings import MetricModelConfig
from warmup.evaluation import fetch_metric, neural_metrics
from warmup.models import fetch_model

REVISION, OTHER = "0" * 40, "1" * 40
COMET = {"hub": "Unbabel/tiny", "revision": REVISION, "encoder_revision": OTHER}
BERT = {"hub": "a/bert", "revision": REVISION}
SETTINGS = "class_identifier: regression_metric\npretrained_model: xlm-tiny\n"
REPOSITORIES = {
    "Unbabel/tiny": {
        "hparams.yaml": SETTINGS, "checkpoints/model.ckpt": "weights", "README.md": "",
    },
    "xlm-tiny": {
        "config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "", "x.py": "",
        "onnx/tokenizer.json": "",
    },
    "a/bert": {"config.json": "{}", "vocab.txt": "", "model.safetensors": "w", "x.bin": ""},
}  # fmt: skip


@pytest.fixture
def hub(monkeypatch):
    """Stands for the Hub; a list of (repository, revision) that were asked for."""
    calls = []

    def download(repository, *, revision, local_dir, allow_patterns, ignore_patterns):
        calls.append((repository, revision))
        if repository not in REPOSITORIES:
            raise errors.LocalEntryNotFoundError("offline")
        files = REPOSITORIES[repository]
        for name in filter_repo_objects(
            files, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns
        ):
            path = Path(local_dir) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name])
        (Path(local_dir) / ".cache").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(fetch_model, "snapshot_download", download)
    return calls


def describe(name, entry, folder):
    return fetch_metric.describe(name, MetricModelConfig(**entry), folder)


def content(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_comet_comes_with_the_tokenizer_of_its_encoder_at_its_revision(hub, tmp_path):
    found = describe("comet", COMET, tmp_path / "comet")
    assert hub == [("Unbabel/tiny", REVISION), ("xlm-tiny", OTHER)]
    assert content(tmp_path) == [
        "comet/checkpoints/model.ckpt", "comet/encoder/config.json",
        "comet/encoder/tokenizer.json", "comet/hparams.yaml", "comet/origin.json",
    ]  # fmt: skip
    assert (found["model"], found["revision"]) == ("Unbabel/tiny", REVISION)
    assert len(found["sha256"]) == 64


def test_what_is_there_is_not_downloaded_again_but_another_revision_is(hub, tmp_path):
    first = describe("bertscore", BERT, tmp_path / "b")
    assert describe("bertscore", BERT, tmp_path / "b") == first
    assert len(hub) == 1
    describe("bertscore", BERT | {"revision": OTHER}, tmp_path / "b")
    assert hub[1:] == [("a/bert", OTHER)]
    assert content(tmp_path) == [
        "b/config.json", "b/model.safetensors", "b/origin.json", "b/vocab.txt"
    ]  # fmt: skip


def test_a_folder_of_something_else_is_not_replaced(hub, tmp_path):
    (tmp_path / "dear.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not empty; delete it"):
        describe("bertscore", BERT, tmp_path)
    assert (content(tmp_path), hub) == (["dear.txt"], [])


def test_an_incomplete_repository_leaves_nothing(hub, tmp_path):
    entry = BERT | {"hub": "xlm-tiny"}
    describe("bertscore", entry, tmp_path / "x")
    entry = COMET | {"hub": "a/bert"}
    with pytest.raises(InputError, match=r"hparams\.yaml: cannot read"):
        describe("comet", entry, tmp_path / "y")
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("comet", {}, "has no hparams.yaml, which a COMET model must have"),
        ("comet", {"hparams.yaml": SETTINGS}, "has no checkpoints/model.ckpt"),
        ("bertscore", {}, "has no config.json"),
        ("bertscore", {"config.json": "{}"}, r"has no \*.safetensors; other weights are not"),
    ],
)
def test_a_local_folder_is_looked_at(tmp_path, name, files, message):
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=message):
        describe(name, {"local": str(tmp_path)}, tmp_path / "unused")


@pytest.mark.parametrize("text", ["a: [", "- 1", "class_identifier: x"])
def test_settings_that_are_not_those_of_comet_are_refused(tmp_path, text):
    for file in ("checkpoints/model.ckpt", "encoder/config.json", "hparams.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=r"hparams\.yaml: "):
        neural_metrics.load("comet").check(tmp_path)


@pytest.mark.parametrize("entry", [{"local": "nowhere"}, BERT | {"hub": "far/away"}])
def test_a_model_out_of_reach_is_said_and_no_error(hub, tmp_path, monkeypatch, capsys, entry):
    monkeypatch.chdir(tmp_path)
    options = {
        "metric": "bertscore", "entry": json.dumps(entry), "folder": "f", "output": "b.json",
    }  # fmt: skip
    arguments = [text for key, value in options.items() for text in (f"--{key}", value)]
    main(["fetch", "metric", *arguments])
    reason = json.loads(Path("b.json").read_text())["not_computed"]
    assert "no such folder" in reason or "far/away: cannot reach the Hub: offline" in reason
    assert reason.endswith("start Snakemake with --forcerun fetch_metric to try again")
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "needs exactly one of hub and local"),
        ({"hub": "a/b"}, "hub and revision go together"),
        ({"hub": 3, "revision": "x"}, "hub: 3 is not of type 'string'"),
        ({"local": []}, "local: [] is not of type 'string'"),
        (BERT | {"id": 3}, "unknown key 'id'; valid keys: batch_size, encoder_revision, hub"),
    ],
)
def test_an_entry_without_a_model_is_refused(tmp_path, capsys, entry, message):
    arguments = ["--metric", "bertscore", "--entry", json.dumps(entry), "--folder", "f"]
    with pytest.raises(SystemExit) as stop:
        main(["fetch", "metric", *arguments, "--output", str(tmp_path / "o")])
    assert stop.value.code == 2
    assert f"error: --entry: {message}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
