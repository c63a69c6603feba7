"""Real data for tests: found through WARMUP_DATA_ROOT, and the test is skipped without it."""

import os
from pathlib import Path

import pytest

from warmup.common.files import read_lines

_DEFAULT = Path(__file__).parents[2] / ".." / "shared" / "data"


def data_file(name: str) -> Path:
    """Return the path of a file under the data root, or skip the test."""
    path = Path(os.environ.get("WARMUP_DATA_ROOT", _DEFAULT)) / name
    if not path.exists():
        pytest.skip(f"{name} is not under the data root (set WARMUP_DATA_ROOT)")
    return path


def data_lines(name: str) -> list[str]:
    """Return the lines of a file under the data root, or skip the test."""
    return list(read_lines(data_file(name)))
