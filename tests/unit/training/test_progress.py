"""Lines of a running training on the terminal."""

from types import SimpleNamespace

import pytest

from warmup.training.callbacks import Progress

STARTUP, UPDATE = 100.0, 2.0
"""Seconds before the end of the first update, and of each later one."""


@pytest.fixture
def run(capsys):
    """Return a function that makes some of 200 updates; it returns the lines."""

    def make(updates, first=1, validate_every=1000):
        now = [0.0]
        progress = Progress("a/run", clock=lambda: now[0])
        state = SimpleNamespace(
            global_step=0, max_steps=200, is_world_process_zero=True, log_history=[{"loss": 2.0}]
        )
        for update in range(first, first + updates):
            now[0] += STARTUP if update == first else UPDATE
            state.global_step = update
            progress.on_step_end(None, state, None)
            if update % validate_every == 0:
                progress.on_log(None, state, None, {"eval_loss": 3.0})
        return capsys.readouterr().err.splitlines()

    return make


def test_the_time_left_does_not_count_the_start(run):
    assert run(100, validate_every=100)[-1] == (
        "a/run  update 100/200  validation nll 3.000  loss 2  3 min left"
    )  # 100 updates of 2 s, and nothing of the 100 s before


def test_the_time_left_of_a_resumed_run_is_that_of_its_own_updates(run):
    assert run(20, first=101, validate_every=120)[-1].endswith("3 min left")


def test_a_long_silence_is_ended_by_a_line(run):
    lines = run(40)
    assert [line.split("  ")[1] for line in lines] == ["update 16/200", "update 31/200"]


def test_short_runs_have_lines_at_validations_only(run):
    assert len(run(10, validate_every=5)) == 2


def test_a_validation_after_the_first_update_promises_no_time(run):
    assert run(1, validate_every=1) == ["a/run  update 1/200  validation nll 3.000  loss 2"]
