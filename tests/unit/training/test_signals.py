"""Training runs that are asked to end, or killed at any moment, and started again."""

import hashlib
import json
import os
import random
import signal
import threading
import traceback

import pytest
import torch

from helpers import tiny
from helpers.trainings import At
from warmup.common import errors
from warmup.common.errors import StoppedError
from warmup.training import checkpoints, signals

SETTINGS = {
    "sft": {"lr_warmup": 2},
    "warmup": {"sampling": {"samples": 3, "max_tokens": 3}, "reference_kl": {"updates": 10}},
}
UPDATES = 9
KILLS = 20
CHAIN = 5
"""Kills of one training before it may run to its end."""
WRITING = {"open", "os.mkdir", "os.rename"}
REMOVING = {"os.remove", "os.rmdir"}
"""Events whose path may be relative to the folder that is deleted."""


def resolved(method):
    config = tiny.resolved(method, validate_every=2, log_every=2, **SETTINGS[method])
    config["model"]["scratch"]["dropout_rate"] = 0.1  # random states have to survive as well
    return config


def digest(model):
    """Return the hash of a model's weights, bit for bit."""
    found = hashlib.sha256()
    for name, value in sorted(model.network.state_dict().items()):
        found.update(f"{name} {tuple(value.shape)}".encode() + value.contiguous().numpy().tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def uninterrupted(run):
    made = {}

    def call(method):
        if method not in made:
            model, training = run(method, config=resolved(method), updates=UPDATES)
            made[method] = digest(model), training
        return made[method]

    return call


@pytest.mark.parametrize(
    ("method", "number", "by"),
    [("sft", 0, signal.SIGTERM), ("warmup", 4, signal.SIGINT), ("warmup", 5, signal.SIGTERM)],
)
def test_asked_to_end_a_training_writes_a_checkpoint_and_resumes_to_the_same_model(
    *, run, tmp_path, uninterrupted, method, number, by
):
    before = signal.getsignal(by)
    signalled = At("on_step_begin", number, lambda: os.kill(os.getpid(), by))
    message = rf"ended by {by.name} after update {number + 1}, .*start again"
    with pytest.raises(StoppedError, match=message) as stopped:
        run(method, work=tmp_path, config=resolved(method), updates=UPDATES, callbacks=[signalled])
    assert stopped.value.by == by
    assert signal.getsignal(by) == before
    assert checkpoints.latest_valid(tmp_path).name == f"checkpoint-{number + 1}"
    model, training = run(method, work=tmp_path, config=resolved(method), updates=UPDATES)
    same, expected = uninterrupted(method)
    assert digest(model) == same
    assert training["validation"] == expected["validation"]
    for name in ("examples", "target_tokens"):  # nothing is lost, nothing is counted twice
        assert training["cost"][name] == expected["cost"][name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_what_it_did_before(number):
    before = signal.getsignal(number)
    with signals.catch_signals() as interruption:
        assert signal.getsignal(number) != before
        signal.raise_signal(number)
        assert interruption.requested
        assert interruption.by == number
        assert signal.getsignal(number) == before


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.catch_signals() as interruption:
            signal.raise_signal(signal.SIGINT)
        assert not interruption.requested
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_torchrun_that_ignores_sigterm_leaves_it_to_its_processes():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.catch_signals() as interruption:
            signal.raise_signal(signal.SIGTERM)
            assert interruption.requested
            signal.raise_signal(signal.SIGTERM)  # Slurm's, a second time: no harm
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_nothing_is_listened_for():
    found = []

    def inside():
        with signals.catch_signals() as interruption:
            found.append(interruption.requested)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [False]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(("by", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_command_says_so_in_one_line_with_the_status_of_the_signal(capsys, by, status):
    def stop():
        raise StoppedError(f"ended by {by.name}\nafter update 3", by)

    with pytest.raises(SystemExit) as ended:
        errors.run(stop)
    assert ended.value.code == status
    assert capsys.readouterr().err == f"stopped: ended by {by.name} after update 3\n"


def child(run, work, at=None):
    """Train in a process that kills itself at a moment; return its status and what it says.

    Moments are updates and whatever happens to files in the work folder, counted from 1: a test
    that waits for some time would kill at other moments on another machine.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        with os.fdopen(reading) as stream:
            printed = stream.read()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), printed
    try:
        moments = 0

        def tick():
            nonlocal moments
            moments += 1
            if moments == at:
                os.kill(os.getpid(), signal.SIGKILL)

        def watch(event, arguments):
            inside = event in WRITING and str(work) in str(arguments[0])
            if inside or event in REMOVING:
                tick()

        import sys

        sys.addaudithook(watch)
        torch.set_num_threads(1)
        model, _ = run(
            "warmup", work=work, config=resolved("warmup"), updates=UPDATES,
            callbacks=[At("on_step_begin", action=tick)],
        )  # fmt: skip
        os.write(writing, json.dumps([digest(model), moments]).encode())
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def spoil(folder, draw):
    """Do to the newest checkpoint what a power cut may do: cut a file off, or garble its end."""
    newest = max(folder.glob("checkpoint-*/complete"), default=None)
    if newest is None:
        return
    path = draw.choice(sorted(path for path in newest.parent.iterdir() if path.stat().st_size))
    content = bytearray(path.read_bytes())
    place = draw.randrange(len(content))
    path.write_bytes(content[:place] if draw.random() < 0.5 else content[:place] + b"\0\0\0")


@pytest.mark.slow
def test_twenty_kills_at_random_moments_and_power_cuts_give_the_same_model(run, tmp_path):
    draw = random.Random(2025)
    status, printed = child(run, tmp_path / "whole")
    assert status == 0
    expected, moments = json.loads(printed)
    assert moments > 50
    kills = 0
    while kills < KILLS:
        work = tmp_path / f"after {kills}"
        for number in range(CHAIN):
            status, printed = child(run, work, at=draw.randrange(1, moments // (number + 1)))
            if status == 0:
                break
            assert status == -signal.SIGKILL
            kills += 1
            if draw.random() < 0.3:
                spoil(work, draw)
        else:
            status, printed = child(run, work)
        assert status == 0
        assert json.loads(printed)[0] == expected, f"seed 2025, after {kills} kills"
