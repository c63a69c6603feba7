"""What tests of whole trainings share: models and reports compared, validation losses set."""

import copy

import torch

from warmup.training.trainer import WarmupTrainer


def weights(model):
    return model.network.state_dict()


def same(one, other):
    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def without_seconds(training):
    training = copy.deepcopy(training)
    assert training["cost"].pop("seconds") > 0
    return training


def validation_losses(monkeypatch, values):
    """Let validation return the given values instead of what the model is worth."""
    plain = WarmupTrainer._evaluate

    def evaluate(self, *args, **kwargs):
        self._value = values[self.state.global_step // 4 - 1]
        return plain(self, *args, **kwargs)

    def step(self, *args, **kwargs):
        return torch.tensor(self._value), None, None

    monkeypatch.setattr(WarmupTrainer, "_evaluate", evaluate)
    monkeypatch.setattr(WarmupTrainer, "prediction_step", step)
