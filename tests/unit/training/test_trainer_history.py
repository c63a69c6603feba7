"""The history of a training run: early stopping, what training.json says, what it costs."""

import itertools

import pytest

from helpers import tiny
from helpers.trainings import same, validation_losses
from warmup.data import predictions
from warmup.data.records import read_records
from warmup.evaluation.warmup_analysis import analyse
from warmup.generation import prediction
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format
from warmup.training import validation


def test_early_stopping_stops_and_the_best_checkpoint_is_the_one_returned(
    run, tmp_path, monkeypatch
):
    best, _ = run("sft", work=tmp_path / "best", updates=8, lr_schedule="constant")
    validation_losses(monkeypatch, [5.0, 3.0, 4.0, 3.5, 1.0])
    model, training = run(
        "sft", work=tmp_path / "early", updates=20, lr_schedule="constant", patience=2
    )
    assert training["stopped"] == "early"
    assert training["updates"] == 16
    assert training["best_update"] == 8
    assert [point["nll"] for point in training["validation"]] == [5.0, 3.0, 4.0, 3.5]
    assert same(model, best)


@pytest.mark.parametrize(
    ("schedule", "rise", "rates"),
    [
        ("constant", 0, [1, 1, 1, 1, 1, 1]),
        ("constant", 4, [0, 0.25, 0.5, 0.75, 1, 1]),
        ("linear", 4, [0, 0.25, 0.5, 0.75, 1, 0.5]),
    ],
)
def test_the_learning_rate_rises_whatever_the_schedule(run, schedule, rise, rates):
    settings = {"lr_schedule": schedule, "lr_warmup": rise, "learning_rate": 0.01}
    _, training = run("sft", updates=6, validate_every=6, log_every=1, **settings)
    found = [point["learning_rate"] for point in training["history"]]
    assert found == pytest.approx([0.01 * rate for rate in rates])


def test_without_patience_all_updates_are_made(run, monkeypatch):
    validation_losses(monkeypatch, [1.0, 2.0, 3.0, 4.0, 5.0])
    _, training = run("sft", updates=20)
    assert (training["updates"], training["stopped"], training["best_update"]) == (20, "budget", 4)


def test_the_history_and_the_costs_are_complete(run):
    model, training = run("warmup", updates=11, max_tokens_per_microbatch=60)
    assert [point["update"] for point in training["history"]] == [2, 4, 6, 8, 10, 11]
    for point in training["history"]:
        assert {"loss", "reward", "warmup_length", "warmup_forced", "effective_sample_size"} <= set(
            point
        )
        assert 1 <= point["effective_sample_size"] <= 3
        assert 0 <= point["warmup_length"] <= 3
        assert point["reward"] < 0
    # the weight of the reference KL is zero from update 6 on
    assert ["reference_kl" in point for point in training["history"]] == [True] * 3 + [False] * 3
    assert [point["update"] for point in training["validation"]] == [4, 8, 11]
    assert training["cost"]["examples"] == 11 * 8
    assert training["cost"]["target_tokens"] >= 2 * training["cost"]["examples"]
    assert training["cost"]["flops"] > 0
    assert model.network is not None


def test_operations_are_counted_with_sampling_and_per_update(run):
    def flops(method, **settings):
        return run(method, **settings)[1]["cost"]["flops"]

    sft, warmup = flops("sft", updates=4), flops("warmup", updates=4)
    assert warmup > 2 * sft
    # counted at the first update only: one update costs as much as another
    assert flops("sft", updates=8) == pytest.approx(2 * sft)
    # sequences are padded to the longest of a batch, so that smaller batches take a little less
    assert flops("sft", updates=4, max_tokens_per_microbatch=10) == pytest.approx(sft, rel=0.1)
    more = flops("warmup", updates=4, sampling={"samples": 6, "max_tokens": 3}, reference_kl=None)
    assert more > 1.4 * warmup


def test_training_learns(run):
    _, training = run("sft", updates=200, learning_rate=0.01, validate_every=20)
    first, last = training["validation"][0]["nll"], training["validation"][-1]["nll"]
    assert last < 0.8 * first
    assert training["best_update"] > 100


def test_warmups_are_measured_in_validation_as_on_the_test_set(run, data, tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "EXAMPLES", 5)
    model, training = run("warmup", updates=8)
    best = training["best_update"]
    (logged,) = (at["warmups"] for at in training["validation"] if at["update"] == best)

    loading.save(model, tmp_path / "model")
    write_format(tmp_path / "model", format_of(tiny.typed(training["config"])))
    records = itertools.islice(read_records(data["valid"]), 5)
    rows = prediction.predict(tmp_path / "model", records, task=None, beams=1, batch_size=2)
    path = tmp_path / "runs/shell_game/en/t5/warmup/seed1/valid.greedy.predictions.jsonl"
    predictions.write(path, rows)
    found = analyse.analyse([path], lambda _: ("tiny", "multiple_choice"))
    expected = {row["quantity"]: row["value"] for row in found if row["subset"] == "all"}
    assert {"constant", "precision_reference", "novelty", "agreement"} <= expected.keys()
    assert logged.pop("n") == 5
    assert logged.keys() == expected.keys()
    assert logged == pytest.approx(expected, rel=1e-4)


def test_measuring_warmups_leaves_the_training_as_it_is(run, monkeypatch):
    model, training = run("warmup", updates=8)
    monkeypatch.setattr(validation.WarmupMeasure, "__call__", lambda self, *_: {})
    plain, without = run("warmup", updates=8)
    assert same(model, plain)
    assert training["history"] == without["history"]
    assert training["cost"]["flops"] == without["cost"]["flops"]
    assert ["warmups" in at for at in training["validation"]] == [True, True]
    assert ["warmups" in at for at in without["validation"]] == [False, False]


def test_without_warmups_none_are_measured(run):
    _, training = run("sft", updates=4)
    assert [at.keys() for at in training["validation"]] == [{"update", "nll", "n"}]
