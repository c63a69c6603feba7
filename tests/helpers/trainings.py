"""What tests of whole trainings share: interruptions, comparisons, validation losses."""

import copy

import torch
from transformers import TrainerCallback

from warmup.training.trainer import WarmupTrainer


class KilledError(Exception):
    """Stands for the end of the process."""


class At(TrainerCallback):
    """Calls a function at an event of the training, once so many updates are made.

    Args:
        event: name of the event, such as `on_step_begin`.
        updates: number of updates; None for any.
        action: the function; without it, `KilledError` is raised.
    """

    def __init__(self, event, updates=None, action=None):
        def call(args, state, control, **kwargs):
            if updates in (None, state.global_step):
                if action is None:
                    raise KilledError
                action()

        setattr(self, event, call)


def weights(model):
    return model.network.state_dict()


def same(one, other):
    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def without_seconds(training):
    training = copy.deepcopy(training)
    assert training["cost"].pop("seconds") > 0
    return training


def validation_losses(monkeypatch, losses):
    """Let validations, one after every four updates, find the given losses."""

    def prediction_step(self, *args, **kwargs):
        return torch.tensor(losses[self.state.global_step // 4 - 1]), None, None

    monkeypatch.setattr(WarmupTrainer, "prediction_step", prediction_step)
