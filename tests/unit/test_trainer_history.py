"""The history of a training: early stopping, what is written of it, what it costs."""

import pytest
from trainings import same, validation_losses


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
    model, training = run("warmup", updates=11, pass_tokens=60)
    assert [point["update"] for point in training["history"]] == [2, 4, 6, 8, 10, 11]
    for point in training["history"]:
        assert {"loss", "reward", "warmup_length", "warmup_forced", "effective_sample_size"} <= set(
            point
        )
        assert 1 <= point["effective_sample_size"] <= 3
        assert 0 <= point["warmup_length"] <= 3
        assert point["reward"] < 0
    # the anchor's weight is zero from update 6 on
    assert ["anchor_divergence" in point for point in training["history"]] == [True] * 3 + [
        False
    ] * 3
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
    assert flops("sft", updates=4, pass_tokens=10) == pytest.approx(sft, rel=0.1)
    more = flops("warmup", updates=4, warmup={"samples": 6, "max_tokens": 3})
    assert more > 1.4 * warmup


def test_training_learns(run):
    _, training = run("sft", updates=200, learning_rate=0.01, validate_every=20)
    first, last = training["validation"][0]["nll"], training["validation"][-1]["nll"]
    assert last < 0.8 * first
    assert training["best_update"] > 100
