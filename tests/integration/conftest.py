"""What several tests of whole commands share."""

import shutil

import pytest
from pipeline import snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a finished experiment; tests leave its results as they are."""
    folder = tmp_path_factory.mktemp("experiment")
    status, output = snakemake(folder)
    assert status == 0, output
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished experiment to change things in."""
    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"
