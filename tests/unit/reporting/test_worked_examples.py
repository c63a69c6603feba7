"""The worked examples of the report: which item is shown, and what is marked in it."""

import pytest

from warmup.reporting.report.worked import to_html, worked


def output(text, right, warmup=None):
    return {"output": text, "right": right, "warmup": warmup}


def cell(*items, data="Data", methods=("SFT", "warmup"), answer_only=False):
    return {
        "data": data, "model": "Model", "methods": list(methods), "baseline": "SFT",
        "focus": "warmup", "answerOnly": answer_only,
        "items": [
            {"id": str(number), "source": "x <b>", "references": [reference], "outputs": outputs}
            for number, (reference, *outputs) in enumerate(items)
        ],
    }  # fmt: skip


BOTH = ("a b", output("a b", True), output("a b", True, "w"))
WON = ("a b", output("a c", False), output("a b", True, "w"))
LOST = ("a b", output("a b", True), output("a c", False, "w"))


@pytest.mark.parametrize(
    ("items", "expected"),
    [([BOTH, LOST, WON, WON], ("2", True)), ([LOST, BOTH], ("0", False))],
)
def test_the_first_item_that_warmup_alone_answers_right_is_shown(items, expected):
    (one,) = worked([cell(*items)])
    assert (one.item["id"], one.decides) == expected


def test_there_is_one_item_per_data_set_of_the_first_model_with_warmups():
    alone = cell(("a", output("a", True)), methods=["SFT"])
    shown = worked([alone, cell(WON), cell(BOTH), cell(BOTH, data="Other")])
    assert [(one.cell["data"], one.decides) for one in shown] == [("Data", True), ("Other", False)]
    assert worked([alone]) == worked([]) == []


def test_words_that_differ_are_marked_and_text_is_text():
    (one,) = worked([cell(WON)])
    text = to_html(one)
    assert '<dd dir="auto">x &lt;b&gt;</dd>' in text
    assert "a <ins>c</ins> <del>b</del> " in text
    assert '<span class="warmup" dir="auto">w</span>' in text
    assert text.count("<ins>") == 1


def test_in_multiple_choice_the_explanation_is_not_compared():
    item = ("B", output("A D D", False), output("B C D", True, ""))
    (one,) = worked([cell(item, answer_only=True)])
    text = to_html(one)
    assert "<ins>A</ins> <del>B</del> D D" in text
    assert ">B C D " in text
    assert "<em>(empty)</em>" in text
