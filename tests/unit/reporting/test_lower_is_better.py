"""Where lower is better, everything that is shown says so: an error rate that rises is worse."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from helpers.report_page import build, write_inputs
from helpers.synthetic_results import make_comparisons, make_results, make_scores
from helpers.tables import table_of, tables_of
from warmup.__main__ import main
from warmup.common.keys import EvaluationKey
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.data import tasks
from warmup.evaluation.compare import compare
from warmup.evaluation.item_statistics import ItemStatistics
from warmup.reporting import figures, long_form, write_tables
from warmup.reporting.gains import verdict
from warmup.reporting.report import examples
from warmup.reporting.report.findings import findings
from warmup.reporting.tables import Section

TASK = "phones"


@pytest.fixture(autouse=True)
def phones(tmp_path_factory, monkeypatch):
    """A task whose first metric is an error rate, and not the first by name."""
    folder = tmp_path_factory.mktemp("tasks")
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])
    (folder / f"{TASK}.py").write_text('METRICS: tuple[str, ...] = ("ser", "accuracy")\n')


def rising():
    """Return scores of the shell game as those of an error rate: that of warmup has risen."""
    scores = make_scores(seeds=3)
    scores = scores[scores["task"] == "multiple_choice"].reset_index(drop=True)
    scores = scores.replace({"multiple_choice": TASK, "accuracy": "ser", "macro_f1": "accuracy"})
    above = (scores["metric"] == "ser") & (scores["method"] == "warmup")
    scores.loc[above, ["value", "low", "high"]] += 35  # beyond 100
    return scores


def falling():
    """Return the same with the names of SFT and warmup exchanged."""
    return rising().replace({"method": {"sft": "warmup", "warmup": "sft"}})


def column(table, name):
    return [row[table.header.index(name)] for row in table.rows]


@pytest.mark.parametrize(("scores", "best"), [(rising(), "SFT"), (falling(), "warmup")])
def test_bold_is_the_lowest_and_a_rise_is_a_signed_difference(scores, best):
    results = make_results(scores, comparisons=make_comparisons(scores))
    of_scores, of_gains = tables_of(results, TASK, Section.SCORES)
    assert of_scores.header[3:5] == ["SER ↓", "accuracy ↑"]
    bold = {row[2].text for row in of_scores.rows if row[3].strong}
    assert bold == {best}
    shown = {row[2].text: row[3].text for row in of_gains.rows}
    assert shown["warmup"].startswith("+96.1*" if best == "SFT" else "−96.1*")
    assert any("↑ higher is better, ↓ lower is better" in note for note in of_gains.notes)


@pytest.mark.parametrize(("scores", "word"), [(rising(), "worse"), (falling(), "better")])
@pytest.mark.parametrize("with_tests", [False, True])
def test_sentences_call_lower_better(scores, word, with_tests):
    tested = make_comparisons(scores) if with_tests else None
    (found,) = findings(make_results(scores, comparisons=tested))
    assert found.heading == "Phones (SER ↓)"
    sign = "+" if word == "worse" else "−"
    assert found.sentences[0] == (
        f"Against SFT, warmup is {word} in 2 of 2 settings of data and model ({sign}96.1 points)."
    )


def test_an_interval_ends_where_the_metric_does_and_not_at_100():
    found = [item for item in make_results(rising()).estimates if item.metric == "ser"]
    assert all(item.low < item.mean < item.high for item in found)
    assert max(item.high for item in found) > 119
    low = rising()
    low.loc[low["metric"] == "ser", "value"] = low["seed"].astype(float)
    assert {item.low for item in make_results(low).estimates if item.metric == "ser"} == {0.0}


def test_controls_say_which_side_is_worse():
    scores = rising()
    decodings = Decodings(("greedy", "shuffled"), {"shuffled": "greedy"})
    other = scores[scores["decoding"] == "greedy"].assign(decoding="shuffled")
    other["value"] += 1
    scores = type(scores)(scores.to_dict("records") + other.to_dict("records"))
    results = make_results(scores, decodings=decodings)
    beside = table_of("all_controls", results, TASK)
    assert "SER ↓" in beside.header
    assert any(note.endswith("above 0 is worse.") for note in beside.notes)
    at_test_time = table_of("test_time_controls", results, TASK)
    assert "difference in SER ↓" in at_test_time.header
    assert any("↓ lower is better" in note for note in at_test_time.notes)


def test_the_terminal_says_it(tmp_path, capsys):
    rising().to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    main(["show", "--scores", str(tmp_path / "scores.tsv")])
    said = capsys.readouterr().out
    assert "Phones, SER ↓" in said
    assert "Score (↓ lower is better): " in said


def test_the_export_says_it():
    text = long_form.of_task(make_results(rising()).of(TASK))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["metric"], row["better"]) for row in rows} == {
        ("ser", "lower"), ("accuracy", "higher"), ("", ""),
    }  # fmt: skip
    gain = next(
        row for row in rows if (row["quantity"], row["method"]) == ("gain_over_sft", "warmup")
    )
    assert float(gain["measured"]) > 0


@pytest.mark.parametrize(
    "name", ["gain_per_pair", "lookahead", "training_cost", "when_warmup_helps"]
)
def test_axes_say_it(name):
    figure = figures.load(name).draw(make_results(rising()))
    words = [axis.get_xlabel() + axis.get_ylabel() for axis in figure.axes]
    assert any("SER ↓" in text for text in words)
    assert not any("SER ↑" in text for text in words)


def statistics_of(method, errors, meaning):
    """Return item statistics: errors of ten symbols each, and a score of meaning."""
    run = {"experiment": "e", "task": TASK, "dataset": "d", "pair": "en", "model": "m",
           "method": method, "seed": 1, "split": "test", "decoding": "greedy"}  # fmt: skip
    key = EvaluationKey.from_row(run)
    return ItemStatistics(
        method, run["experiment"], run["task"], key, "r", {"ser": "s", "comet": "c"},
        {"ser": np.stack([errors, np.full(len(errors), 10)], 1).astype(float),
         "comet": np.stack([meaning, np.ones(len(meaning))], 1)},
    )  # fmt: skip


def test_comparisons_are_signed_differences_and_words_against_meaning_is_by_what_is_better():
    draw = np.random.default_rng(0)
    errors, meaning = draw.integers(3, 8, 200), draw.normal(50, 5, 200)
    fewer = np.maximum(errors - draw.integers(1, 3, 200), 0)
    rows = compare(
        [
            statistics_of("sft", errors, meaning),
            statistics_of("warmup", fewer, meaning + draw.normal(0, 1, 200)),
        ],
        Methods(("sft", "warmup")),
        resamples=200,
    )
    by_metric = {row["metric"]: row for row in rows}
    assert by_metric["ser"]["difference"] < 0 and by_metric["ser"]["effect_size"] < 0
    assert by_metric["ser"]["detectable"] > 0
    contrast = by_metric["ser against comet"]
    assert contrast["difference"] > 1  # fewer errors, and no more meaning
    import pandas as pd

    results = make_results(rising(), comparisons=pd.DataFrame(rows))
    table = table_of("words_and_meaning", results, TASK)
    assert column(table, "metrics")[0].text == "SER − COMET"
    assert column(table, "words")[0].value == -by_metric["ser"]["effect_size"]


def test_examples_are_right_where_there_is_no_error(tmp_path):
    write_inputs(tmp_path)
    paths = [path for path in tmp_path.glob("runs/**/*.jsonl") if "shell_game" in str(path)]
    cells = examples.collect(paths, make_results(rising()))
    assert {(cell["metric"], cell["higherIsBetter"]) for cell in cells} == {("SER ↓", False)}
    for item in cells[0]["items"]:
        for output in item["outputs"]:
            assert output["right"] == (output["score"] == 0)


def test_what_rounds_to_no_difference_is_neither_bold_nor_marked():
    scores = rising()
    scores = scores[scores["metric"] == "ser"]
    scores["value"] = np.where(scores["method"] == "warmup", 0.02, 0.0)
    scores[["low", "high"]] = np.stack([scores["value"]] * 2, 1)
    scores.loc[scores["subset"].str.startswith("train"), "value"] = 1.0
    tested = make_comparisons(scores).assign(p_holm=0.001)
    for frame in (scores, scores.replace({"ser": "accuracy"})):
        of_metric = tested.replace({"ser": frame["metric"].iloc[0]})
        results = make_results(frame, comparisons=of_metric)
        tables = tables_of(results, TASK, Section.SCORES)
        cells = [cell for table in tables for row in table.rows for cell in row]
        assert not any(cell.strong or "*" in cell.text for cell in cells)
        (table,) = tables_of(results, TASK, Section.COMPARISONS)
        assert not any("*" in cell.text for cell in column(table, "difference"))
        (finding,) = findings(results)
        assert "undecided in 2 of 2" in finding.sentences[0]


@pytest.mark.parametrize(("mean", "said"), [(0.04, "undecided"), (0.06, "worse")])
def test_the_printed_precision_decides(mean, said):
    (gain, *_) = [item for item in make_results(rising()).gains if item.metric == "ser"]
    assert verdict(replace(gain, mean=mean, low=0.01, high=0.1)) == said
    assert verdict(replace(gain, mean=mean, p=0.001)) == said


def test_the_report_holds_it(tmp_path):
    folder = write_inputs(tmp_path)
    write_tables.write(make_results(rising()), folder / "tables")
    paths = [path for path in folder.glob("runs/**/*.jsonl") if "shell_game" in str(path)]
    html = build(folder, rising(), paths)
    assert "warmup is worse in 2 of 2" in html
    assert '"higherIsBetter":false' in html
