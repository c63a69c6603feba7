"""What goes wrong on a cluster: what people see, what is lost, and how it goes on."""

import os
import signal

import pytest
from controller import (
    FOLDER,
    LOG,
    RESOURCES,
    TRAINING,
    WORK,
    Start,
    checkpoint,
    experiment,
    hold,
    jobs,
    queued,
    slurm,
    training,
)


def test_sigint_ends_the_jobs_and_the_next_start_goes_on(folder, same_model):
    first = Start(folder, TRAINING)
    hold(first, folder)
    status, output = first.end(signal.SIGINT)
    assert status == 1
    assert "Terminating processes on user request" in output
    assert not jobs("PENDING", "RUNNING")
    assert not (folder / FOLDER / "model").exists()

    status, output = Start(folder, TRAINING).wait()
    assert status == 0, output
    assert "resuming from checkpoint-" in (folder / LOG).read_text()
    same_model(folder)
