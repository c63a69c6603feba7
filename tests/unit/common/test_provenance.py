"""Where a result comes from."""

import importlib.metadata
import platform
import re
import subprocess

import pytest

from warmup.common import provenance
from warmup.common.files import sha256

HEX = re.compile("[0-9a-f]{64}")


def test_everything_is_there_and_true(tmp_path):
    (tmp_path / "train.jsonl").write_text("x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    data = {"train": tmp_path / "train.jsonl", "start": tmp_path / "model"}
    found = provenance.collect({"seed": 1}, data, "cpu")
    assert set(found) == {
        "git", "python", "packages", "device", "machine", "config_sha256", "data_sha256",
        "code_sha256",
    }  # fmt: skip
    assert found["python"] == platform.python_version()
    assert found["packages"]["torch"] == importlib.metadata.version("torch")
    assert {"transformers", "accelerate", "tokenizers", "sacrebleu"} <= set(found["packages"])
    assert found["data_sha256"] == {role: sha256(path) for role, path in data.items()}
    assert HEX.fullmatch(found["code_sha256"])
    assert found["device"] == "cpu"


def test_the_digest_is_of_the_value_not_of_its_order():
    one = provenance.digest({"a": 1, "b": {"c": [1, 2], "d": None}})
    assert one == provenance.digest({"b": {"d": None, "c": [1, 2]}, "a": 1})
    assert HEX.fullmatch(one)
    for other in ({"a": 1}, {"a": 1, "b": {"c": [2, 1], "d": None}}, {"a": "1"}):
        assert provenance.digest(other) != one


@pytest.fixture
def package(tmp_path):
    """A package of two modules."""
    folder = tmp_path / "warmup"
    (folder / "tasks").mkdir(parents=True)
    (folder / "files.py").write_text("B = 1\n")
    (folder / "tasks" / "x.py").write_text("A = 1\n")
    return folder


def test_the_code_hash_covers_every_module_and_its_name(package):
    before = provenance.code_sha256(package)
    assert provenance.code_sha256(package) == before
    (package / "notes.txt").write_text("no code")
    assert provenance.code_sha256(package) == before
    (package / "tasks" / "x.py").write_text("A = 2\n")
    changed = provenance.code_sha256(package)
    assert changed != before
    (package / "tasks" / "x.py").rename(package / "tasks" / "y.py")
    assert provenance.code_sha256(package) not in (before, changed)


def git(folder, *arguments):
    name = ("-c", "user.name=x", "-c", "user.email=x@y")
    return subprocess.run(
        ["git", "-C", str(folder), *name, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_revision_and_whether_the_code_differs_from_it(package, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(package.parents[1]))
    assert provenance.revision(package) == {"revision": None, "dirty": False}
    git(package, "init", "-q")
    git(package, "commit", "-q", "--allow-empty", "-m", "another project")
    assert provenance.revision(package) == {"revision": None, "dirty": False}
    git(package, "add", ".")
    git(package, "commit", "-q", "-m", "all")
    clean = {"revision": git(package, "rev-parse", "HEAD"), "dirty": False}
    assert provenance.revision(package) == clean
    (package / "tasks" / "x.py").write_text("A = 2\n")
    assert provenance.revision(package) == clean | {"dirty": True}


def test_without_git_there_is_no_revision(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.revision() == {"revision": None, "dirty": False}
