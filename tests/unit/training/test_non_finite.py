"""Updates that are NaN or infinite stop a training run, or are left out of it."""

import math

import pytest
import torch
from transformers import TrainerCallback

from helpers import tiny
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.method.criterion import Criterion
from warmup.training.non_finite import non_finite_part
from warmup.training.training_job import TrainingJob


@pytest.mark.parametrize(
    ("loss", "gradient", "part"),
    [
        (1.0, 2.0, None),
        (math.nan, 2.0, "loss"),
        (math.inf, math.nan, "loss"),
        (1.0, math.nan, "gradient"),
        (1.0, -math.inf, "gradient"),
    ],
)
def test_the_part_of_an_update_that_is_not_finite_is_named(loss, gradient, part):
    gradients = [torch.tensor([0.0, 1.0]), torch.tensor([gradient])]
    assert non_finite_part(torch.tensor(loss), gradients) == part


def spoil(monkeypatch, number, value=math.nan):
    """Multiply the loss of one example by a value in the update after `number` updates."""
    plain = Criterion.losses

    def losses(self, network, batch, update):
        found, notes = plain(self, network, batch, update)
        if update == number:
            scale = torch.ones_like(found)
            scale[1] = value
            found = found * scale
        return found, notes

    monkeypatch.setattr(Criterion, "losses", losses)


def spoil_gradient(monkeypatch, number):
    """Let a gradient be infinite where the loss is not."""
    plain = Criterion.losses

    def losses(self, network, batch, update):
        found, notes = plain(self, network, batch, update)
        if update == number:
            zero = next(network.parameters()).flatten()[0] * 0
            found = found + zero.abs().sqrt()  # its derivative at 0 is infinite or NaN
        return found, notes

    monkeypatch.setattr(Criterion, "losses", losses)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_training_stops_and_shows_the_batch(run, tmp_path, monkeypatch, value):
    spoil(monkeypatch, 5, value)
    with pytest.raises(InputError) as stopped:
        run("sft", work=tmp_path)
    message = str(stopped.value)
    assert message.startswith("update 6: the loss is not a finite number")
    assert str(tmp_path / "bad_batch.json") in message
    assert "on_nan: skip" in message
    found = read_json(tmp_path / "bad_batch.json")
    assert found["update"] == 6
    assert len(found["examples"]) == 8
    assert [row["loss"] for row in found["examples"]].count(str(value)) == 1
    assert all(row["id"] and row["source"] for row in found["examples"])


class NanWeights(TrainerCallback):
    """Makes all weights NaN after so many updates."""

    def __init__(self, updates):
        self.updates = updates

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if state.global_step == self.updates:
            with torch.no_grad():
                for weight in model.parameters():
                    weight.fill_(math.nan)


@pytest.mark.parametrize("model_type", ["t5", "llama"])
def test_weights_that_are_nan_stop_a_training_that_samples(run, model_type):
    with pytest.raises(InputError, match="update 6: the loss is not a finite number"):
        run("warmup", model_type, callbacks=[NanWeights(5)])


def test_a_gradient_that_is_not_finite_is_found_although_the_loss_is(run, tmp_path, monkeypatch):
    spoil_gradient(monkeypatch, 2)
    with pytest.raises(InputError, match="update 3: the gradient is not a finite number"):
        run("sft", work=tmp_path)


def test_after_a_change_of_mind_it_goes_on_from_its_checkpoint_without_that_update(
    run, data, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as patch:
        spoil(patch, 5)
        with pytest.raises(InputError):
            run("warmup", work=tmp_path / "one")
        inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}
        config = tiny.resolved("warmup")
        config["method"]["start"] = "scratch"
        made = [
            TrainingJob(tiny.typed(config), inputs, 8, tmp_path / name, on_nan="skip").train()
            for name in ("one", "other")
        ]
    assert "resuming from checkpoint-4" in capsys.readouterr().err
    for model, training in made:
        assert training["skipped_updates"] == 1
        assert training["updates"] == 8
        assert all(math.isfinite(v) for point in training["history"] for v in point.values())
        assert all(value.isfinite().all() for value in model.network.state_dict().values())
    one, other = (model.network.state_dict() for model, _ in made)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_ordinary_trainings_skip_nothing(run):
    _, training = run("sft")
    assert training["skipped_updates"] == 0
    assert all("skipped" not in point for point in training["history"])


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_a_validation_loss_that_is_nan_stops_the_training(run, tmp_path, method):
    with pytest.raises(InputError, match="update 4: the validation loss is nan"):
        run(method, work=tmp_path, callbacks=[NanWeights(4)])
    assert not list(tmp_path.glob("checkpoint-*"))
