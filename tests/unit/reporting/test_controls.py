"""The tables that compare all controls and all ablations with warmup."""

import pytest
from test_controls_at_test_time import DECODINGS, texts, with_controls

from helpers.many_methods import make
from helpers.synthetic_results import METHODS, make_comparisons, make_results, make_scores
from helpers.tables import table_of
from warmup.config.decodings import Decodings
from warmup.reporting.long_form import rows

TASK = "multiple_choice"


def controls(results):
    return table_of("all_controls", results, TASK)


def ablations(results):
    return table_of("ablations", results, TASK)


def test_one_table_has_controls_of_training_and_of_test_time():
    table = controls(make_results(with_controls(), decodings=DECODINGS))
    assert table.header == [
        "data", "model", "method", "accuracy ↑", "difference to warmup", "updates", "compute",
        "seeds", "n items",
    ]  # fmt: skip
    assert [row[:3] for row in texts(table)] == [
        ["Shell game (English)", model, name]
        for model in ("Llama tiny", "T5 tiny")
        for name in (
            "SFT", "SFT (same compute)", "SFT (same updates)", "warmup",
            "warmup; at test time shuffled", "warmup; at test time best of 4",
        )
    ]  # fmt: skip
    sft, _, _, warmup, shuffled, _ = table.rows[:6]
    assert sft[4].value == pytest.approx(sft[3].value - warmup[3].value)
    assert warmup[4].text == "–"
    assert shuffled[4].value == pytest.approx(-20)
    assert [row[6].text for row in (sft, warmup, shuffled)] == ["1.00×", "11.00×", "–"]
    assert (sft[7].text, sft[8].text) == ("3", "500")


def test_there_is_no_table_where_sft_is_the_only_other_method():
    scores = make_scores()
    few = scores[scores["method"].isin(["sft", "warmup"])]
    assert controls(make_results(few)) is None
    assert controls(make_results(scores[scores["method"] != "warmup"])) is None
    assert ablations(make_results(scores)) is None


def test_a_control_of_another_decoding_than_the_first_is_only_in_the_table_of_test_time():
    scores = with_controls("beam4", beam=True)
    decodings = Decodings(("greedy", "beam4", "shuffled"), {"shuffled": "beam4"})
    table = controls(make_results(scores, decodings=decodings))
    assert not any("at test time" in row[2] for row in texts(table))


def test_the_test_is_that_of_warmup_against_the_method_with_its_sign_turned():
    scores = make_scores()
    results = make_results(scores, comparisons=make_comparisons(scores))
    found = {(item.setting, item.method, item.metric): item for item in results.to_warmup}
    for gain in results.of_warmup:
        if gain.baseline == "sft_continued":
            item = found[gain.setting, "sft_continued", gain.metric]
            assert (item.mean, item.low, item.high) == (-gain.mean, -gain.high, -gain.low)
            assert item.p == gain.p
    table = controls(results)
    assert table.rows[0][4].text.startswith("−61.1* [−62.1, −60.1]")
    assert any("differs from warmup" in note for note in table.notes)
    assert not any("*" in row[3].text for row in table.rows)  # scores have no mark


def test_ablations_stand_under_what_they_vary():
    data = make()
    table = ablations(data)
    assert table.header[:4] == ["data", "model", "varied", "method"]
    names = [(row[2], row[3]) for row in texts(table)]
    assert names[:2] == [("objective", "Jensen"), ("objective", "multisample")]
    assert names[-1] == ("–", "warmup")
    assert len(names) == 18
    assert "SFT" not in {name for _, name in names}
    found = dict(zip((name for _, name in names), table.rows, strict=True))
    assert found["Jensen"][5].value == pytest.approx(0)
    assert found["multisample"][5].value == pytest.approx(-1)
    assert [row[2] for row in texts(controls(data))] == [
        "SFT", "SFT (same compute)", "SFT (same updates)", "warmup",
    ]  # fmt: skip


def test_the_csv_has_every_difference_to_warmup_and_none_of_other_decodings():
    found = rows(make_results(with_controls(), decodings=DECODINGS).of(TASK))
    differences = [row for row in found if row["quantity"] == "difference_to_warmup"]
    assert {row["decoding"] for row in differences} == {"greedy"}
    assert {row["method"] for row in differences} == set(METHODS) - {"warmup"}
    assert len(differences) == 2 * 3 * 2  # models, methods, metrics
