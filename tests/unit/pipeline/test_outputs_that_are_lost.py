"""Outputs that were deleted or damaged after their job: noticed, and everything else left alone."""

import os
import shutil

import pytest

from warmup.common import register
from warmup.common.files import sha256, write_json, write_text
from warmup.generation.evaluations import Evaluation
from warmup.pipeline import lost_outputs
from warmup.training import shared_runs

LATER = 100.0


@pytest.fixture
def run(tmp_path):
    """The results of a training run, and the register that has them."""
    folder, finished = tmp_path / "run", tmp_path / "finished"
    for name in ("model/config.json", "model/tokenizer.json", "training.json", "provenance.json"):
        write_json(folder / name, {"of": name})
    write_text(folder / "model/model.safetensors", "weights")
    register.add(finished, "an earlier one", folder, {"training.json": "another"})
    register.add(finished, "this one", folder, shared_runs.hashes(folder))
    register.add(finished, "of another folder", tmp_path / "other", {})
    write_text(finished / "damaged.json", "[")
    return finished, folder


@pytest.fixture
def data(tmp_path):
    """A prepared data set."""
    folder = tmp_path / "data"
    splits = {}
    for split in ("train", "valid", "test"):
        write_text(folder / f"{split}.jsonl", f"{split}\n")
        splits[split] = {"sha256": sha256(folder / f"{split}.jsonl")}
    write_json(folder / "summary.json", {"splits": splits})
    return folder


def test_results_as_they_were_made_are_whole(run, data):
    assert lost_outputs.check_run(*run) is None
    assert lost_outputs.check_data(data) is None


@pytest.mark.parametrize(
    "name", ["model/tokenizer.json", "model/model.safetensors", "training.json"]
)
def test_a_file_of_a_run_that_was_cut_off_is_named(run, name):
    finished, folder = run
    os.truncate(folder / name, 3)
    problem = lost_outputs.check_run(finished, folder)
    assert problem == f"{folder / name} is damaged (another hash)"


def test_a_file_of_a_run_that_was_deleted_is_named(run):
    finished, folder = run
    (folder / "model/tokenizer.json").unlink()
    assert lost_outputs.check_run(finished, folder) == f"{folder}/model/tokenizer.json is missing"


def test_a_run_that_is_not_registered_is_taken_as_it_is(run, tmp_path):
    _, folder = run
    assert lost_outputs.check_run(tmp_path / "nowhere", folder) is None


def test_a_tokenizer_is_compared_with_the_register_too(run, tmp_path):
    finished, folder = run[0], run[1] / "model"
    register.add(finished, "tokenizer", folder, register.hashes_of_folder(folder))
    (folder / register.ADDED_BY_SNAKEMAKE).touch()
    assert lost_outputs.check_tokenizer(finished, folder) is None
    os.truncate(folder / "tokenizer.json", 3)
    problem = lost_outputs.check_tokenizer(finished, folder)
    assert problem == f"{folder}/tokenizer.json is damaged (another hash)"


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_that_was_deleted_or_cut_off_is_named(data, split):
    path = data / f"{split}.jsonl"
    os.truncate(path, 2)
    assert lost_outputs.check_data(data) == f"{path} is damaged (another hash)"
    path.unlink()
    assert lost_outputs.check_data(data) == f"{path} is missing"
    assert path in lost_outputs.split_files(data)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"splits": []}', '{"splits": {"a": {}}}'])
def test_a_summary_that_is_damaged_is_named(data, content):
    (data / "summary.json").write_text(content)
    assert lost_outputs.check_data(data) == f"{data}/summary.json is damaged"


def test_scores_that_are_not_json_are_named(tmp_path):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in paths:
        write_json(path, {})
    assert lost_outputs.check_json(paths) is None
    os.truncate(paths[1], 1)
    assert lost_outputs.check_json(paths) == f"{paths[1]} is damaged (not JSON)"


def test_content_is_read_only_if_it_was_written_after_the_job(run):
    _, folder = run
    outputs, checks = [folder / "model", folder / "training.json"], []

    def problem(end):
        return lost_outputs.problem(outputs, lambda path: end, lambda: checks.append(1) or "read")

    now = max(path.stat().st_mtime for path in folder.rglob("*"))
    assert problem(now) is None
    assert checks == []
    weights = folder / "model/model.safetensors"
    os.utime(weights, (now + LATER, now + LATER))
    assert problem(now) == "read"
    assert problem(None) is None  # of a job that has not ended nothing is known


def test_an_output_that_is_missing_was_made_before(run):
    _, folder = run
    shutil.rmtree(folder / "model")
    outputs = [folder / "training.json", folder / "model"]
    assert lost_outputs.problem(outputs, lambda path: LATER, str) == f"{folder}/model is missing"
    assert lost_outputs.problem(outputs, lambda path: None, str) is None


def test_predictions_are_compared_with_their_record(run, data, tmp_path):
    _, folder = run
    evaluation = Evaluation(
        run=folder, data=data, kept=tmp_path / "kept", split="test", decoding="greedy", settings={}
    )
    write_text(evaluation.predictions, "predictions")
    assert lost_outputs.check_evaluation(evaluation) is None  # nothing is known of them
    evaluation.keep()
    assert lost_outputs.check_evaluation(evaluation) is None
    os.truncate(evaluation.predictions, 3)
    problem = lost_outputs.check_evaluation(evaluation)
    assert problem == f"{evaluation.predictions} is damaged (another hash)"
    write_json(folder / "provenance.json", {"of": "another model"})
    assert lost_outputs.check_evaluation(evaluation) is None  # they are due in any case
