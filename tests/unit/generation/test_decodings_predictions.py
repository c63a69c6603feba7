"""Predictions of checkpoints after warmups that are not the model's own greedy ones."""

import pytest

from helpers.predictions import predict
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import read_jsonl, write_jsonl
from warmup.data.records import Unlabelled, read_records
from warmup.generation import prediction


@pytest.mark.parametrize("warmup", ["shuffled", "gold_prefix", "best_of_n"])
def test_predictions_say_where_the_warmup_came_from(checkpoints, data, warmup):
    records = list(read_records(data["valid"]))
    found = predict(checkpoints / "warmup", records, warmup=warmup)
    assert {row["warmup_from"] for row in found} == {warmup}
    assert [row["id"] for row in found] == [record.id for record in records]
    own_ = predict(checkpoints / "warmup", records)
    assert [row["references"] for row in found] == [row["references"] for row in own_]
    if warmup == "gold_prefix":
        for row, before in zip(found, own_, strict=True):
            assert row["warmup_tokens"] <= before["warmup_tokens"]


def test_a_model_without_warmups_has_none_to_replace(checkpoints, data):
    records = list(read_records(data["valid"]))
    assert {row["warmup_from"] for row in predict(checkpoints / "sft", records)} == {None}
    for warmup in ("shuffled", "gold_prefix", "best_of_n"):
        with pytest.raises(InputError, match=f"--warmup {warmup}: .*sft was trained without"):
            predict(checkpoints / "sft", records, warmup=warmup)


def test_as_many_samples_as_in_training_unless_told_otherwise(checkpoints, data):
    records = list(read_records(data["valid"]))
    found = [
        predict(checkpoints / "warmup", records, warmup="best_of_n", samples=samples)
        for samples in (None, 3, 1)
    ]
    assert found[0] == found[1] != found[2]
    with pytest.raises(InputError, match="--samples: --warmup own takes no samples"):
        predict(checkpoints / "warmup", records, samples=3)


def test_a_gold_prefix_needs_a_target(checkpoints):
    record = Unlabelled(id="x", source="start A swap AB", choices=["A", "B", "C"])
    with pytest.raises(InputError, match="record 'x' has no answer"):
        predict(checkpoints / "warmup", [record], warmup="gold_prefix")
    assert len(predict(checkpoints / "warmup", [record] * 2, warmup="shuffled")) == 2


def test_the_command_line(checkpoints, data, tmp_path, capsys):
    records = list(read_jsonl(data["valid"]))[:5]
    write_jsonl(tmp_path / "in.jsonl", records)

    def call(*arguments):
        given = ["--model", str(checkpoints / "warmup"), "--input"]
        given += [str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl")]
        main(["generate", *given, *arguments])
        return list(read_jsonl(tmp_path / "out.jsonl"))

    found = call("--warmup", "best_of_n", "--samples", "2", "--seed", "3")
    assert {row["warmup_from"] for row in found} == {"best_of_n"}
    assert {row["warmup_from"] for row in call()} == {"own"}
    for wrong, message in (
        (["--samples", "0"], "--samples: must be at least 1"),
        (["--seed", "-1"], "--seed: must be from 0 to"),
        (["--warmup", "none"], "best_of_n, gold_prefix, own, shuffled"),
    ):
        with pytest.raises(SystemExit):
            call(*wrong)
        assert message in capsys.readouterr().err.replace("'", "")


def test_samples_do_not_depend_on_how_many_inputs_are_held_at_once(checkpoints, data, monkeypatch):
    records = list(read_records(data["valid"]))[:10]

    def outputs():
        found = predict(checkpoints / "warmup", records, warmup="best_of_n", samples=3, seed=5)
        return [(row["warmup"], row["output"]) for row in found]

    whole = outputs()
    monkeypatch.setattr(prediction, "WINDOW", 3)
    assert outputs() == whole
