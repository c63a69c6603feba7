"""Tables and figures of kept experiments are those that are made of their numbers today."""

import shutil

import pytest

from helpers import synthetic_results
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.evaluation.result_tables import COMPARISONS, WARMUPS
from warmup.pipeline import presentation, verify

HOW = {
    "methods": ["sft", "sft_continued=sft", "sft_compute=sft", "warmup=sft"],
    "decodings": ["greedy"],
}


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
    write_json(folder / presentation.FILE, HOW)
    for kind in ("tables", "figures"):
        presentation.make(kind, folder, HOW, folder / kind)
    return folder


@pytest.fixture
def kept(made, tmp_path):
    """A copy, of which the tables alone are made again: figures take longer."""
    return shutil.copytree(made, tmp_path / "kept")


@pytest.fixture
def without_figures(monkeypatch):
    monkeypatch.delitem(presentation._NUMBERS, "figures")


def test_what_is_fresh_is_found_equal_and_a_changed_figure_is_not(kept, capsys):
    assert {"tables", "figures"} <= {path.name for path in kept.iterdir()}
    assert verify.verify(kept)
    said = capsys.readouterr().out
    assert "no predictions are kept" in said
    assert "tables and figures made again: all equal" in said
    (kept / "figures" / "lookahead.svg").write_text("old")
    with pytest.raises(SystemExit, match="True"):
        main(["verify", str(kept)])
    said = capsys.readouterr().out
    assert "  figures/lookahead.svg: another one is made now\n" in said
    assert "1 DIFFERENCES" in said


@pytest.mark.usefixtures("without_figures")
def test_each_file_that_differs_is_named(kept):
    (kept / "tables" / "warmups.md").write_text("old")
    (kept / "tables" / "warmups.tex").unlink()
    (kept / "tables" / "past.csv").write_text("")
    assert list(presentation.differences(kept)) == [
        "tables/past.csv: is made no more",
        "tables/warmups.md: another one is made now",
        "tables/warmups.tex: is missing",
    ]


@pytest.mark.usefixtures("without_figures")
def test_the_order_of_the_methods_counts(kept):
    methods = ["sft", "sft_compute=sft", "sft_continued=sft", "warmup=sft"]
    write_json(kept / presentation.FILE, HOW | {"methods": methods})
    assert "tables/multiple_choice.md: another one is made now" in presentation.differences(kept)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "must be an object with exactly: methods, decodings"),
        ({"methods": []}, "must be an object with exactly: methods, decodings"),
        (HOW | {"methods": "sft"}, "methods must be a list of strings"),
    ],
)
def test_a_malformed_presentation_is_refused(tmp_path, content, said):
    write_json(tmp_path / presentation.FILE, content)
    with pytest.raises(InputError, match=rf"presentation\.json: {said}"):
        presentation.read(tmp_path)


def test_numbers_in_another_form_are_an_error_that_says_why(kept):
    (kept / "scores.tsv").write_text("a\tb\n")
    with pytest.raises(InputError, match=r"no tables can be made: .*scores\.tsv:1: missing column"):
        list(presentation.differences(kept))
