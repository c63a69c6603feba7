"""The report of an experiment with ablations: what it says of them, and what it folds."""

import re

import pytest

from helpers.many_methods import make
from helpers.synthetic_results import make_comparisons, make_results
from warmup.reporting import cells, figures, write_tables
from warmup.reporting.report.findings import findings, summary
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
    (table,) = summary(data)
    gains = [name for name in table.header if name.startswith("gain over ")]
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


def test_only_the_scores_of_a_task_are_unfolded_and_no_other_table_has_them(tmp_path, data):
    for name in figures.names():
        (tmp_path / f"{name}.svg").write_text("<svg/>")
    scores = data.scores[data.scores["task"] == "multiple_choice"]
    results = make_results(scores, data.methods, curves=data.curves)
    write_tables.write(results, tmp_path)
    text = page(results, examples=[], provenance=[], figures_dir=tmp_path, tables_dir=tmp_path)
    section = text[text.index('<section id="tables">') : text.index('<section id="warmups">')]
    titles = re.findall("<details><summary>(.*?)</summary>", section)
    assert "Multiple choice: ablations, by what they vary" in titles
    assert "Multiple choice: all controls, compared with warmup" in titles
    assert not any("scores, greedy" in title for title in titles)
    assert section.count("Made by <code>warmup tables --only ") == section.count("<figcaption>")
    first = results.primary(results.estimates)[0]
    shown = cells.estimate(first).text.replace(" [", ' <span class="interval">[')
    assert section.count(f">{shown}</span><") == 1
