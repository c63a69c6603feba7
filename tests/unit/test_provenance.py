"""Where a result comes from."""

import importlib.metadata
import platform
import re
import shutil
import subprocess

import pytest
import synthetic_results

from warmup import errors, provenance
from warmup.files import read_json, sha256, write_json, write_jsonl

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
def package(tmp_path, monkeypatch):
    """A copy of one module in a folder of its own, which takes it for the package."""
    folder = tmp_path / "warmup"
    (folder / "tasks").mkdir(parents=True)
    shutil.copy(provenance.__file__, folder / "provenance.py")
    (folder / "tasks" / "x.py").write_text("A = 1\n")
    monkeypatch.setattr(provenance, "__file__", str(folder / "provenance.py"))
    return folder


def test_the_code_hash_covers_every_module_and_its_name(package):
    before = provenance.code_sha256()
    assert provenance.code_sha256() == before
    (package / "notes.txt").write_text("no code")
    assert provenance.code_sha256() == before
    (package / "tasks" / "x.py").write_text("A = 2\n")
    changed = provenance.code_sha256()
    assert changed != before
    (package / "tasks" / "x.py").rename(package / "tasks" / "y.py")
    assert provenance.code_sha256() not in (before, changed)


def git(folder, *arguments):
    name = ("-c", "user.name=x", "-c", "user.email=x@y")
    return subprocess.run(
        ["git", "-C", str(folder), *name, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_revision_and_whether_the_code_differs_from_it(package, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(package.parents[1]))
    assert provenance.revision() == {"revision": None, "dirty": False}
    git(package, "init", "-q")
    git(package, "add", ".")
    git(package, "commit", "-q", "-m", "all")
    clean = {"revision": git(package, "rev-parse", "HEAD"), "dirty": False}
    assert provenance.revision() == clean
    (package / "tasks" / "x.py").write_text("A = 2\n")
    assert provenance.revision() == clean | {"dirty": True}


def test_without_git_there_is_no_revision(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.revision() == {"revision": None, "dirty": False}


@pytest.fixture
def result(tmp_path):
    """The folder of a run of the default experiment."""
    from warmup import config, config_files

    run = config.resolve(config.load(config_files.DEFAULT), "shell_game/en/t5_tiny/warmup/seed11")
    folder = tmp_path / "results/default/runs" / run["name"]
    data = tmp_path / "train.jsonl"
    data.write_text("x")
    write_json(folder / "training.json", {"config": run})
    write_json(folder / "provenance.json", provenance.collect(run, {"train": data}, "cpu"))
    return folder


def again(monkeypatch, capsys, path):
    monkeypatch.setattr("sys.argv", ["provenance", str(path)])
    errors.run(provenance.main)
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_a_result_says_how_to_make_it_again(result, monkeypatch, capsys):
    found = again(monkeypatch, capsys, result)
    assert found["run"] == "default: shell_game/en/t5_tiny/warmup/seed11"
    assert (found["seed"], found["config"], found["code"]) == ("11", "config.yaml", "the one here")
    assert f"torch {importlib.metadata.version('torch')}" in found["packages"]
    command = found["command"]
    assert command.startswith(f"git checkout {provenance.revision()['revision']} && snakemake ")
    assert "--configfile" not in command
    assert command.endswith(
        "results/default/runs/shell_game/en/t5_tiny/warmup/seed11/training.json"
    )
    scores = result / "test.greedy.scores.json"
    scores.write_text("{}")
    assert again(monkeypatch, capsys, scores)["command"].endswith("/test.greedy.scores.json")


def test_a_run_of_no_configuration_here_says_so(result, monkeypatch, capsys):
    training = read_json(result / "training.json")
    made = read_json(result / "provenance.json") | {"config_sha256": "0", "code_sha256": "0"}
    made["git"] = {"revision": None, "dirty": False}
    write_json(result / "provenance.json", made)
    found = again(monkeypatch, capsys, result)
    assert found["config"].startswith("config.yaml, which has changed since")
    assert found["code"] == "another than here"
    assert found["command"].startswith("snakemake ")
    assert training["config"]["name"] in found["command"]


@pytest.mark.parametrize("content", [[], {}, {"config": 1}, {"config": {"run": 1}}])
def test_what_is_no_result_is_refused(tmp_path, monkeypatch, capsys, content):
    write_json(tmp_path / "training.json", content)
    with pytest.raises(SystemExit) as stop:
        again(monkeypatch, capsys, tmp_path)
    assert stop.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.fixture
def kept(result, tmp_path):
    """A kept experiment with the same run and another one."""
    folder = tmp_path / "kept"
    made = read_json(result / "provenance.json")
    rows = [
        {"run": "shell_game/en/t5_tiny/sft/seed11", **made},
        {"run": "shell_game/en/t5_tiny/warmup/seed11", **made},
    ]
    write_jsonl(folder / "provenance.jsonl", rows)
    scores = synthetic_results.make_scores(1).assign(experiment="default")
    scores.to_csv(folder / "scores.tsv", sep="\t", index=False)
    return folder


def test_a_kept_number_says_how_to_make_it_again(kept, result, monkeypatch, capsys):
    run = "shell_game/en/t5_tiny/warmup/seed11"
    expected = again(monkeypatch, capsys, result)
    assert again(monkeypatch, capsys, kept / run) == expected
    command = again(monkeypatch, capsys, kept / run / "test.greedy.scores.json")["command"]
    assert command.endswith(f"results/default/runs/{run}/test.greedy.scores.json")
    # the provenance of warmup stands in the line of SFT: its configuration is another one
    said = again(monkeypatch, capsys, kept / run.replace("warmup", "sft"))["config"]
    assert said.endswith("that of the run is in the files of its revision")


def test_a_run_by_another_name_is_made_again_by_that_name(result, monkeypatch, capsys):
    training, made = (read_json(result / f"{name}.json") for name in ("training", "provenance"))
    training["config"]["run"]["experiment"] = "mine"
    write_json(result / "training.json", training)
    made["config_sha256"] = provenance.digest(training["config"])
    write_json(result / "provenance.json", made)
    found = again(monkeypatch, capsys, result)
    assert found["config"] == "config.yaml"
    assert " --config experiment=mine " in found["command"]
    assert f"-- results/mine/runs/{training['config']['name']}/" in found["command"]


def test_a_kept_run_that_no_configuration_has_says_so(kept, monkeypatch, capsys):
    packages = {"packages": {"torch": "1"}, "config_sha256": "0"}
    row = {"run": "old/en/m/sft/seed3", "git": {"revision": "abc"}, **packages}
    write_jsonl(kept / "provenance.jsonl", [row])
    found = again(monkeypatch, capsys, kept / row["run"])
    assert (found["run"], found["seed"]) == ("default: old/en/m/sft/seed3", "3")
    assert found["config"].startswith("none here has this run")
    assert " --configfile FILE " in found["command"]


def test_a_kept_run_has_to_be_named_and_there(kept, monkeypatch, capsys):
    for inside, said in (
        ("tables", "names no run; one would be "),
        ("shell_game/en/t5_tiny/sft/seed12", "choose from: shell_game/en/t5_tiny/sft/seed11"),
    ):
        with pytest.raises(SystemExit):
            again(monkeypatch, capsys, kept / inside)
        assert said in capsys.readouterr().err
    write_jsonl(kept / "provenance.jsonl", [{"device": "cpu"}])
    with pytest.raises(SystemExit):
        again(monkeypatch, capsys, kept / "shell_game/en/t5_tiny/sft/seed11")
    assert "provenance.jsonl:1: has no 'run'; keep the experiment" in capsys.readouterr().err
