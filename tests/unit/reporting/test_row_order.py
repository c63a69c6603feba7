"""Nothing that is shown depends on the order of the rows of the tables of numbers."""

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from helpers.synthetic_results import (
    METHODS,
    STARTS,
    make_comparisons,
    make_curves,
    make_runs,
    make_scores,
    make_warmups,
    reported,
)
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.reporting import estimates, figures, terminal
from warmup.reporting.draw_figures import save
from warmup.reporting.figures import Data
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page
from warmup.reporting.tables import task, warmups

ORDER = Methods(METHODS, STARTS)
DECODINGS = Decodings(
    ("beam4", "greedy", "shuffled", "best"), {"shuffled": "greedy", "best": "beam4"}
)
"""Neither by name nor greedy first."""


def with_controls():
    scores = make_scores(seeds=2, beam=True)
    parts = [scores]
    for control, own in DECODINGS.controls.items():
        other = scores[(scores["decoding"] == own) & (scores["method"] == "warmup")]
        parts.append(other.assign(decoding=control, value=other["value"] - 5))
    return pd.concat(parts, ignore_index=True)


SCORES = with_controls()
TESTED, WARMUPS, CURVES = make_comparisons(SCORES), make_warmups(seeds=2), make_curves(seeds=2)


def shuffled(frame, seed):
    return frame.sample(frac=1, random_state=seed, ignore_index=True)


def written(folder, seed=None):
    """Return all tables as text, of frames shuffled by a seed."""

    def turn(frame):
        return frame if seed is None else shuffled(frame, seed)

    task.write(turn(SCORES), reported(), ORDER, folder, turn(TESTED), decodings=DECODINGS)
    warmups.write(turn(WARMUPS), ORDER, folder, DECODINGS)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_tables(tmp_path):
    expected = written(tmp_path / "plain")
    for seed in range(2):
        assert written(tmp_path / f"{seed}", seed) == expected


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_estimates_and_gains(seed):
    for of in (
        estimates.scores_of,
        estimates.gains_of,
        estimates.lookahead_of,
        estimates.lookahead_gains_of,
    ):
        assert of(shuffled(SCORES, seed)) == of(SCORES)


@pytest.mark.parametrize("order", [["beam4", "greedy"], ["greedy", "beam4"], []])
def test_the_primary_decoding_is_the_first_of_the_experiment(order):
    plain = SCORES[~SCORES["decoding"].isin(list(DECODINGS.controls))]
    for seed in range(3):
        found = estimates.primary(
            estimates.scores_of(shuffled(plain, seed)), Decodings(tuple(order))
        )
        assert {item.decoding for item in found} == {[*order, "greedy"][0]}


def test_the_terminal():
    def said(scores, tested):
        console = Console(file=io.StringIO(), width=100)
        for table in terminal.main_tables(
            DECODINGS.without_controls(scores), ORDER, DECODINGS, tested
        ):
            console.print(table)
        return console.file.getvalue()

    assert said(shuffled(SCORES, 1), shuffled(TESTED, 1)) == said(SCORES, TESTED)


@pytest.mark.parametrize("name", figures.names())
def test_figures(name, tmp_path):
    def drawn(folder, turn):
        plain = DECODINGS.without_controls(turn(SCORES))
        data = Data(plain, turn(CURVES), reported(), ORDER, turn(TESTED), turn(WARMUPS), DECODINGS)
        save(figures.load(name).draw(data), name, tmp_path / folder)
        return (tmp_path / folder / f"{name}.png").read_bytes()

    assert drawn("shuffled", lambda frame: shuffled(frame, 1)) == drawn(
        "plain", lambda frame: frame
    )


def test_the_report(tmp_path):
    written(tmp_path / "tables")
    (tmp_path / "figures").mkdir()
    for name in figures.names():
        (tmp_path / "figures" / f"{name}.svg").write_text("<svg/>")
    paths = make_runs(tmp_path)
    for path in list(paths):
        paths.append(path.with_name("test.beam4.predictions.jsonl"))
        paths[-1].write_text(path.read_text())

    def made(turn):
        scores = turn(SCORES)
        cells = examples.collect(paths, scores, ORDER, DECODINGS)
        assert {cell["decoding"] for cell in cells} == {"beam4"}
        return page(
            scores,
            turn(CURVES),
            reported(),
            ORDER,
            cells=cells,
            origin=provenance_tables.tables({}, scores),
            figures_dir=tmp_path / "figures",
            tables_dir=tmp_path / "tables",
            tested=turn(TESTED),
            decodings=DECODINGS,
            warmups=turn(WARMUPS),
        )

    assert made(lambda frame: shuffled(frame, 1)) == made(lambda frame: frame)


def test_without_an_order_greedy_is_first():
    found = estimates.primary(estimates.scores_of(shuffled(SCORES, 1)), Decodings())
    assert {item.decoding for item in found} == {"greedy"}
