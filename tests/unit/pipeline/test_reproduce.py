"""How to make a result again."""

import importlib.metadata

import pytest

from helpers import synthetic_results
from warmup.__main__ import main
from warmup.common import provenance
from warmup.common.files import read_json, write_json, write_jsonl


@pytest.fixture
def result(tmp_path):
    """The folder of a run of the default experiment."""
    from warmup.config import experiment, files
    from warmup.config.conversion import to_json

    config = experiment.load(files.DEFAULT)
    run = to_json(experiment.resolve(config, "shell_game/en/t5_tiny/warmup/seed11"))
    folder = tmp_path / "results/default/runs" / run["name"]
    data = tmp_path / "train.jsonl"
    data.write_text("x")
    write_json(folder / "training.json", {"config": run})
    write_json(folder / "provenance.json", provenance.collect(run, {"train": data}, "cpu"))
    return folder


def again(capsys, path):
    main(["reproduce", str(path)])
    return dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())


def test_a_result_says_how_to_make_it_again(result, capsys):
    found = again(capsys, result)
    assert found["run"] == "default: shell_game/en/t5_tiny/warmup/seed11"
    assert (found["seed"], found["config"], found["code"]) == (
        "11",
        "config.yaml",
        "the same as here",
    )
    assert f"torch {importlib.metadata.version('torch')}" in found["packages"]
    command = found["command"]
    assert command.startswith(
        f"git checkout {provenance.revision()['revision']} && rm -rf work/finished && snakemake "
    )
    assert "--configfile" not in command
    assert command.endswith(
        "results/default/runs/shell_game/en/t5_tiny/warmup/seed11/training.json"
    )
    scores = result / "test.greedy.scores.json"
    scores.write_text("{}")
    assert again(capsys, scores)["command"].endswith("/test.greedy.scores.json")


def test_a_run_of_no_configuration_here_says_so(result, capsys):
    training = read_json(result / "training.json")
    made = read_json(result / "provenance.json") | {"config_sha256": "0", "code_sha256": "0"}
    made["git"] = {"revision": None, "dirty": False}
    write_json(result / "provenance.json", made)
    found = again(capsys, result)
    assert found["config"].startswith("config.yaml, which has changed since")
    assert found["code"] == "differs from here"
    assert found["command"].startswith("rm -rf work/finished && snakemake ")
    assert training["config"]["name"] in found["command"]


@pytest.mark.parametrize("content", [[], {}, {"config": 1}, {"config": {"run": 1}}])
def test_what_is_no_result_is_refused(tmp_path, capsys, content):
    write_json(tmp_path / "training.json", content)
    with pytest.raises(SystemExit) as stop:
        again(capsys, tmp_path)
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


def test_a_kept_number_says_how_to_make_it_again(kept, result, capsys):
    run = "shell_game/en/t5_tiny/warmup/seed11"
    expected = again(capsys, result)
    assert again(capsys, kept / run) == expected
    command = again(capsys, kept / run / "test.greedy.scores.json")["command"]
    assert command.endswith(f"results/default/runs/{run}/test.greedy.scores.json")
    # the provenance of warmup stands in the line of SFT: its configuration is another one
    said = again(capsys, kept / run.replace("warmup", "sft"))["config"]
    assert said.endswith("that of the run is in the files of its revision")


def test_a_run_by_another_name_is_made_again_by_that_name(result, capsys):
    training, made = (read_json(result / f"{name}.json") for name in ("training", "provenance"))
    training["config"]["run"]["experiment"] = "mine"
    write_json(result / "training.json", training)
    made["config_sha256"] = provenance.digest(training["config"])
    write_json(result / "provenance.json", made)
    found = again(capsys, result)
    assert found["config"] == "config.yaml"
    assert " --config experiment=mine " in found["command"]
    assert f"-- results/mine/runs/{training['config']['name']}/" in found["command"]


def test_a_kept_run_that_no_configuration_has_says_so(kept, capsys):
    packages = {"packages": {"torch": "1"}, "config_sha256": "0"}
    row = {"run": "old/en/m/sft/seed3", "git": {"revision": "abc"}, **packages}
    write_jsonl(kept / "provenance.jsonl", [row])
    found = again(capsys, kept / row["run"])
    assert (found["run"], found["seed"]) == ("default: old/en/m/sft/seed3", "3")
    assert found["config"].startswith("none here has this run")
    assert " --configfile FILE " in found["command"]


def test_a_kept_run_has_to_be_named_and_there(kept, capsys):
    for inside, said in (
        ("tables", "does not name a run; one would be "),
        ("shell_game/en/t5_tiny/sft/seed12", "choose from: shell_game/en/t5_tiny/sft/seed11"),
    ):
        with pytest.raises(SystemExit):
            again(capsys, kept / inside)
        assert said in capsys.readouterr().err
    write_jsonl(kept / "provenance.jsonl", [{"device": "cpu"}])
    with pytest.raises(SystemExit):
        again(capsys, kept / "shell_game/en/t5_tiny/sft/seed11")
    assert "provenance.jsonl:1: has no 'run'; make the snapshot" in capsys.readouterr().err
