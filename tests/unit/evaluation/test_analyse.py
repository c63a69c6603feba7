"""The table of what warmups say: made from predictions, shown as tables."""

import csv
import json

import pytest

from helpers import experiment_files
from helpers.synthetic_results import ORDER, make_results, make_runs, make_scores, make_warmups
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.decodings import Decodings
from warmup.evaluation.result_tables import EVALUATION_COLUMNS, WARMUPS
from warmup.reporting import tables, write_tables


@pytest.fixture
def call(tmp_path, capsys):
    """Return a function that runs the command on files of predictions and returns its error."""
    scores = make_scores(seeds=1)
    tasks = dict(zip(scores["dataset"], scores["task"], strict=True))
    experiment = tmp_path / "experiment.json"
    experiment_files.write(experiment, ORDER, Decodings(("greedy",)), tasks)

    def run(*paths):
        arguments = ["--predictions", *paths, "--experiment", experiment]
        output = tmp_path / "warmups.tsv"
        try:
            main(["analyse-warmups", *map(str, [*arguments, "--output", output])])
        except SystemExit as stop:
            assert stop.code == 2
            assert not output.exists()
        return capsys.readouterr().err

    return run


def test_each_file_is_analysed_as_a_whole_and_by_look_ahead(call, tmp_path):
    assert call(*make_runs(tmp_path)) == ""
    rows = WARMUPS.read(tmp_path / "warmups.tsv")
    values = ("subset", "quantity", "value", "low", "high", "n")
    assert list(rows.columns) == [*EVALUATION_COLUMNS, *values]
    assert set(rows["experiment"]) == {"test"}
    assert {"all", "lookahead=1", "lookahead=6"} <= set(rows["subset"])
    here = rows[(rows["dataset"] == "headlines") & (rows["model"] == "t5_tiny")]
    here = here[here["subset"] == "all"].set_index(["method", "quantity"])
    # warmups are "2 4 1" for "mi ver sata lum" and "ko lumi sata ver"
    assert here.loc[("warmup", "length"), "value"] == 3
    assert here.loc[("warmup", "distinct"), "value"] == pytest.approx(1 / 6)
    assert here.loc[("warmup", "novelty"), "value"] == 1
    assert here.loc[("warmup", "surprisal"), "value"] == pytest.approx(0.5 / 3)
    assert ("sft", "length") not in here.index
    # sft has 2 of 6 outputs right, and half of the words of the others
    assert here.loc[("sft", "recall_content_words"), "value"] == pytest.approx(4 / 6)
    assert here.loc[("warmup", "gain_content_words"), "value"] == pytest.approx(2 / 6)
    assert ("sft", "gain_content_words") not in here.index
    choices = rows[(rows["task"] == "multiple_choice") & (rows["subset"] == "all")]
    assert "names_answer_given" in set(choices["quantity"])
    assert not any(name.startswith(("gain_", "recall_c")) for name in choices["quantity"])


def test_symbols_are_not_words(call, tmp_path):
    """Phones of `transduction` are neither function words nor content words."""
    paths = [path for path in make_runs(tmp_path) if "headlines" in str(path)]
    experiment = tmp_path / "experiment.json"
    experiment.write_text(experiment.read_text().replace("summarization", "transduction"))
    assert call(*paths) == ""
    found = set(WARMUPS.read(tmp_path / "warmups.tsv")["quantity"])
    assert {"length", "recall_reference"} <= found
    assert not any(name.endswith(("function_words", "content_words")) for name in found)


def test_the_order_of_files_does_not_matter(call, tmp_path):
    paths = make_runs(tmp_path)
    call(*paths)
    first = (tmp_path / "warmups.tsv").read_bytes()
    call(*reversed(paths))
    assert (tmp_path / "warmups.tsv").read_bytes() == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warmup": None}, ":1: warmup must be str, not null"),
        ({"warmup_tokens": "3"}, ":1: warmup_tokens must be int, not str '3'"),
        ({"warmup_tokens": True}, ":1: warmup_tokens must be int, not bool True"),
        ({"warmup_tokens": -1}, ":1: warmup_tokens must be 0 or more"),
        ({"warmup_log_probability": "x"}, ":1: warmup_log_probability must be float, not str 'x'"),
        ({"references": []}, ":1: references must be non-empty strings, at least one"),
        ({"references": [1]}, ":1: references must be non-empty strings, at least one"),
        ({"source": "another"}, "differ in their items"),
    ],
)
def test_wrong_predictions_are_named_in_one_line(call, tmp_path, change, message):
    paths = [path for path in make_runs(tmp_path, items=1) if "headlines" in path.parts]
    wrong = next(path for path in paths if "warmup" in path.parts)
    wrong.write_text(json.dumps(json.loads(wrong.read_text()) | change) + "\n")
    error = call(*paths)
    assert error.startswith("error: ") and error.count("\n") == 1
    assert message in error
    assert str(wrong) in error


def test_wrong_files_are_named_in_one_line(call, tmp_path):
    path, *_ = make_runs(tmp_path, items=1)
    other = tmp_path / "d/en/m/warmup/seed1/test.greedy.predictions.jsonl"
    other.parent.mkdir(parents=True)
    for file, content, message in (
        (path, "", "no predictions"),
        (path, "{}\n", ":1: missing key 'id'"),
        (path, "what\n", ":1: not JSON"),
        (other, "{}\n", "data set 'd' is not one of --experiment"),
        (tmp_path / "p.jsonl", "{}\n", "a prediction file must be named"),
    ):
        file.write_text(content)
        error = call(file)
        assert error.startswith("error: ") and error.count("\n") == 1
        assert message in error
        assert str(file) in error


def test_a_file_given_twice_is_refused(call, tmp_path):
    path, *_ = make_runs(tmp_path, items=1)
    assert "two inputs give the same row" in call(path, path)


def test_intervals_of_shares_end_at_0_and_1():
    rows = make_warmups(seeds=2)
    by_seed = rows["seed"].map({1: 0.0, 2: 1.0})
    for name in ("distinct", "surprisal", "gain_content_words"):
        rows.loc[rows["quantity"] == name, "value"] = by_seed[rows["quantity"] == name]
    found = {item.metric: item for item in make_results(warmups=rows).warmup_quantities}
    assert (found["distinct"].low, found["distinct"].high) == (0, 1)
    assert found["surprisal"].low == 0
    assert found["surprisal"].high > 1
    assert found["gain_content_words"].low < 0
    assert found["gain_content_words"].high > 1


def test_tables_have_a_row_a_method_with_warmups():
    (form, content, classes) = tables.of_warmups(make_results(warmups=make_warmups()))["greedy"]
    assert [cell.text for cell in form.rows[0][:4]] == [
        "Multiple choice", "Shell game (English)", "Llama tiny", "warmup",
    ]  # fmt: skip
    assert len(form.rows) == len(content.rows) == 10  # with the mean over two pairs
    assert {row[3].text for row in classes.rows} == {"SFT (same updates)", "warmup"}
    place = content.header.index("precision reference (%)")
    assert content.rows[0][place].value == pytest.approx(85, abs=2)
    assert "[−" in classes.rows[0][4].text  # gains carry their sign
    assert classes.rows[1][4].value > classes.rows[0][4].value
    assert content.rows[-1][content.header.index("names answer given (%)")].text == "–"


def test_controls_are_in_no_table_and_other_decodings_have_their_own():
    rows = make_warmups(seeds=1)
    for name in ("beam4", "shuffled"):
        rows = rows.__class__(rows.to_dict("records") + rows[rows["decoding"] == "greedy"]
                              .assign(decoding=name).to_dict("records"))  # fmt: skip
    decodings = Decodings(("greedy", "beam4", "shuffled"), {"shuffled": "greedy"})
    made = tables.of_warmups(make_results(decodings=decodings, warmups=rows))
    assert list(made) == ["greedy", "beam4"]
    assert len({table.name for of_decoding in made.values() for table in of_decoding}) == 6


def test_files_of_tables(tmp_path):
    write_tables.write(make_results(warmups=make_warmups(seeds=2)), tmp_path)
    with (tmp_path / "warmups.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["interval"] for row in rows} == {"seeds"}
    assert "length_median" in {row["quantity"] for row in rows}
    assert (tmp_path / "warmups.md").read_text().startswith("# What warmups say\n")
    latex = (tmp_path / "warmups.tex").read_text()
    assert latex.count(r"\begin{table}") == 6  # three, each too wide for one
    assert "resizebox" not in latex


def test_without_any_warmups_the_files_say_so(tmp_path):
    WARMUPS.write(tmp_path / "warmups.tsv", [])
    write_tables.write(make_results(warmups=WARMUPS.read(tmp_path / "warmups.tsv")), tmp_path)
    assert "no numbers for these tables" in (tmp_path / "warmups.md").read_text()
    assert (tmp_path / "warmups.csv").read_text().count("\n") == 1


def test_a_wrong_table_is_named(tmp_path):
    (tmp_path / "w.tsv").write_text("experiment\n")
    with pytest.raises(InputError, match=r"w\.tsv:1: missing column 'task'"):
        WARMUPS.read(tmp_path / "w.tsv")
    assert WARMUPS.read_given(None) is None
