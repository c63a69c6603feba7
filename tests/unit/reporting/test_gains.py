"""Gains carry what their comparisons say, and tables, report and terminal mark it."""

import math

import pytest

from helpers.synthetic_results import make_comparisons, make_results, make_scores
from helpers.tables import column, tables_of
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.reporting import figures, gains
from warmup.reporting.estimates import CROSSED, PAIRED
from warmup.reporting.paper import detectable, reported
from warmup.reporting.report import findings
from warmup.reporting.tables import Section

TASK = "multiple_choice"


@pytest.fixture(scope="module", params=[1, 3], ids=["one seed", "three seeds"])
def results(request):
    scores = make_scores(seeds=request.param)
    return scores, make_comparisons(scores), request.param


def test_a_tested_gain_has_the_interval_and_p_value_of_its_comparison(results):
    scores, comparisons, seeds = results
    plain = make_results(scores).differences
    tested = make_results(scores, comparisons=comparisons).differences
    assert {item.baseline for item in tested if item.method == "warmup"} == {
        "sft", "sft_compute", "sft_continued",
    }  # fmt: skip
    assert [item.mean for item in tested] == [item.mean for item in plain]
    for item in tested:
        assert item.low == pytest.approx(item.mean - 1)
        assert item.interval == (PAIRED if seeds == 1 else CROSSED)
        assert gains.mark(item) == ("*" if abs(item.mean) > 12 else "")
    assert gains.is_tested(tested) and not gains.is_tested(plain)


def test_without_tests_gains_are_those_of_the_scores(results):
    scores, tested, _ = results
    plain = make_results(scores).gains
    nothing = tested[tested["baseline"] == "nothing"]
    assert make_results(scores, comparisons=nothing).gains == plain
    assert not any(map(gains.mark, plain))


def test_comparisons_of_other_scores_are_refused(results):
    scores, tested, _ = results
    other = scores.copy()
    other.loc[other["method"] == "warmup", "value"] += 0.01
    with pytest.raises(InputError, match=r"not made from these scores: on .* of warmup"):
        make_results(other, comparisons=tested).gains  # noqa: B018


def test_tables_mark_what_is_significant_and_list_every_comparison(results):
    scores, tested, seeds = results
    shown = make_results(scores, comparisons=tested)
    _, of_gains = tables_of(shown, TASK, Section.SCORES)
    marked = ["*" in text for text in column(of_gains, "accuracy ↑")]
    assert marked == [True, False, True] * 2  # same compute, same updates, warmup
    assert of_gains.notes[2].startswith("* differs from SFT: p < 0.05")
    (table,) = tables_of(shown, TASK, Section.COMPARISONS)
    assert table.title == "Multiple choice: comparisons (measured), greedy decoding, accuracy ↑"
    assert len(table.rows) == 2 * 4 * 3  # all pairs of the made-up ones
    rows = dict(zip(zip(*(column(table, name) for name in ("model", "method", "against")),
                        strict=True), table.rows, strict=True))  # fmt: skip
    row = rows["T5 tiny", "warmup", "SFT (same compute)"]
    place = table.header.index
    assert row[place("difference")].text.startswith("+")
    assert "*" in row[place("difference")].text
    assert row[place("p (Holm)")].text == "0.0010"
    assert row[place("detectable")].text == "1.5"
    scope = "One seed" if seeds == 1 else "Several seeds"
    assert table.notes[0].startswith(scope)


def test_without_tests_there_is_no_mark_and_no_table_of_comparisons():
    shown = make_results()
    assert tables_of(shown, TASK, Section.COMPARISONS) == []
    tables = tables_of(shown, TASK, Section.SCORES)
    assert not any("*" in cell.text for table in tables for row in table.rows for cell in row)


def test_findings_follow_the_tests(results):
    scores, tested, _ = results
    # no difference is significant, whatever the intervals of the scores say
    unsure = tested.assign(p_holm=0.2)
    for table, words in ((tested, "better in 2 of 2"), (unsure, "undecided in 2 of 2")):
        shown = make_results(scores, comparisons=table)
        found = {f.heading: f for f in findings.findings(shown)}
        finding = found["Multiple choice (accuracy ↑)"]
        assert words in finding.sentences[0]
        (summary,) = findings.summary(shown)
        assert ("*" in summary.rows[0][3].text) == (table is tested)
    assert "Holm" in findings.rule(shown)
    assert "Holm" not in findings.rule(make_results(scores))


def test_the_terminal_marks_and_explains(results, tmp_path, capsys):
    scores, tested, seeds = results
    scores.to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    tested.to_csv(tmp_path / "comparisons.tsv", sep="\t", index=False)
    arguments = ["--scores", tmp_path / "scores.tsv", "--comparisons", tmp_path / "comparisons.tsv"]
    main(["show", *map(str, arguments)])
    text = capsys.readouterr().out
    assert "* differs from SFT: p < 0.05 after Holm's correction," in " ".join(text.split())
    assert "Score (↑ higher is better): " in text
    assert max(map(len, text.splitlines())) <= 100
    if seeds == 3:
        assert "+61.1* [+60.1, +62.1]" in text


def test_tables_command_reads_comparisons(results, tmp_path):
    scores, tested, _ = results
    scores.to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    tested.to_csv(tmp_path / "comparisons.tsv", sep="\t", index=False)
    arguments = ["--scores", tmp_path / "scores.tsv", "--output-dir", tmp_path / "tables",
                 "--comparisons", tmp_path / "comparisons.tsv"]  # fmt: skip
    main(["tables", *map(str, arguments)])
    text = (tmp_path / "tables" / "multiple_choice.csv").read_text()
    assert text.splitlines()[0].endswith("p_holm,detectable_low,detectable_high,better")
    assert "0.001" in text


def test_the_figure_of_gains_shows_the_intervals_of_the_tests(results):
    scores, tested, _ = results
    figure = figures.load("gain_per_pair").draw(make_results(scores, comparisons=tested))
    segments = [line for axis in figure.axes for line in axis.collections]
    widths = {round(float(s.get_segments()[0][1][0] - s.get_segments()[0][0][0]), 6)
              for s in segments}  # fmt: skip
    assert widths == {2.0}


def claim(task="multiple_choice", metric="accuracy", pair="en"):
    table = reported.read()
    rows = table[(table["task"] == task) & (table["metric"] == metric) & (table["pair"] == pair)]
    return rows[rows["quantity"] == "gain"].to_dict("records")[0]


def test_what_the_test_sets_of_the_paper_can_show():
    found = detectable.of_claim(claim())
    # Connor (1987): 80% power at 5%, with 10% and 50% of the items right in one system only
    for bound, share in ((found.low, 0.1), (found.high, 0.5)):
        assert bound == pytest.approx(100 * 2.8016 * math.sqrt(share / 1572), rel=0.001)
    # Card et al. (2020): 2,000 sentences have 75% power for 1 BLEU; at 80%, and 1,012 sentences
    least = (2.8016 / (1.9600 + 0.6745)) * math.sqrt(2000 / 1012)
    found = detectable.of_claim(claim("translation", "bleu", "mean of 8 directions"))
    assert found.high == pytest.approx(least, rel=0.03)
    assert found.low < found.high / math.sqrt(8)
    assert "n = 1,012 in each of 8 directions" in found.basis
    found = detectable.of_claim(claim("translation", "comet", "mean of 8 directions"))
    # the spread with which a difference of 0.0297 has t = 8.2661 on 3,003 sentences
    spread = 100 * 0.0297 * math.sqrt(3003) / 8.2661
    assert found.high == pytest.approx(2.8016 * spread / math.sqrt(1012), rel=0.002)
    assert found.low == pytest.approx(found.high / math.sqrt(8))
    assert detectable.of_claim(claim("summarization", "bertscore")) is None


def test_measured_comparisons_of_the_same_data_take_the_place_of_assumptions():
    scores = make_scores(seeds=1).replace({"dataset": {"shell_game": "logiqa2"}})
    tested = make_comparisons(scores)
    tested.loc[tested["model"] == "t5_tiny", "detectable"] = 2.5
    found = detectable.of_claim(claim(), tested)
    assert found == (1.5, 2.5, "n = 500, measured here")
    assert "assum" not in found.basis
    # not from another data set, nor from single pairs where the claim is of a mean
    other = make_comparisons(make_scores(seeds=1))
    assert detectable.of_claim(claim(), other) == detectable.of_claim(claim())
    of_mean = claim("translation", "bleu", "mean of 8 directions")
    flores = other.replace({"dataset": {"invented": "flores"}})
    assert detectable.of_claim(of_mean, flores) == detectable.of_claim(of_mean)


def test_reported_gains_are_shown_with_what_their_test_set_can_show():
    shown = make_results(claims=reported.read())
    of_gains, absolute = tables_of(shown, TASK, Section.REPORTED)
    assert column(of_gains, "accuracy ↑") == ["+0.87 (2.23–5.00)", "+1.85 (2.23–5.00)"]
    assert any("80 of 100 cases" in note for note in of_gains.notes)
    assert any("n = 1,572" in note for note in of_gains.notes)
    assert column(absolute, "macro-F1 ↑") == ["55.50"]
    assert len(absolute.notes) == 1
    of_gains, *_ = tables_of(shown, "translation", Section.REPORTED)
    assert column(of_gains, "COMET ↑") == ["+1.32 (0.61–1.73)"]
