import csv
import subprocess
import sys

import pytest

from helpers import experiment_files, latex_documents
from helpers.synthetic_results import (
    METHODS,
    ORDER,
    STARTS,
    TASKS,
    make_comparisons,
    make_results,
    make_scores,
    make_warmups,
)
from helpers.tables import column, tables_of
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.reporting import tables
from warmup.reporting.latex_table import latex
from warmup.reporting.table import markdown, to_html
from warmup.reporting.tables import Section
from warmup.reporting.write_tables import write

TASK = "multiple_choice"


def scores_and_gains(scores, **more):
    return tables_of(make_results(scores, **more), TASK, Section.SCORES)


def test_scores_show_interval_seeds_items_and_cost():
    scores, gains = scores_and_gains(make_scores(seeds=3))
    assert column(scores, "method")[:4] == [
        "SFT", "SFT (same compute)", "SFT (same updates)", "warmup",
    ]  # fmt: skip
    assert column(scores, "accuracy ↑")[3] == "84.5 [84.0, 85.1]"
    assert column(scores, "seeds") == ["3"] * 8
    assert column(scores, "n items") == ["500"] * 8
    assert column(scores, "compute")[:4] == ["1.00×", "10.50×", "3.00×", "11.00×"]
    assert column(gains, "accuracy ↑")[2] == "+61.1 [+60.2, +62.0]"
    assert "SFT" not in column(gains, "method")


def test_bold_is_given_only_to_what_stands_out():
    scores, _ = scores_and_gains(make_scores(seeds=3))
    place = scores.header.index("accuracy ↑")
    assert [row[place].strong for row in scores.rows] == [False, False, False, True] * 2
    wide = make_scores(seeds=1)
    wide["low"] -= 50
    scores, _ = scores_and_gains(wide)
    assert not any(row[place].strong for row in scores.rows)
    assert any(note.startswith("Bold: ") for note in scores.notes)


def test_notes_say_which_interval():
    three, one = (scores_and_gains(make_scores(seeds))[0].notes[0] for seeds in (3, 1))
    assert "Student t" in three
    assert "bootstrap" in one


def test_an_interval_without_width_is_explained():
    scores = make_scores(seeds=3)
    assert not any("without width" in note for note in scores_and_gains(scores)[0].notes)
    scores.loc[scores["method"] == "warmup", "value"] = 100.0
    table, _ = scores_and_gains(scores)
    assert "100.0 [100.0, 100.0]" in column(table, "accuracy ↑")
    assert any("all seeds have the same score" in note for note in table.notes)


def test_mixed_intervals_are_marked():
    scores = make_scores(seeds=3)
    scores = scores[(scores["method"] != "warmup") | (scores["seed"] == 1)]
    table, _ = scores_and_gains(scores)
    marked = [text.endswith("†") for text in column(table, "accuracy ↑")]
    assert marked == [False, False, False, True] * 2
    assert table.notes[1].startswith("† One seed")


def test_measured_and_reported_are_never_in_one_table():
    results = make_results()
    (reported,) = tables_of(results, "translation", Section.REPORTED)
    assert reported.title == "Translation: gain over SFT (reported in the paper)"
    assert column(reported, "BLEU ↑") == ["+1.57 (0.23–1.48)"]
    assert column(reported, "data") == ["flores mean of 8 directions"]
    for table in [
        *tables_of(results, "translation", Section.SCORES),
        *tables_of(results, "translation", Section.COST),
    ]:
        assert not any("flores" in cell.text for row in table.rows for cell in row)


def test_beam_has_tables_of_its_own():
    scores = make_scores(seeds=2, beam=True)
    others = tables_of(make_results(scores), TASK, Section.SCORES, folded=True)
    assert [table.name for table in others] == [
        "multiple_choice-beam4-scores",
        "multiple_choice-beam4-gains",
    ]
    assert tables_of(make_results(), TASK, Section.SCORES, folded=True) == []
    first, *_ = scores_and_gains(scores[scores["decoding"] != "greedy"])
    assert first.title == "Multiple choice: scores, beam4 decoding"


def test_a_method_without_known_cost_has_a_dash():
    scores = make_scores(seeds=2)
    scores = scores[(scores["method"] != "warmup") | (scores["split"] != "train")]
    table, _ = scores_and_gains(scores)
    assert column(table, "compute")[3] == "–"


def test_an_unknown_metric_is_refused_since_its_direction_is_unknown():
    scores = make_scores(seeds=2).replace({"macro_f1": "new_metric"})
    with pytest.raises(InputError, match="unknown metric 'new_metric'; choose from: accuracy, "):
        scores_and_gains(scores)


def test_an_unknown_method_appears_under_its_name():
    scores = make_scores(seeds=2).replace({"sft_compute": "new_control"})
    table, _ = scores_and_gains(scores, methods=Methods())
    assert column(table, "method")[:2] == ["SFT", "new control"]


def test_csv_keeps_measured_and_reported_apart(tmp_path):
    write(make_results(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{task}.{suffix}"
        for task in ("translation", "summarization", "multiple_choice")
        for suffix in ("md", "tex", "csv")
    )
    with (tmp_path / "multiple_choice.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert all((row["measured"] != "") != (row["reported"] != "") for row in rows)
    (row,) = [
        row
        for row in rows
        if (row["quantity"], row["model"], row["method"], row["metric"])
        == ("gain_over_sft", "t5_tiny", "warmup", "accuracy")
    ]
    assert float(row["measured"]) == pytest.approx(61.0968, abs=1e-3)
    assert (row["seeds"], row["n"], row["interval"]) == ("3", "500", "seeds")
    (row,) = [row for row in rows if row["reported"] == "0.87"]
    assert (row["dataset"], row["model"], row["source"]) == ("logiqa2", "T5-base", "text")


def test_command_writes_tables_and_names_what_is_wrong(tmp_path):
    make_scores(seeds=1).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    arguments = ["--scores", str(tmp_path / "scores.tsv"), "--output-dir", str(tmp_path / "out")]
    main(["tables", *arguments])
    assert (tmp_path / "out" / "summarization.tex").read_text().startswith("% needs")
    wrong = tmp_path / "experiment.json"
    experiment_files.write(wrong, Methods(("warmup",), {"warmup": "nothing"}), Decodings())
    bad = subprocess.run(
        [sys.executable, "-m", "warmup", "tables", *arguments, "--experiment", wrong],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert bad.returncode == 2
    assert bad.stderr == (
        f"error: {wrong}: methods.warmup.start: 'nothing' is not one of: warmup\n"
    )


def test_markdown_shows_a_label_as_it_is():
    labels = {"sft": "a|b", "sft_compute": "p < 0.05 & <b> &amp;", "sft_continued": "two\nlines"}
    results = make_results(make_scores(seeds=1), Methods(METHODS, STARTS, labels=labels))
    (table, *_) = tables_of(results, TASK, Section.SCORES)
    rows = markdown(table).split("\n\n")[1].splitlines()
    assert len(rows) == 2 + len(table.rows)
    assert r"| a\|b |" in rows[2]
    assert "| p < 0.05 & &lt;b> &amp;amp; |" in rows[3]
    assert "| two lines |" in rows[4]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((ORDER, Decodings(("greedy",)), {"other": "translation"}), "dataset 'headlines'"),
        ((Methods(("warmup",)), Decodings(("greedy",)), TASKS), "method 'sft'"),
        ((ORDER, Decodings(("beam4",)), TASKS), "decoding 'greedy'"),
    ],
)
def test_another_experiment_is_refused(tmp_path, capsys, names, message):
    scores, experiment = tmp_path / "scores.tsv", tmp_path / "experiment.json"
    make_scores(seeds=1).to_csv(scores, sep="\t", index=False)
    experiment_files.write(experiment, *names)
    arguments = ["--scores", scores, "--experiment", experiment, "--output-dir", tmp_path / "out"]
    with pytest.raises(SystemExit):
        main(["tables", *map(str, arguments)])
    said = capsys.readouterr().err
    assert f"error: {scores}: {message} is not one of experiment 'test': " in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("command", "kind"), [("tables", "table"), ("figures", "figure")])
def test_an_empty_name_is_refused(tmp_path, capsys, command, kind):
    make_scores(seeds=1).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    arguments = ["--scores", tmp_path / "scores.tsv", "--output-dir", tmp_path / "out"]
    with pytest.raises(SystemExit):
        main([command, "--only", "", *map(str, arguments)])
    assert f"error: unknown {kind} ''; choose from: " in capsys.readouterr().err


def test_no_scores_is_an_error(tmp_path):
    make_scores(seeds=1).head(0).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    bad = subprocess.run(
        [sys.executable, "-m", "warmup", "tables", "--scores", str(tmp_path / "scores.tsv"),
         "--output-dir", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (bad.returncode, bad.stderr) == (2, f"error: {tmp_path}/scores.tsv: no scores\n")


@latex_documents.needed
def test_latex_compiles(tmp_path):
    scores = make_scores(seeds=3, beam=True)
    comparisons = make_comparisons(scores)
    write(make_results(scores, comparisons=comparisons, warmups=make_warmups()), tmp_path)
    text = latex_documents.text_of(
        tmp_path, ["translation", "summarization", "multiple_choice", "warmups"]
    )
    assert "p < 0.05" in text
    assert "−log P(c|x)" in text


def test_every_table_renders_in_every_form():
    results = make_results(make_scores(seeds=2, beam=True))
    for _, _, table in tables.of_task(results, "translation"):
        assert all(len(row) == len(table.header) for row in table.rows)
        assert markdown(table).count("\n|") == len(table.rows) + 2
        assert to_html(table).count("<tr>") == len(table.rows) + 1
        assert latex(table).count("& ") >= len(table.rows)


NAMES = [
    "ablations", "all_controls", "comparisons", "cost", "gains", "reported_gains",
    "reported_scores", "scores", "test_time_controls", "warmup_content", "warmup_form",
    "warmup_word_classes", "words_and_meaning",
]  # fmt: skip


def test_tables_are_found_by_the_names_of_their_files():
    assert tables.names() == NAMES
    with pytest.raises(InputError, match="unknown table 'nothing'; choose from: ablations, "):
        tables.load("nothing")


def test_a_new_table_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "methods.py").write_text(
        "from warmup.reporting.table import Cell, Table\n"
        "from warmup.reporting.tables import Section\n"
        "SECTION, PLACE = Section.COST, 2\n"
        "def table(results):\n"
        "    names = sorted({score.method for score in results.estimates})\n"
        "    return Table('Methods', ['method'], [[Cell(name)] for name in names], 1)\n"
    )
    monkeypatch.setattr(tables, "__path__", [*tables.__path__, str(tmp_path)])
    _, new = tables_of(make_results(), TASK, Section.COST)
    assert new.name == "multiple_choice-methods"
    assert column(new, "method") == ["sft", "sft_compute", "sft_continued", "warmup"]


@pytest.mark.parametrize("name", NAMES)
def test_one_table_is_written_by_name(name, tmp_path):
    scores = make_scores(seeds=1)
    numbers = {
        "scores": scores, "comparisons": make_comparisons(scores), "warmups": make_warmups(1),
    }  # fmt: skip
    options = []
    for file, frame in numbers.items():
        frame.to_csv(tmp_path / f"{file}.tsv", sep="\t", index=False)
        options += [f"--{file}", str(tmp_path / f"{file}.tsv")]
    main(["tables", *options, "--output-dir", str(tmp_path / "all")])
    main(["tables", *options, "--output-dir", str(tmp_path / "one"), "--only", name])
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        f"{name}.md", f"{name}.tex",
    ]  # fmt: skip
    together = "".join(path.read_text() for path in (tmp_path / "all").glob("*.md"))
    _, *parts = (tmp_path / "one" / f"{name}.md").read_text().split("### ")
    assert all(f"### {part.strip()}" in together for part in parts)
    if name in ("ablations", "test_time_controls", "words_and_meaning"):
        assert parts == []
        assert "no numbers for these tables" in (tmp_path / "one" / f"{name}.md").read_text()
    else:
        assert parts
