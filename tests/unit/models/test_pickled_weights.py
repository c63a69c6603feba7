"""Safetensors made of pickled weights, whose SHA-256 has to be that of the configuration."""

import json
import os
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM

from helpers import tiny
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import sha256
from warmup.models import fetch_model as module
from warmup.models import loading, pickled_weights
from warmup.models.fetch_model import fetch_model

REVISION = "0123456789" * 4
WEIGHTS = "pytorch_model.bin"


class Hub:
    """Stands for `snapshot_download`: copies files that are not there yet, as the Hub does."""

    def __init__(self, repository):
        self.repository = repository
        self.copied = []

    def __call__(self, hub, *, local_dir, allow_patterns, **options):
        local_dir.mkdir(parents=True, exist_ok=True)
        for pattern in allow_patterns:
            for path in self.repository.glob(pattern):
                if not (local_dir / path.name).exists():
                    shutil.copy(path, local_dir)
                    self.copied.append(path.name)


@pytest.fixture
def repository(tmp_path):
    """A repository like that of google/mt5-base: an untied mT5 with pickled weights alone."""
    folder = tmp_path / "repository"
    model = tiny.untied_mt5(tiny.tokenizer(tmp_path / "tokenizer", "mt5"))
    loading.save(model, folder)
    (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    torch.save(model.network.state_dict(), folder / WEIGHTS)
    return folder


@pytest.fixture
def hub(repository, monkeypatch):
    stand_in = Hub(repository)
    monkeypatch.setattr(module, "snapshot_download", stand_in)
    return stand_in


@pytest.mark.parametrize("zipped", [True, False])
def test_the_checkpoint_has_the_weights_of_the_pickled_file(zipped, repository, hub, tmp_path):
    weights = torch.load(repository / WEIGHTS)
    torch.save(weights, repository / WEIGHTS, _use_new_zipfile_serialization=zipped)
    fetch_model("a/b", REVISION, tmp_path / "m", sha256(repository / WEIGHTS))
    names = {path.name for path in (tmp_path / "m").iterdir()}
    assert names == {path.name for path in repository.iterdir()} - {WEIGHTS} | {"model.safetensors"}
    assert not list(tmp_path.rglob("partial-*"))
    loaded = loading.load(tmp_path / "m", tiny.model_config("mt5")).network.state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], value) for name, value in weights.items())
    assert not torch.equal(loaded["lm_head.weight"], loaded["shared.weight"])


def test_it_is_what_transformers_loads_from_the_pickled_file(repository, hub, tmp_path):
    fetch_model("a/b", REVISION, tmp_path / "m", sha256(repository / WEIGHTS))
    plain = AutoModelForSeq2SeqLM.from_pretrained(repository, use_safetensors=False).state_dict()
    made = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "m").state_dict()
    assert plain.keys() == made.keys()
    assert all(torch.equal(plain[name], made[name]) for name in plain)


def test_tensors_of_one_memory_are_written_once_or_apart(tmp_path):
    whole = torch.arange(12.0).view(3, 4)
    tensors = {
        "shared": whole, "tied": whole, "row": whole[1], "turned": whole.T, "one": whole.sum(),
        "half": torch.full((2,), float("nan"), dtype=torch.bfloat16),
    }  # fmt: skip
    torch.save(tensors, tmp_path / WEIGHTS)
    pickled_weights.convert(tmp_path / WEIGHTS, tmp_path / "safe")
    made = load_file(tmp_path / "safe")
    assert made.keys() == tensors.keys() - {"tied"}
    for name, value in made.items():
        torch.testing.assert_close(value, tensors[name], atol=0, rtol=0, equal_nan=True)


class Evil:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def refusal(hub, tmp_path, expected=None):
    """Return the message with which a file is refused; nothing may be left of the checkpoint."""
    expected = expected or sha256(hub.repository / WEIGHTS)
    with pytest.raises(InputError) as error:
        fetch_model("a/b", REVISION, tmp_path / "m", expected)
    assert not (tmp_path / "m").exists()
    assert not list(tmp_path.glob(f"partial-*/{WEIGHTS}"))
    return str(error.value)


def test_another_file_is_not_opened(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *args, **kwargs: pytest.fail("was opened"))
    found = sha256(hub.repository / WEIGHTS)
    assert refusal(hub, tmp_path, "1" * 64) == (
        f"a/b: pytorch_model.bin: has the SHA-256 {found}, but pickled_sha256 is {'1' * 64}; "
        "it was not opened"
    )


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_code_is_refused_though_its_hash_is_right(zipped, hub, tmp_path):
    trace = tmp_path / "trace"
    content = {"weight": torch.ones(2), "evil": Evil(trace)}
    torch.save(content, hub.repository / WEIGHTS, _use_new_zipfile_serialization=zipped)
    assert refusal(hub, tmp_path) == (
        "a/b: pytorch_model.bin: refused: it wants GLOBAL posix.system; it must hold tensors alone"
    )
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is damaged (EOFError); it must hold tensors alone"),
        (b"rubbish", "it is damaged (IndexError); it must hold tensors alone"),
        ([torch.ones(2)], "it does not hold tensors by name"),
        ({}, "it does not hold tensors by name"),
        ({"weight": torch.ones(2), "step": 3}, "'step' is not a plain tensor"),
        ({"weight": torch.ones(2).to_sparse()}, "'weight' is not a plain tensor"),
    ],
)
def test_a_file_without_weights_is_refused(content, message, hub, tmp_path):
    path = hub.repository / WEIGHTS
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    assert refusal(hub, tmp_path) == f"a/b: pytorch_model.bin: refused: {message}"


def test_a_refused_file_is_downloaded_again(hub, tmp_path):
    refusal(hub, tmp_path, "1" * 64)
    fetch_model("a/b", REVISION, tmp_path / "m", sha256(hub.repository / WEIGHTS))
    assert hub.copied.count(WEIGHTS) == 2


def test_a_killed_conversion_goes_on_without_another_download(hub, tmp_path, monkeypatch):
    expected = sha256(hub.repository / WEIGHTS)
    plain = pickled_weights.save_file

    def killed(tensors, path, **options):
        plain(tensors, path, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(pickled_weights, "save_file", killed)
    with pytest.raises(KeyboardInterrupt):
        fetch_model("a/b", REVISION, tmp_path / "m", expected)
    assert not (tmp_path / "m").exists()
    monkeypatch.setattr(pickled_weights, "save_file", plain)
    fetch_model("a/b", REVISION, tmp_path / "m", expected)
    assert hub.copied.count(WEIGHTS) == 1
    assert not list(tmp_path.rglob(WEIGHTS)) or list(tmp_path.rglob(WEIGHTS)) == [
        hub.repository / WEIGHTS
    ]


def test_what_is_not_written_as_it_was_read_is_found(hub, tmp_path, monkeypatch):
    plain = pickled_weights.save_file

    def wrong(tensors, path, **options):
        plain(tensors | {"lm_head.weight": tensors["lm_head.weight"] + 1}, path, **options)

    monkeypatch.setattr(pickled_weights, "save_file", wrong)
    assert "lm_head.weight is not what pytorch_model.bin holds; start again" in refusal(
        hub, tmp_path
    )


def test_a_repository_without_such_a_file_is_refused(hub, tmp_path):
    (hub.repository / WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"^a/b has no pytorch_model\.bin at revision"):
        fetch_model("a/b", REVISION, tmp_path / "m", "1" * 64)


def test_command_line(hub, tmp_path, capsys):
    entry = {"hub": "a/b", "revision": REVISION, "pickled_sha256": "1" * 64}
    with pytest.raises(SystemExit) as exit_:
        main(["fetch", "model", "--model", json.dumps(entry), "--output", str(tmp_path / "m")])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "but pickled_sha256 is 111" in line
