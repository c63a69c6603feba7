"""What several unit tests share."""

import pytest

from helpers import tiny


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Records of the shell game and tokenizers, see `tiny.data`; nothing writes to them."""
    return tiny.data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def run(data, tmp_path_factory):
    """Return a function that trains a method of the tiny experiment, in this process."""
    import torch
    from transformers.utils import logging

    from warmup.training.training_job import TrainingJob

    logging.set_verbosity_error()
    logging.disable_progress_bar()

    def call(
        method,
        model_type="t5",
        *,
        work=None,
        start=None,
        updates=8,
        config=None,
        callbacks=(),
        **settings,
    ):
        config = config or tiny.resolved(method, model_type, **settings)
        if start is None:
            config["method"]["start"] = "scratch"
        inputs = {
            "start": start or data[model_type],
            "train": data["train"],
            "valid": data["valid"],
        }
        work = work or tmp_path_factory.mktemp("work")
        torch.manual_seed(99)  # nothing may depend on what was drawn before
        return TrainingJob(tiny.typed(config), inputs, updates, work, callbacks=callbacks).train()

    return call


@pytest.fixture(scope="session")
def checkpoints(run, tmp_path_factory):
    """Checkpoints with and without warmups, as `warmup train` leaves them."""
    from warmup.models import loading
    from warmup.models.checkpoint_format import format_of, write_format

    folder = tmp_path_factory.mktemp("checkpoints")
    for method in ("sft", "warmup"):
        trained, training = run(method)
        loading.save(trained, folder / method)
        write_format(folder / method, format_of(tiny.typed(training["config"])))
    return folder


@pytest.fixture
def plan():
    """The plan of the tiny experiment."""
    from warmup.pipeline.plan import Plan

    return Plan(tiny.experiment())


@pytest.fixture(scope="session")
def report_inputs(tmp_path_factory):
    """What a report is made of, see `report_page.write_inputs`; nothing writes to it."""
    from helpers import report_page

    return report_page.write_inputs(tmp_path_factory.mktemp("results"))
