"""A clock that jumps: neither the model nor its report depends on the time of day."""

import itertools
import time

import pytest

from helpers.trainings import At, KilledError, same
from warmup.training import checkpoints

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

    true, calls = time.time, itertools.count(1)
    monkeypatch.setattr(time, "time", lambda: JUMPS[jump](true(), next(calls)))
    with pytest.raises(KilledError):
        run("warmup", work=tmp_path, callbacks=[At("on_step_begin", 6)])
    assert checkpoints.latest_valid(tmp_path).name == "checkpoint-4"
    model, training = run("warmup", work=tmp_path)
    assert next(calls) > 3  # the clock was asked at all
    assert same(whole, model)
    seconds = training["cost"].pop("seconds")
    assert 0 < seconds < HOUR
    assert training == expected
