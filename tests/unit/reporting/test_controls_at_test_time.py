"""The table of controls at test time, and that all other tables are without them."""

import pandas as pd
import pytest

from helpers import experiment_files
from helpers.synthetic_results import (
    METHODS,
    ORDER,
    TASKS,
    make_curves,
    make_results,
    make_runs,
    make_scores,
)
from helpers.tables import table_of, tables_of
from warmup.__main__ import main
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.evaluation.result_tables import COMPARISONS, OWN
from warmup.reporting import figures, gains, tables
from warmup.reporting.estimates import is_mean
from warmup.reporting.long_form import rows
from warmup.reporting.report import examples
from warmup.reporting.tables import Section

TASK = "multiple_choice"
LOSS = {"shuffled": -20.0, "best_of_4": 1.5}
CONTROLS = {"shuffled": "greedy", "best_of_4": "greedy"}
DECODINGS = Decodings(("greedy", "shuffled", "best_of_4"), CONTROLS)


def with_controls(own="greedy", methods=("warmup",), **settings):
    """Return scores in which methods were also decoded with other warmups."""
    scores = make_scores(**settings)
    usual = scores[(scores["decoding"] == own) & scores["method"].isin(methods)]
    parts = [scores]
    for name, change in LOSS.items():
        moved = {key: usual[key] + change for key in ("value", "low", "high")}
        parts.append(usual.assign(decoding=name, **moved))
    return pd.concat(parts, ignore_index=True)


def control_table(scores, decodings, **more):
    results = make_results(scores, decodings=decodings, **more)
    return table_of("test_time_controls", results, TASK)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_rows_are_methods_by_where_the_warmup_comes_from():
    table = control_table(with_controls(), DECODINGS)
    assert table.header == [
        "data", "model", "method", "warmup", "accuracy ↑", "macro-F1 ↑",
        "difference in accuracy ↑",
        "seeds", "n items",
    ]  # fmt: skip
    assert [row[:4] for row in texts(table)] == [
        ["Shell game (English)", model, "warmup", source]
        for model in ("Llama tiny", "T5 tiny")
        for source in ("own", "shuffled", "best of 4")
    ]
    own, shuffled, best = table.rows[:3]
    assert shuffled[4].value == pytest.approx(own[4].value - 20)
    assert [row[6].text.partition(" ")[0] for row in (own, shuffled, best)] == [
        "–",
        "−20.0",
        "+1.5",
    ]
    assert own[7].text == "3"


def test_it_is_there_only_where_there_are_controls():
    assert control_table(make_scores(), DECODINGS) is None
    assert control_table(with_controls(), UNKNOWN) is None


def test_each_control_stands_below_the_decoding_with_its_beam_width():
    scores = with_controls("beam4", beam=True)
    decodings = Decodings(
        ("shuffled", "greedy", "beam4", "best_of_4"), CONTROLS | {"shuffled": "beam4"}
    )
    table = control_table(scores, decodings)
    sources = [row[3] for row in texts(table)][:4]
    assert sources == ["own (greedy)", "best of 4", "own (beam4)", "shuffled"]
    assert table.rows[3][6].value == pytest.approx(-20)
    assert table.rows[1][6].value == pytest.approx(2.5)  # beam4 is a point above greedy


def test_differences_are_paired_by_seed():
    scores = with_controls(methods=("warmup", "sft_compute"))
    found = make_results(scores, decodings=DECODINGS).to_own_warmup
    single = [item for item in found if not is_mean(item.setting)]
    assert {item.method for item in found} == {"warmup", "sft_compute"}
    for item in single:
        assert item.mean == pytest.approx(LOSS[item.decoding])
        assert item.high - item.low == pytest.approx(0, abs=1e-9)  # the same for all seeds


def test_tests_of_the_differences_are_marked():
    scores = with_controls(seeds=1)
    rows_ = [
        {
            **dict.fromkeys(COMPARISONS.columns, 0),
            **{"experiment": "test", **item.setting._asdict(), "decoding": item.decoding},
            **{"method": "warmup", "baseline": OWN, "metric": item.metric, "difference": item.mean},
            **{"low": item.mean - 1, "high": item.mean + 1},
            "p_holm": 0.001 if item.decoding == "shuffled" else 0.5,
        }
        for item in make_results(scores, decodings=DECODINGS).to_own_warmup
    ]
    table = control_table(scores, DECODINGS, comparisons=pd.DataFrame(rows_))
    assert [row[6] for row in texts(table)][:3] == [
        "–",
        "−20.0* [−21.0, −19.0]",
        "+1.5 [+0.5, +2.5]",
    ]
    assert any(gains.MARK in note for note in table.notes)


@pytest.mark.parametrize(
    "order", [("greedy", "shuffled", "best_of_4"), ("shuffled", "best_of_4", "greedy")]
)
def test_the_other_tables_are_as_without_controls(order):
    found = tables.of_task(
        make_results(with_controls(), decodings=Decodings(order, CONTROLS)), TASK
    )
    usual = tables.of_task(make_results(make_scores()), TASK)
    assert [table.name for section, _, table in found if section is Section.CONTROLS] == [
        "multiple_choice-all-controls", "multiple_choice-test-time-controls",
    ]  # fmt: skip
    others, of_usual = (
        [placed for placed in page if placed.section is not Section.CONTROLS]
        for page in (found, usual)
    )
    assert others == of_usual


def test_the_first_decoding_makes_the_main_table():
    scores = make_scores(beam=True)
    for order, first, second in (
        ((), "greedy", "beam4"),
        (("greedy", "beam4"), "greedy", "beam4"),
        (("beam4", "greedy"), "beam4", "greedy"),
    ):
        results = make_results(scores, decodings=Decodings(order))
        main, *_ = tables_of(results, TASK, Section.SCORES, folded=False)
        other, *_ = tables_of(results, TASK, Section.SCORES, folded=True)
        assert main.title.endswith(f"scores, {first} decoding")
        assert other.title.endswith(f"scores, {second} decoding")
        assert {score.decoding for score in results.primary(results.estimates)} == {first}


def test_a_control_is_never_the_first_decoding():
    scores = with_controls()
    for order in (("shuffled", "best_of_4", "greedy"), ("greedy", "shuffled", "best_of_4")):
        results = make_results(scores, decodings=Decodings(order, CONTROLS))
        for shown in (results.estimates, results.gains, results.lookahead):
            assert {item.decoding for item in results.primary(shown)} == {"greedy"}


def test_the_csv_has_every_difference():
    found = rows(make_results(with_controls(), decodings=DECODINGS).of(TASK))
    changes = [row for row in found if row["quantity"] == "difference_to_own_warmup"]
    assert len(changes) == 2 * 2 * 2  # models, controls, metrics
    assert {row["decoding"] for row in changes} == set(LOSS)


def test_examples_are_of_the_first_decoding(tmp_path):
    paths = make_runs(tmp_path)
    for path in list(paths):
        if path.parts[-3] == "warmup":
            other = path.with_name("test.best_of_4.predictions.jsonl")
            other.write_text(path.read_text())
            paths.append(other)
    cells = examples.collect(paths, make_results(with_controls(seeds=1), decodings=DECODINGS))
    assert {cell["decoding"] for cell in cells} == {"greedy"}
    assert all(len(cell["methods"]) == len(METHODS) for cell in cells)


def test_figures_are_as_without_controls():
    def drawn(name, scores):
        results = make_results(scores, decodings=DECODINGS, curves=make_curves(1))
        figure = figures.load(name).draw(results)
        return [line.get_xydata().tolist() for axes in figure.axes for line in axes.lines]

    for name in figures.names():
        assert drawn(name, with_controls()) == drawn(name, make_scores())


def test_the_command(tmp_path):
    with_controls().to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    experiment = experiment_files.write(tmp_path / "experiment.json", ORDER, DECODINGS, TASKS)
    arguments = ["--scores", tmp_path / "scores.tsv", "--output-dir", tmp_path / "out"]
    main(["tables", *map(str, arguments), "--experiment", str(experiment)])
    text = (tmp_path / "out" / "multiple_choice.md").read_text()
    assert "### Multiple choice: controls at test time" in text
    assert "| warmup | shuffled |" in text
    assert "shuffled decoding" not in text
