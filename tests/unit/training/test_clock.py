"""A clock that jumps: neither the model nor what is said of it depends on the time of day."""

import itertools
import time

import pytest
import torch

from warmup.training import checkpoints
from warmup.training.trainer import WarmupTrainer

HOUR = 3600.0
JUMPS = {
    "back": lambda now, call: now - call * HOUR,
    "to and fro": lambda now, call: now + (-1) ** call * 24 * HOUR,
    "stands still": lambda now, call: 1_000_000_000.0,
}
"""What the clock says, from the true time and how often it was asked."""


@pytest.fixture(scope="module")
def uninterrupted(run):
    model, training = run("warmup")
    del training["cost"]["seconds"]
    return model, training


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jumping_clock_changes_nothing(run, uninterrupted, tmp_path, monkeypatch, jump):
    whole, expected = uninterrupted

    def step(self, *args, **kwargs):
        if self.state.global_step == 6:
            raise KeyboardInterrupt
        return plain(self, *args, **kwargs)

    plain, true, calls = WarmupTrainer.training_step, time.time, itertools.count(1)
    monkeypatch.setattr(time, "time", lambda: JUMPS[jump](true(), next(calls)))
    with monkeypatch.context() as patch:
        patch.setattr(WarmupTrainer, "training_step", step)
        with pytest.raises(KeyboardInterrupt):
            run("warmup", work=tmp_path)
    assert checkpoints.last(tmp_path).name == "checkpoint-4"
    model, training = run("warmup", work=tmp_path)
    assert next(calls) > 3  # the clock was asked at all
    one, other = whole.network.state_dict(), model.network.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    seconds = training["cost"].pop("seconds")
    assert 0 < seconds < HOUR
    assert training == expected
