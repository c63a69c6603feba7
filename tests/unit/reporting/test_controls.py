"""The tables of all controls and of all ablations beside warmup."""

import pytest
from test_decoding_controls import DECODINGS, of_task, texts, with_controls

from helpers.many_methods import make
from helpers.synthetic_results import METHODS, STARTS, make_comparisons, make_scores, reported
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import Methods
from warmup.reporting.gains import gains
from warmup.reporting.tables.controls import ablations, controls, to_warmup
from warmup.reporting.tables.long_form import rows

ORDER = Methods(METHODS, STARTS)
TASK = "multiple_choice"


def test_one_table_has_controls_of_training_and_of_test_time():
    table = controls(of_task(with_controls()), DECODINGS, ORDER, TASK)
    assert table.header == [
        "data", "model", "method", "accuracy ↑", "difference to warmup", "updates", "compute",
        "seeds", "n items",
    ]  # fmt: skip
    assert [row[:3] for row in texts(table)] == [
        ["shell_game en", model, name]
        for model in ("llama_tiny", "t5_tiny")
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
    scores = of_task(make_scores())
    few = scores[scores["method"].isin(["sft", "warmup"])]
    assert controls(few, UNKNOWN, ORDER, TASK) is None
    assert controls(scores[scores["method"] != "warmup"], UNKNOWN, ORDER, TASK) is None
    assert ablations(scores, UNKNOWN, ORDER, TASK) is None


def test_a_control_at_test_time_that_stands_beside_another_decoding_is_left_to_its_own_table():
    scores = of_task(with_controls("beam4", beam=True))
    table = controls(
        scores, Decodings(("greedy", "beam4", "shuffled"), {"shuffled": "beam4"}), ORDER, TASK
    )
    assert not any("at test time" in row[2] for row in texts(table))


def test_the_test_is_that_of_warmup_against_the_method_with_its_sign_turned():
    scores = of_task(make_scores())
    tested = make_comparisons(scores)
    found = {(item.setting, item.method, item.metric): item for item in to_warmup(scores, tested)}
    for gain in gains(scores, tested, "sft_continued"):
        if gain.method == "warmup":
            item = found[gain.setting, "sft_continued", gain.metric]
            assert (item.mean, item.low, item.high) == (-gain.mean, -gain.high, -gain.low)
            assert item.p == gain.p
    table = controls(scores, UNKNOWN, ORDER, TASK, tested)
    assert table.rows[0][4].text.startswith("−61.1* [−62.1, −60.1]")
    assert any("differs from warmup" in note for note in table.notes)
    assert not any("*" in row[3].text for row in table.rows)  # scores have no mark


def test_ablations_stand_under_what_they_vary():
    data = make()
    table = ablations(of_task(data.scores), UNKNOWN, data.methods, TASK)
    assert table.header[:4] == ["data", "model", "varied", "method"]
    names = [(row[2], row[3]) for row in texts(table)]
    assert names[:2] == [("objective", "Jensen"), ("objective", "multisample")]
    assert names[-1] == ("–", "warmup")
    assert len(names) == 18
    assert "SFT" not in {name for _, name in names}
    found = dict(zip((name for _, name in names), table.rows, strict=True))
    assert found["Jensen"][5].value == pytest.approx(0)
    assert found["multisample"][5].value == pytest.approx(-1)
    beside = controls(of_task(data.scores), UNKNOWN, data.methods, TASK)
    assert [row[2] for row in texts(beside)] == [
        "SFT", "SFT (same compute)", "SFT (same updates)", "warmup",
    ]  # fmt: skip


def test_the_csv_has_every_difference_to_warmup_and_none_of_other_decodings():
    found = rows(with_controls(), reported(), ORDER, TASK, decodings=DECODINGS)
    differences = [row for row in found if row["quantity"] == "difference_to_warmup"]
    assert {row["decoding"] for row in differences} == {"greedy"}
    assert {row["method"] for row in differences} == set(METHODS) - {"warmup"}
    assert len(differences) == 2 * 3 * 2  # models, methods, metrics
