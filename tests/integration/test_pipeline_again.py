"""The pipeline, started again: what it makes anew, after changes and after it was killed."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from pipeline import EXPERIMENT, ROOT, command, environment, planned, snakemake

from helpers import tiny
from warmup.common.files import read_json, sha256, write_jsonl


def times(folder):
    """Return when each result was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_second_start_does_nothing(finished):
    before = times(finished / "results")
    status, output = snakemake(finished)
    assert status == 0, output
    assert "Nothing to be done" in output
    assert times(finished / "results") == before


def test_predictions_and_scores_are_the_same_bytes_in_every_process(copy, monkeypatch):
    kinds = ("predictions.jsonl", "scores.json", "statistics.json")
    names = [
        f"results/tiny/runs/{run}/test.greedy.{kind}"
        for run in ("shell_game/en/t5/warmup/seed1", "tally/en/t5/sft/seed1")
        for kind in kinds
    ]
    before = {name: sha256(copy / name) for name in names}
    for seed in ("1", "2"):  # in another order are sets, and all that is made of them
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        written = times(copy / "results")
        status, output = snakemake(copy, EXPERIMENT, "--forcerun", "generate", "--", *names)
        assert status == 0, output
        again = times(copy / "results")
        assert all(again[copy / name] != written[copy / name] for name in names)
        assert {name: sha256(copy / name) for name in names} == before


@pytest.mark.parametrize("target", ["tables", "figures", "report"])
def test_what_is_shown_is_made_again_from_scores_alone(copy, target, warm):
    results = copy / "results/tiny"
    path = results / "report.html" if target == "report" else results / target
    before = times(results)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    status, output = snakemake(copy, EXPERIMENT, target, programs=warm)
    assert status == 0, output
    assert path.exists()
    after = times(results)
    assert set(after) == set(before)
    changed = {file for file in after if after[file] != before[file]}
    assert all(file == path or path in file.parents for file in changed)


def test_an_identical_run_of_another_experiment_is_not_trained_again(copy, warm):
    run = "shell_game/en/t5/warmup/seed1"
    other = f"results/other/runs/{run}"
    config = EXPERIMENT | {"experiment": "other"}
    status, output = snakemake(copy, config, "--", f"{other}/training.json", programs=warm)
    assert status == 0, output
    for log, made in (
        ("prepare/shell_game.en", "data"),
        ("tokenizer/shell_game.en.t5", "tokenizers"),
    ):
        said = (copy / f"logs/other/{log}.log").read_text()
        assert f"copied from results/tiny/{made}/shell_game/en" in said
    for name in ("sft", "warmup"):  # whose start is sft's model
        log = copy / f"logs/other/train/{run.replace('warmup', name)}.log"
        assert f"is identical to results/tiny/runs/{run.replace('warmup', name)}" in log.read_text()
    weights = "model/model.safetensors"
    assert sha256(copy / other / weights) == sha256(copy / f"results/tiny/runs/{run}" / weights)
    assert read_json(copy / other / "training.json")["config"]["run"]["experiment"] == "other"


def test_another_setting_of_a_method_concerns_it_and_what_depends_on_it(finished):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["methods"]["sft_continued"]["learning_rate"] = 0.02  # nothing starts from it
    status, output = snakemake(finished, config, "--dry-run")
    assert status == 0, output
    jobs = planned(output)
    assert {rule: jobs[rule] for rule in ("train", "generate", "score", "collect")} == {
        "train": 1, "generate": 1, "score": 1, "collect": 1,
    }  # fmt: skip
    assert "prepare" not in jobs
    assert "tokenizer" not in jobs

    config = tiny.copy.deepcopy(EXPERIMENT)
    config["methods"]["warmup"]["learning_rate"] = 0.02
    jobs = planned(snakemake(finished, config, "--dry-run")[1])
    # of t5 the controls too, whose budgets are warmup's; of llama warmup alone
    assert jobs["train"] == 4


def test_another_model_leaves_finished_runs_alone(finished):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["runs"].append({"datasets": ["tally"], "models": ["llama"], "methods": ["sft"]})
    jobs = planned(snakemake(finished, config, "--dry-run")[1])
    assert (jobs["train"], jobs["tokenizer"], jobs["generate"]) == (1, 1, 1)


def test_a_local_file_that_was_edited_makes_its_data_due(tmp_path):
    config = tiny.copy.deepcopy(EXPERIMENT) | {"data_root": "mine"}
    fields = {"source": "text", "target": "headline"}
    for split in config["datasets"]["tally"]["splits"]:
        source = {"type": "local", "format": "jsonl", "file": f"{split}.jsonl", "fields": fields}
        config["datasets"]["tally"]["splits"][split] = source
        row = {"text": f"something of {split}", "headline": "short"}
        write_jsonl(tmp_path / f"mine/{split}.jsonl", [row])
    target = "results/tiny/data/tally/en/train.jsonl"
    assert snakemake(tmp_path, config, target)[0] == 0
    assert "Nothing to be done" in snakemake(tmp_path, config, target)[1]
    write_jsonl(tmp_path / "mine/train.jsonl", [{"text": "another text", "headline": "short"}])
    status, output = snakemake(tmp_path, config, target)
    assert status == 0, output
    assert "another text" in (tmp_path / target).read_text()

    (tmp_path / "mine/train.jsonl").unlink()
    output = snakemake(tmp_path, config, target)[1]
    assert "config: datasets.tally: splits.train (local): no such file: mine/train.jsonl" in output
    assert "Traceback" not in output


def test_only_on_a_cluster_a_lock_that_was_left_ends_the_next_start(copy):
    locks = copy / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("results/tiny/scores.tsv\n")
    (copy / "results/tiny/scores.tsv").unlink()
    slurm = ("--workflow-profile", str(ROOT / "profiles/slurm"))
    status, output = snakemake(copy, EXPERIMENT, *slurm)
    assert status != 0
    assert "LockException" in output
    status, output = snakemake(copy, EXPERIMENT, "results/tiny/scores.tsv")
    assert status == 0, output
    assert snakemake(copy, EXPERIMENT, *slurm, "--unlock")[0] == 0
    assert not locks.exists()


def test_a_killed_experiment_is_completed_without_doing_finished_work_again(tmp_path):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["runs"] = [{"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]}]
    # some seconds between the first checkpoint and the end
    config["methods"]["sft"] |= {"budget": {"updates": 300}, "validate_every": 20, "log_every": 20}
    target = "results/tiny/runs/shell_game/en/t5/sft/seed1/test.greedy.predictions.jsonl"
    run = subprocess.Popen(
        command(tmp_path, config, target), env=environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    work = tmp_path / "work/tiny/shell_game/en/t5/sft/seed1"
    deadline = time.monotonic() + 300
    while not list(work.glob("checkpoint-*/complete")):
        assert time.monotonic() < deadline, "no checkpoint"
        assert run.poll() is None, "ended before it was killed"
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (tmp_path / target).exists()
    assert not (tmp_path / target).with_name("training.json").exists()
    before = times(tmp_path / "results")
    assert before
    log = tmp_path / "logs/tiny/train/shell_game/en/t5/sft/seed1.log"
    said = log.read_text()
    assert "update 20/300" in said

    status, output = snakemake(tmp_path, config, target)
    assert status == 0, output
    assert "resuming from checkpoint-" in output
    assert "update 300/300" in output
    assert "error:" not in output  # there are no scores to show
    assert log.read_text().startswith(said)
    more = log.read_text().removeprefix(said)
    assert re.match(r"started again .*\n.* resuming from checkpoint-", more)
    assert "update 300/300" in more
    assert not (work / "train.log").exists()
    after = times(tmp_path / "results")
    assert {path: after[path] for path in before} == before

    # the same model as without an interruption
    from warmup.config import experiment
    from warmup.training.training_job import TrainingJob

    run = experiment.resolve(experiment.check(config), "shell_game/en/t5/sft/seed1")
    data = tmp_path / "results/tiny/data/shell_game/en"
    inputs = {
        "start": tmp_path / "results/tiny/tokenizers/shell_game/en/t5",
        "train": data / "train.jsonl",
        "valid": data / "valid.jsonl",
    }
    model, training = TrainingJob(run, inputs, 300, tmp_path / "again").train()
    model.network.save_pretrained(tmp_path / "whole")
    folder = (tmp_path / target).parent
    assert sha256(folder / "model/model.safetensors") == sha256(
        tmp_path / "whole/model.safetensors"
    )
    found = read_json(folder / "training.json")
    for document in (found, training):
        del document["cost"]["seconds"]
    assert found == training
