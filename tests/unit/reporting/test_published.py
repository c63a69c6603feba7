"""What results/reference/ publishes is what the code makes of its numbers today."""

from pathlib import Path

import pytest

from warmup.pipeline import verify

REFERENCE = Path(__file__).parents[3] / "results" / "reference"
FOLDERS = sorted(path.parent for path in REFERENCE.glob("*/scores.tsv"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_and_figures_are_fresh(folder: Path) -> None:
    # `make verify` also scores the predictions again, which takes minutes
    assert list(verify.changed_files(folder)) == []
