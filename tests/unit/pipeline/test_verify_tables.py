"""Tables and figures of snapshots are those that are made of their numbers today."""

import shutil

import pytest

from helpers import experiment_files, synthetic_results
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation.result_tables import COMPARISONS, WARMUPS
from warmup.pipeline import verify

METHODS = ("sft", "sft_continued", "sft_compute", "warmup")


def write_experiment(folder, order):
    methods = Methods(order, dict.fromkeys(METHODS[1:], "sft"))
    path, tasks = folder / "experiment.json", synthetic_results.TASKS
    experiment_files.write(path, methods, Decodings(("greedy",)), tasks)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The shell game of invented results, as `warmup snapshot` leaves it."""
    folder = tmp_path_factory.mktemp("kept")
    scores, curves = synthetic_results.make_scores(1), synthetic_results.make_curves(1)
    scores, curves = (table[table["dataset"] == "shell_game"] for table in (scores, curves))
    tested = synthetic_results.make_comparisons(scores).to_dict("records")
    said = synthetic_results.make_warmups(1)
    for name, table in (("scores", scores), ("curves", curves)):
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    COMPARISONS.write(folder / "comparisons.tsv", tested)
    WARMUPS.write(folder / "warmups.tsv", said[said["dataset"] == "shell_game"].to_dict("records"))
    write_experiment(folder, METHODS)
    for kind in ("tables", "figures"):
        verify.make(kind, folder, folder / kind)
    return folder


@pytest.fixture
def kept(made, tmp_path):
    """A copy with one file of one figure."""
    copy = shutil.copytree(made, tmp_path / "kept")
    for path in (copy / "figures").iterdir():
        if path.name != "lookahead.svg":
            path.unlink()
    return copy


def test_what_is_fresh_is_found_equal_and_a_changed_figure_is_not(kept, capsys):
    assert verify.verify(kept)
    said = capsys.readouterr().out
    assert "no predictions are kept" in said
    assert "tables and figures made anew: all equal" in said
    (kept / "figures" / "lookahead.svg").write_text("old")
    with pytest.raises(SystemExit, match="True"):
        main(["verify", str(kept)])
    said = capsys.readouterr().out
    assert "  figures/lookahead.svg: differs from the stored file\n" in said
    assert "1 DIFFERENCES" in said


def test_each_file_that_differs_is_named(kept):
    (kept / "tables" / "warmups.md").write_text("old")
    (kept / "tables" / "warmups.tex").unlink()
    (kept / "tables" / "past.csv").write_text("")
    (kept / "figures" / "past.png").write_text("")
    assert list(verify.changed_files(kept)) == [
        "tables/past.csv: is no longer made",
        "tables/warmups.md: differs from the stored file",
        "tables/warmups.tex: is missing",
        "figures/past.png: is no longer made",
    ]


def test_only_the_figures_of_a_snapshot_are_made(made, kept, monkeypatch):
    drawn = []

    def make(kind, folder, to, *, only=""):
        drawn.append((kind, only))
        shutil.copytree(made / kind, to)

    monkeypatch.setattr(verify, "make", make)
    assert list(verify.changed_files(kept)) == []
    shutil.rmtree(kept / "figures")
    assert list(verify.changed_files(kept)) == []
    assert drawn == [("tables", ""), ("figures", "lookahead"), ("tables", "")]


def test_the_order_of_the_methods_counts(kept):
    write_experiment(kept, ("sft", "sft_compute", "sft_continued", "warmup"))
    assert "tables/multiple_choice.md: differs from the stored file" in verify.changed_files(kept)


def test_without_experiment_json_it_is_an_error_that_names_the_file(kept):
    (kept / "experiment.json").unlink()
    with pytest.raises(InputError, match=r"cannot make tables: .*experiment\.json: cannot read"):
        list(verify.changed_files(kept))


def test_numbers_in_another_form_are_an_error_that_says_why(kept):
    (kept / "scores.tsv").write_text("a\tb\n")
    with pytest.raises(InputError, match=r"cannot make tables: .*scores\.tsv:1: missing column"):
        list(verify.changed_files(kept))
