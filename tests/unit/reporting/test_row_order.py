"""Nothing that is shown depends on the order of the rows of the tables of numbers."""

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from helpers.synthetic_results import (
    make_comparisons,
    make_curves,
    make_results,
    make_runs,
    make_scores,
    make_warmups,
)
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.reporting import figures, terminal, write_tables
from warmup.reporting.draw_figures import save
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page

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


def results(seed=None, decodings=DECODINGS):
    """Return the results; their rows shuffled by a seed, if there is one."""

    def turn(frame):
        return frame if seed is None else shuffled(frame, seed)

    return make_results(
        turn(SCORES),
        decodings=decodings,
        comparisons=turn(TESTED),
        warmups=turn(WARMUPS),
        curves=turn(CURVES),
    )


def written(folder, seed=None):
    """Return all tables as text."""
    write_tables.write(results(seed), folder)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_tables(tmp_path):
    expected = written(tmp_path / "plain")
    for seed in range(2):
        assert written(tmp_path / f"{seed}", seed) == expected


PLAIN = results()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_derived(seed):
    turned = results(seed)
    assert turned.estimates == PLAIN.estimates
    assert turned.differences == PLAIN.differences
    assert turned.lookahead == PLAIN.lookahead
    assert turned.lookahead_of_warmup == PLAIN.lookahead_of_warmup
    assert turned.warmup_quantities == PLAIN.warmup_quantities


@pytest.mark.parametrize("order", [["beam4", "greedy"], ["greedy", "beam4"], []])
def test_the_primary_decoding_is_the_first_of_the_experiment(order):
    plain = DECODINGS.without_controls(SCORES)
    for seed in range(3):
        turned = make_results(shuffled(plain, seed), decodings=Decodings(tuple(order)))
        found = turned.primary(turned.estimates)
        assert {item.decoding for item in found} == {[*order, "greedy"][0]}


def test_the_terminal():
    def said(shown):
        console = Console(file=io.StringIO(), width=100)
        for table in terminal.main_tables(shown):
            console.print(table)
        return [console.file.getvalue(), *terminal.footnotes(shown)]

    assert said(results(1)) == said(results())


@pytest.mark.parametrize("name", figures.names())
def test_figures(name, tmp_path):
    def drawn(folder, shown):
        save(figures.load(name).draw(shown), name, tmp_path / folder)
        return (tmp_path / folder / f"{name}.png").read_bytes()

    assert drawn("shuffled", results(1)) == drawn("plain", results())


def test_the_report(tmp_path):
    written(tmp_path / "tables")
    (tmp_path / "figures").mkdir()
    for name in figures.names():
        (tmp_path / "figures" / f"{name}.svg").write_text("<svg/>")
    paths = make_runs(tmp_path)
    for path in list(paths):
        paths.append(path.with_name("test.beam4.predictions.jsonl"))
        paths[-1].write_text(path.read_text())

    def made(shown):
        cells = examples.collect(paths, shown)
        assert {cell["decoding"] for cell in cells} == {"beam4"}
        return page(
            shown,
            examples=cells,
            provenance=provenance_tables.tables({}, shown),
            figures_dir=tmp_path / "figures",
            tables_dir=tmp_path / "tables",
        )

    assert made(results(1)) == made(results())


def test_without_an_order_greedy_is_first():
    turned = results(1, UNKNOWN)
    assert {item.decoding for item in turned.primary(turned.estimates)} == {"greedy"}
