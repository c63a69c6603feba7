"""All outputs of a run by one command, which keeps what is finished."""

import json
import shutil

import pytest

from warmup.__main__ import main
from warmup.common.files import read_jsonl, sha256, write_json
from warmup.generation.prediction import Predictor

DECODINGS = {
    "greedy": {"beams": 1, "batch_size": 7, "warmup": "own", "samples": None},
    "beam2": {"beams": 2, "batch_size": 7, "warmup": "own", "samples": None},
    "best": {"beams": 1, "batch_size": 7, "warmup": "best_of_n", "samples": 3},
}
SPLITS = ("test", "more")


@pytest.fixture
def folder(checkpoints, data, tmp_path):
    """A folder with a finished run and its data."""
    shutil.copytree(checkpoints / "warmup", tmp_path / "run/model")
    write_json(tmp_path / "run/provenance.json", {})
    hashes = {}
    for split in SPLITS:
        path = shutil.copy(data["valid"], tmp_path / f"{split}.jsonl")
        hashes[split] = {"sha256": sha256(path)}
    write_json(tmp_path / "summary.json", {"splits": hashes})
    return tmp_path


@pytest.fixture
def generate(folder, capsys):
    """Run the command; return which files it says that it generated, and which were there."""

    def call(**decodings):
        capsys.readouterr()
        main(
            ["generate-run", "--run", str(folder / "run"), "--data", str(folder),
             "--splits", *SPLITS, "--decodings", json.dumps(decodings),
             "--kept", str(folder / "kept"), "--seed", "5"]
        )  # fmt: skip
        said = capsys.readouterr().out.splitlines()
        names = [(line.split(".predictions")[0].rpartition("/")[2], line) for line in said]
        there = [name for name, line in names if "was generated before" in line]
        return [name for name, _ in names if name not in there], there

    return call


def delete_outputs(folder):
    """Do what Snakemake does before it runs a job again; return what was there."""
    paths = list((folder / "run").glob("*.predictions.jsonl"))
    texts = {path.name: path.read_text() for path in paths}
    for path in paths:
        path.unlink()
    return texts


def test_outputs_are_those_of_the_command_for_one_file(folder, generate):
    generate(**DECODINGS)
    options = {
        "greedy": [],
        "beam2": ["--beams", "2"],
        "best": ["--warmup", "best_of_n", "--samples", "3"],
    }
    for name, given in options.items():
        main(
            ["generate", "--model", str(folder / "run/model"),
             "--input", str(folder / "more.jsonl"), "--output", str(folder / "one"),
             "--batch-size", "7", "--seed", "5", *given]
        )  # fmt: skip
        made = folder / f"run/more.{name}.predictions.jsonl"
        assert made.read_bytes() == (folder / "one").read_bytes()


def test_only_what_is_missing_is_generated(folder, generate):
    assert generate(greedy=DECODINGS["greedy"]) == (["test.greedy", "more.greedy"], [])
    before = delete_outputs(folder)
    made, there = generate(**DECODINGS)
    assert made == ["test.beam2", "test.best", "more.beam2", "more.best"]
    assert there == ["test.greedy", "more.greedy"]
    after = delete_outputs(folder)
    assert {name: after[name] for name in before} == before
    assert generate(**DECODINGS)[0] == []
    assert delete_outputs(folder) == after


def test_what_was_finished_when_a_job_was_killed_is_not_generated_again(
    folder, generate, monkeypatch
):
    predict = Predictor.predict_all

    def killed(self, records, decoding, seed):
        if decoding.beams == 2:
            raise KeyboardInterrupt
        return predict(self, records, decoding, seed)

    monkeypatch.setattr(Predictor, "predict_all", killed)
    with pytest.raises(SystemExit):
        generate(**DECODINGS)
    monkeypatch.undo()
    assert list(delete_outputs(folder)) == ["test.greedy.predictions.jsonl"]
    made, there = generate(**DECODINGS)
    assert there == ["test.greedy"]
    assert len(made) == 5


@pytest.mark.parametrize("what", ["model", "data", "settings", "file", "record"])
def test_predictions_of_something_else_are_generated_again(folder, generate, what):
    decodings = {"greedy": DECODINGS["greedy"], "beam2": DECODINGS["beam2"]}
    generate(**decodings)
    whole = ["test.greedy", "test.beam2", "more.greedy", "more.beam2"]
    if what == "model":
        write_json(folder / "run/provenance.json", {"another": 1})
        again = whole
    elif what == "data":
        rows = list(read_jsonl(folder / "more.jsonl"))[:3]
        (folder / "more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        hashes = {split: {"sha256": sha256(folder / f"{split}.jsonl")} for split in SPLITS}
        write_json(folder / "summary.json", {"splits": hashes})
        again = ["more.greedy", "more.beam2"]
    elif what == "settings":
        decodings["beam2"] = DECODINGS["beam2"] | {"beams": 3}
        again = ["test.beam2", "more.beam2"]
    elif what == "file":
        (folder / "kept/test.beam2.predictions.jsonl").write_text("half a l")
        again = ["test.beam2"]
    else:
        (folder / "kept/test.greedy.json").write_text("{")
        again = ["test.greedy"]
    delete_outputs(folder)
    made, there = generate(**decodings)
    assert made == again
    assert sorted(there) == sorted(set(whole) - set(again))


def test_a_wrong_setting_is_named(generate, capsys):
    with pytest.raises(SystemExit):
        generate(greedy=DECODINGS["greedy"] | {"beams": 0})
    assert "error: --decodings: greedy.beams: " in capsys.readouterr().err
