"""The paper's numbers as the package carries them."""

from helpers.synthetic_results import make_results
from helpers.tables import table_of
from warmup.reporting.paper import reported


def test_the_stated_numbers_are_there():
    table = reported.read()
    assert tuple(table.columns) == reported.COLUMNS
    assert table["value"].dtype == float
    assert set(table["quantity"]) == {"gain", "absolute"}
    assert set(table["task"]) == {"translation", "summarization", "multiple_choice"}
    assert not table.duplicated(["task", "dataset", "pair", "model", "metric", "quantity"]).any()
    values = table.set_index(["task", "model", "metric", "quantity"])["value"]
    assert values["translation", "mT5-base", "bleu", "gain"].item() == 1.57
    assert values["translation", "mT5-base", "chrf++", "gain"].item() == 1.60
    assert values["summarization", "T5-base", "rouge2", "gain"].item() == 0.32
    assert values["multiple_choice", "Llama-3.2-1B", "macro_f1", "gain"].item() == 2.51
    assert values["multiple_choice", "not stated", "macro_f1", "absolute"].item() == 55.5
    flores = table[(table["metric"] == "bleu") & (table["quantity"] == "absolute")]
    assert dict(zip(flores["pair"], flores["value"], strict=True)) == {
        "de-en": 34.71,
        "ru-en": 25.76,
        "zh-en": 18.66,
    }


def test_every_number_names_its_source():
    assert reported.read()["source"].str.contains("2502.12304", regex=False).all()


def test_gains_are_shown_with_what_the_test_sets_could_show():
    claims = reported.read()
    found = {
        metric: table_of(
            "reported_gains", make_results(claims=claims[claims["metric"] == metric]), task
        )
        for metric, task in (
            ("bleu", "translation"), ("comet", "translation"), ("bertscore", "summarization"),
        )
    }  # fmt: skip
    cells = {metric: table.rows[0][2].text for metric, table in found.items()}
    assert cells == {
        "bleu": "+1.57 (0.23–1.48)",
        "comet": "+1.32 (0.61–1.73)",  # 2.80 · 19.7 / √1,012, and of eight such test sets
        "bertscore": "+0.10",
    }
    assert any(note.startswith("BERTScore: no range") for note in found["bertscore"].notes)
