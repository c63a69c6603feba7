"""Updates that are not a number stop a training, or are left out of it."""

import math

import pytest
import torch

from helpers import tiny
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.method.criterion import Criterion
from warmup.training import model_training


def spoil(monkeypatch, number, value=math.nan):
    """Let the loss of one example be no number in the update after `number` updates."""
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
            found = found + zero.abs().sqrt()  # its derivative at 0 is no number
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


@pytest.mark.parametrize("model_type", ["t5", "llama"])
def test_weights_that_are_no_numbers_stop_a_training_that_samples(run, monkeypatch, model_type):
    plain = Criterion.losses

    def losses(self, network, batch, update):
        if update == 5:
            with torch.no_grad():
                for weight in network.parameters():
                    weight.fill_(math.nan)
        return plain(self, network, batch, update)

    monkeypatch.setattr(Criterion, "losses", losses)
    with pytest.raises(InputError, match="update 6: the loss is not a finite number"):
        run("warmup", model_type)


def test_a_gradient_that_is_no_number_is_found_although_the_loss_is_one(run, tmp_path, monkeypatch):
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
            model_training.train(config, inputs, 8, tmp_path / name, fresh=False, on_nan="skip")
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


def test_a_validation_loss_that_is_no_number_stops_the_training(run, tmp_path, monkeypatch):
    def validation(self, network, batch):
        return torch.full((len(batch["index"]),), math.nan)

    monkeypatch.setattr(Criterion, "validation", validation)
    with pytest.raises(InputError, match="update 4: the validation loss is nan"):
        run("sft", work=tmp_path)
    assert not list(tmp_path.glob("checkpoint-*"))
