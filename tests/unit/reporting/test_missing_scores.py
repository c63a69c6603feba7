"""Scores that a metric owes: in the table of scores, in all tables, and never among the numbers."""

import csv
import io
import json
import math

import pandas as pd
import pytest

from helpers import synthetic_results as made
from helpers.prediction_lines import prediction_line
from helpers.tables import table_of, tables_of
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.config.decodings import Decodings
from warmup.config.names import Names
from warmup.data import predictions
from warmup.evaluation import collect, segment_scores
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.result_tables import SCORES
from warmup.evaluation.segment_scores import NotComputed, SegmentScores, write, write_reason
from warmup.reporting import long_form, missing_scores
from warmup.reporting.latex_table import latex
from warmup.reporting.table import markdown, to_html
from warmup.reporting.tables import Section

REASON = "no environment; run `make metrics-env`"


def with_comet(owed=lambda row: True):
    """Return scores in which translation has COMET, apart from what is owed."""
    scores = made.make_scores(lookahead=False)
    rows = scores[scores["metric"] == "bleu"].assign(metric="comet")
    missing = rows.apply(owed, axis=1)
    rows.loc[missing, ["value", "low", "high"]] = math.nan
    rows.loc[missing, "signature"] = segment_scores.signature_without(REASON)
    return pd.concat([scores, rows], ignore_index=True)


def of_warmup(row):
    return row["method"] == "warmup" and row["seed"] == 2 and row["pair"] == "qaa-qab"


def cells(table):
    """Return what a table shows by data, model and method."""
    index = list(table.header)
    return {
        tuple(cell.text for cell in row[:3]): {
            name: cell.text for name, cell in zip(index, row, strict=True)
        }
        for row in table.rows
    }


def scores_and_gains(scores):
    return tables_of(made.make_results(scores), "translation", Section.SCORES)


def test_all_else_is_as_it_would_be_without():
    without = made.make_results(made.make_scores(lookahead=False))
    found = made.make_results(with_comet())
    assert found.estimates == without.estimates
    assert found.differences == without.differences
    assert found.costs == without.costs


def test_tables_say_so_in_each_cell_and_below_why():
    main, gains = scores_and_gains(with_comet())
    for table in (main, gains):
        assert {row["COMET ↑"] for row in cells(table).values()} == {"not computed"}
        assert f"COMET not computed: {REASON}" in table.notes
        assert all(row["BLEU ↑"] != "not computed" for row in cells(table).values())
        for shown in (markdown(table), latex(table), to_html(table)):
            assert "not computed" in shown


def test_a_cell_with_one_seed_missing_is_not_computed_and_neither_is_the_mean_over_pairs():
    main, gains = scores_and_gains(with_comet(of_warmup))
    owed = {
        key
        for table in (main, gains)
        for key, row in cells(table).items()
        if row["COMET ↑"] == "not computed"
    }
    assert owed == {
        (f"Invented ({pair})", Names().model(model), "warmup")
        for pair in ("qaa→qab", "mean of 2")
        for model in made.MODELS
    }


def test_without_a_score_of_sft_there_is_no_gain():
    _, gains = scores_and_gains(with_comet(lambda row: row["method"] == "sft"))
    assert {row["COMET ↑"] for row in cells(gains).values()} == {"not computed"}


def test_controls_say_so_too():
    scores = with_comet()
    greedy = scores[(scores["decoding"] == "greedy") & (scores["method"] == "warmup")]
    scores = pd.concat([scores, greedy.assign(decoding="shuffled")], ignore_index=True)
    decodings = Decodings(("greedy", "shuffled"), {"shuffled": "greedy"})
    results = made.make_results(scores, decodings=decodings)
    table = table_of("test_time_controls", results, "translation")
    assert {row["COMET ↑"] for row in cells(table).values()} == {"not computed"}
    assert f"COMET not computed: {REASON}" in table.notes


def test_the_csv_has_a_row_without_a_number():
    text = long_form.of_task(made.make_results(with_comet()).of("translation"))
    found = [row for row in csv.DictReader(io.StringIO(text)) if row["metric"] == "comet"]
    assert len(found) == len(made.METHODS) * len(made.MODELS) * 2  # pairs
    assert {(row["quantity"], row["measured"]) for row in found} == {("score", "")}
    assert {row["source"] for row in found} == {f"not computed: {REASON}"}


def test_the_terminal_says_why(tmp_path, capsys):
    path = tmp_path / "scores.tsv"
    with_comet().to_csv(path, sep="\t", index=False)
    main(["show", "--scores", str(path)])
    assert f"COMET not computed: {REASON}" in " ".join(capsys.readouterr().out.split())


RUN = {
    "experiment": "test", "task": "translation", "dataset": "d", "pair": "en-de", "model": "t5",
    "method": "sft", "seed": 1, "split": "test", "decoding": "greedy",
}  # fmt: skip


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return its status and what it says of errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        try:
            main(list(map(str, arguments)))
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


@pytest.fixture
def scored(call, tmp_path):
    """Score predictions with COMET computed and BERTScore owed, as the pipeline does."""
    rows = [
        prediction_line(references=["ein Hund"], output="ein Hund", meta={"lookahead": i})
        for i in (1, 2, 2)
    ]
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = Corpus.of(predictions.read(path), "de")
    write(tmp_path / "c.json", SegmentScores("comet", [80.0, 90.0, 70.0], "comet|x:y"), corpus, {})
    write_reason(tmp_path / "b.json", NotComputed("bertscore", REASON))
    done = call(
        "score", "--predictions", path, "--run", json.dumps(RUN | {"target_lang": "de"}),
        "--output", "s.json", "--statistics", "t.json", "--segments", "c.json", "b.json",
    )  # fmt: skip
    assert done == (0, "")
    return tmp_path


def test_scores_have_intervals_and_subsets_or_no_value(scored):
    rows = read_json(scored / "s.json")["scores"]
    comet = {row["subset"]: row for row in rows if row["metric"] == "comet"}
    assert {subset: row["value"] for subset, row in comet.items()} == {
        "all": 80, "lookahead=1": 80, "lookahead=2": 80,
    }  # fmt: skip
    assert 70 <= comet["all"]["low"] < 80 < comet["all"]["high"] <= 90
    assert (comet["all"]["n"], comet["all"]["signature"]) == (3, "comet|x:y")
    (owed,) = [row for row in rows if row["metric"] == "bertscore"]
    assert (owed["value"], owed["low"], owed["n"]) == (None, None, 3)
    assert owed["signature"] == f"not computed: {REASON}"
    assert owed["hypotheses_sha256"] == comet["all"]["hypotheses_sha256"]


def test_tests_get_the_statistics_of_what_was_computed(scored):
    found = read_json(scored / "t.json")["metrics"]
    assert set(found) == {"bleu", "chrf", "chrf++", "comet"}
    assert found["comet"] == {"signature": "comet|x:y", "statistics": [[80, 1], [90, 1], [70, 1]]}


def test_the_table_of_scores_has_an_empty_cell_and_is_read_again(scored, call):
    outputs = ("--scores-tsv", "scores.tsv", "--curves-tsv", "curves.tsv")
    assert call("collect", "--scores", "s.json", *outputs) == (0, "")
    found = SCORES.read(scored / "scores.tsv")
    assert found.loc[found["metric"] == "bertscore", "value"].isna().tolist() == [True]
    (gap,) = missing_scores.gaps_of(found)
    assert (gap.metric, gap.method, gap.reason) == ("bertscore", "sft", REASON)


def test_a_score_without_value_and_reason_is_an_error(scored):
    document = read_json(scored / "s.json")
    document["scores"][0]["value"] = None
    (scored / "s.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"scores\[0\]: missing key 'value'"):
        list(collect.score_rows(scored / "s.json"))
