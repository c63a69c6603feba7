"""The report of an experiment with ablations: what it says of them, and what it folds."""

import re

import pytest

from helpers.many_methods import make
from helpers.synthetic_results import make_comparisons, make_results
from warmup.reporting import figures, write_tables
from warmup.reporting.report.findings import findings
from warmup.reporting.report.page import page


@pytest.fixture(scope="module")
def data():
    return make()


def test_ablations_are_counted_in_one_sentence_and_have_no_column(data):
    found = findings(data)
    (choice,) = [item for item in found if item.heading == "Multiple choice (accuracy ↑)"]
    assert len(choice.sentences) == 4  # SFT, its two controls, all ablations
    assert choice.sentences[-1] == (
        "Against ablations of it, warmup is better in 16, undecided in 1 of 17 comparisons "
        "(0.0 to +16.0 points); a table below has each."
    )
    gains = [name for name in choice.table.header if name.startswith("gain over ")]
    assert gains == [
        "gain over SFT",
        "gain over SFT (same compute)",
        "gain over SFT (same updates)",
    ]


def test_with_tests_it_is_they_that_count(data):
    scores = data.scores[data.scores["task"] == "multiple_choice"]
    comparisons = make_comparisons(scores, data.methods.order)
    (choice,) = findings(make_results(scores, data.methods, comparisons=comparisons))
    # the first of the made-up tests is significant above 12 points
    assert "better in 4, undecided in 13 of 17 comparisons" in choice.sentences[-1]


def test_a_long_table_of_sampled_warmups_is_folded(tmp_path, data):
    for name in figures.names():
        (tmp_path / f"{name}.svg").write_text("<svg/>")
    scores = data.scores[data.scores["task"] == "multiple_choice"]
    write_tables.write(make_results(scores, data.methods), tmp_path)

    def written(methods):
        curves = data.curves[data.curves["method"].isin(methods)]
        return page(
            make_results(scores, data.methods, curves=curves),
            examples=[], provenance=[], figures_dir=tmp_path, tables_dir=tmp_path,
        )  # fmt: skip

    folded = re.compile("<details><summary>Sampled warmups at the end of training")
    assert folded.search(written(data.methods.order))
    assert not folded.search(written(["warmup"]))
    text = written(["warmup"])
    assert "Multiple choice: ablations, by what they vary" in text
    assert "Multiple choice: all controls, compared with warmup" in text
