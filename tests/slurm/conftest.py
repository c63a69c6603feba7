"""Tests of the pipeline on a Slurm cluster of two nodes: `make test-slurm`."""

import os
from pathlib import Path

import controller
import pytest

from warmup.common.files import sha256

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    reason = "not on the cluster of tests/slurm/cluster: see `make test-slurm`"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slurm)
            if not os.environ.get("WARMUP_CLUSTER"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    controller.end_all()


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder in which one run was trained on this machine, without Slurm or an interruption."""
    folder = tmp_path_factory.mktemp("trained")
    controller.train_here(folder)
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """A folder in which all is ready for the training."""
    return controller.only_prepared(trained, tmp_path / "folder")


@pytest.fixture
def same_model(trained):
    """Assert that a folder has the very model that a training without interruption gives."""
    path = f"{controller.FOLDER}/model/model.safetensors"

    def check(folder):
        assert sha256(folder / path) == sha256(trained / path)

    return check
