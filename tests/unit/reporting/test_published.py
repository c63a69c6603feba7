"""The results of results/reference: their tables are those of today's code, and figures draw."""

import argparse
from pathlib import Path

import matplotlib as mpl
import pytest

from warmup.evaluation.result_tables import VALIDATION
from warmup.pipeline import verify
from warmup.reporting import figures, results
from warmup.reporting.figures._style import RC

REFERENCE = Path(__file__).parents[3] / "results" / "reference"
FOLDERS = sorted(path.parent for path in REFERENCE.glob("*/scores.tsv"))


def read(folder):
    parser = argparse.ArgumentParser()
    results.add_options(parser)
    names = ("scores", "curves", "comparisons", "warmups")
    options = [text for name in names for text in (f"--{name}", str(folder / f"{name}.tsv"))]
    return results.read(
        parser.parse_args([*options, "--experiment", str(folder / "experiment.json")])
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_are_those_of_today(folder, tmp_path):
    # `make verify` also scores the predictions again, which takes minutes
    verify.make("tables", folder, tmp_path)
    stored = {path.name: path.read_text() for path in (folder / "tables").iterdir()}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == stored


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_figures_draw(folder):
    shown = read(folder)
    with mpl.rc_context(RC):
        empty = {name for name in figures.names() if not figures.load(name).draw(shown).axes}
    lacking = set()  # such a figure says what it lacks
    if not shown.scores["subset"].str.startswith("lookahead=").any():
        lacking |= {"lookahead", "when_warmup_helps"}
    if not shown.curves["quantity"].str.startswith(VALIDATION).any():
        lacking |= {"warmup_content_curves"}
    assert empty == lacking
