"""Training runs that are equal bit for bit: with one seed, and interrupted and resumed."""

import pytest

from helpers import tiny
from helpers.trainings import At, KilledError, same, validation_losses, without_seconds
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.training import callbacks, checkpoints, work_folder
from warmup.training.training_job import TrainingJob


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_the_same_seed_gives_the_same_model_bit_for_bit(run, tmp_path, method):
    one, first = run(method, work=tmp_path / "one")
    other, second = run(method, work=tmp_path / "other")
    assert same(one, other)
    assert without_seconds(first) == without_seconds(second)

    config = tiny.resolved(method)
    config["seed"] = 2
    different, _ = run(method, work=tmp_path / "third", config=config)
    assert not same(one, different)


INTERRUPTIONS = {
    "before any checkpoint": At("on_step_begin", 3),
    "after a checkpoint": At("on_step_begin", 4),
    "between checkpoints": At("on_step_begin", 7),
    # a checkpoint is written, but not marked as complete
    "in the first checkpoint": At("on_save", 4),
    "in a later checkpoint": At("on_save", 8),
    # no result is written
    "at the end": At("on_train_end"),
}
RESUMABLE = {
    "sft": {"max_tokens_per_microbatch": 10, "lr_warmup": 2},
    "warmup": {"sampling": {"samples": 3, "max_tokens": 3}, "reference_kl": {"updates": 10}},
}


def resumable(method):
    config = tiny.resolved(method, **RESUMABLE[method])
    # dropout: the state of PyTorch's generator has to survive as well
    config["model"]["scratch"]["dropout_rate"] = 0.1
    return {"config": config, "updates": 11}


@pytest.fixture(scope="module")
def uninterrupted(run):
    return {method: run(method, **resumable(method)) for method in RESUMABLE}


@pytest.mark.parametrize("moment", INTERRUPTIONS)
@pytest.mark.parametrize("method", RESUMABLE)
def test_a_killed_run_resumes_to_the_same_model_bit_for_bit(
    *, run, tmp_path, uninterrupted, method, moment
):
    with pytest.raises(KilledError):
        run(method, work=tmp_path, callbacks=[INTERRUPTIONS[moment]], **resumable(method))
    resumed, found = run(method, work=tmp_path, **resumable(method))
    whole, expected = uninterrupted[method]
    assert same(whole, resumed)
    assert without_seconds(found) == without_seconds(expected)
    assert found["updates"] == 11


@pytest.mark.parametrize("backprop_samples", [None, 2])
def test_what_adaptive_sampling_has_learned_survives_an_interruption(
    run, tmp_path, backprop_samples
):
    sampling = {
        "samples": 3,
        "max_tokens": 3,
        "adaptive_samples": {"min_samples": 2, "ess_fraction": 0.95},
        "backprop_samples": backprop_samples,
    }
    # batches so large that examples come again after the checkpoint
    settings = {"updates": 10, "batch_size": 64, "sampling": sampling, "reference_kl": None}
    whole, expected = run("warmup", work=tmp_path / "whole", **settings)
    with pytest.raises(KilledError):
        run("warmup", work=tmp_path / "killed", callbacks=[At("on_step_begin", 9)], **settings)
    flat = read_json(checkpoints.latest_valid(tmp_path / "killed") / callbacks.FLAT_FILE)
    assert 0 < len(flat) < 200
    resumed, found = run("warmup", work=tmp_path / "killed", **settings)
    assert same(whole, resumed)
    assert without_seconds(found) == without_seconds(expected)


@pytest.mark.parametrize(
    "moment",
    [At("on_step_begin", 13), At("on_train_end")],  # 13: after one validation without improvement
    ids=["between", "at the end"],
)
def test_patience_survives_an_interruption(run, tmp_path, monkeypatch, moment):
    settings = {"updates": 20, "lr_schedule": "constant", "patience": 2}
    validation_losses(monkeypatch, [5.0, 3.0, 4.0, 3.5, 1.0])
    whole, expected = run("sft", work=tmp_path / "whole", **settings)
    with pytest.raises(KilledError):
        run("sft", work=tmp_path / "killed", callbacks=[moment], **settings)
    resumed, found = run("sft", work=tmp_path / "killed", **settings)
    assert without_seconds(found) == without_seconds(expected)
    assert same(whole, resumed)


def test_an_interrupted_run_of_other_settings_is_refused_or_dropped(run, data, tmp_path):
    with pytest.raises(KilledError):
        run("sft", work=tmp_path / "work", callbacks=[At("on_step_begin", 6)])
    with pytest.raises(InputError, match=r"learning_rate was 0\.01 and is 0\.02"):
        run("sft", work=tmp_path / "work", learning_rate=0.02)
    config = tiny.resolved("sft", learning_rate=0.02)
    inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}
    afresh, _ = TrainingJob(tiny.typed(config), inputs, 8, tmp_path / "work", fresh=True).train()
    whole, _ = run("sft", work=tmp_path / "other", learning_rate=0.02)
    assert same(afresh, whole)
    work_folder.clear(tmp_path / "work")
    assert not list((tmp_path / "work").glob("checkpoint-*"))
