"""What the report says of the scores: findings, cost, dynamics."""

import pytest

from helpers.report_page import build
from helpers.synthetic_results import make_curves, make_results, make_scores
from warmup.reporting.report import findings


def test_findings_follow_the_scores():
    scores = make_scores(seeds=3)
    good = {f.heading: f.sentences for f in findings.findings(make_results(scores))}
    assert good["Multiple choice (accuracy ↑)"][0] == (
        "Against SFT, warmup is better in 2 of 2 settings of data and model (+61.1 points)."
    )
    # the same scores with the names of two methods swapped must say the opposite
    swapped = scores.replace({"method": {"sft": "warmup", "warmup": "sft"}})
    bad = {f.heading: f.sentences for f in findings.findings(make_results(swapped))}
    assert bad["Multiple choice (accuracy ↑)"][0] == (
        "Against SFT, warmup is worse in 2 of 2 settings of data and model (−61.1 points)."
    )
    equal = scores.copy()
    equal["value"] = 50 + equal["seed"] * (equal["method"] == "warmup") * (equal["seed"] - 2)
    even = {f.heading: f.sentences for f in findings.findings(make_results(equal))}
    assert "undecided in 2 of 2" in even["Multiple choice (accuracy ↑)"][0]


def test_findings_name_no_average_over_pairs_as_a_setting():
    (translation,) = [f for f in findings.findings(make_results()) if f.heading.startswith("Trans")]
    assert "4 of 4 settings" in translation.sentences[0]


def test_one_summary_has_the_gains_on_all_tasks_and_no_scores():
    (table,) = findings.summary(make_results())
    assert [row[2].text for row in table.rows[::2]] == [
        *("accuracy ↑", "ROUGE-1 ↑", "BLEU ↑", "BLEU ↑", "BLEU ↑"),
    ]  # fmt: skip
    assert table.rows[-1][0].text == "Invented (mean of 2)"
    assert table.header[3:] == [
        "gain over SFT", "gain over SFT (same compute)", "gain over SFT (same updates)",
        "seeds", "n items",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "words"), [(1, "with one seed: intervals do not"), (3, "with 3 seeds.")]
)
def test_the_basis_names_settings_and_seeds(seeds, words):
    text = findings.basis(make_results(make_scores(seeds=seeds)))
    assert text.startswith("These results rest on 8 settings of data and model, ")
    assert words in text


def test_the_first_screen_has_the_basis(report_inputs):
    html = build(report_inputs)
    assert html.index("These results rest on 8 settings") < html.index('id="gain_per_pair"')


def test_without_warmup_there_are_no_findings(report_inputs):
    scores = make_scores(seeds=3)
    scores = scores[scores["method"] != "warmup"]
    assert findings.findings(make_results(scores)) == []
    assert findings.cost(make_results(scores)) == []
    assert "No method named warmup" in build(report_inputs, scores)


def test_cost_of_an_update():
    (sentence,) = findings.cost(make_results(make_scores(seeds=2)))
    assert "5.0 times [5.0 to 5.0] the floating-point operations" in sentence
    assert "over 8 settings" in sentence


def test_cost_of_one_setting_has_no_range():
    scores = make_scores(seeds=2)
    places = scores[["dataset", "pair", "model"]]
    (sentence,) = findings.cost(make_results(scores[(places == places.iloc[0]).all(axis=1)]))
    assert "5.0 times the floating-point operations" in sentence
    assert sentence.endswith("(one setting).")


def test_dynamics_are_of_the_last_update():
    (table,) = findings.dynamics(make_results(curves=make_curves(seeds=2)))
    assert len(table.rows) == 8
    assert {row[2].text for row in table.rows} == {"warmup"}
    assert table.rows[0][3].value == pytest.approx(6.9, abs=0.15)
    assert findings.dynamics(make_results(curves=make_curves(seeds=1).head(0))) == []
