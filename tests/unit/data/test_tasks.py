"""How records become text."""

import pytest

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

TRANSLATION = Record(
    "1", "A dog.", targets=["Ein Hund.", "Hund."], source_lang="en", target_lang="de"
)
LETTERS = ["A", "B", "C"]


def render(task: str, record: Record) -> Rendered:
    rendered = plugins.load("task", task).render(record)
    assert isinstance(rendered, Rendered)
    return rendered


def test_there_are_five_tasks_with_their_metrics() -> None:
    metrics = {task: plugins.load("task", task).METRICS for task in plugins.names("task")}
    assert metrics == {
        "translation": ("bleu", "chrf", "chrf++"),
        "summarization": ("rouge1", "rouge2", "rougeL"),
        "multiple_choice": ("accuracy", "macro_f1"),
        "transduction": ("wer", "ser"),
        "text_to_text": ("exact_match", "chrf"),
    }


def test_translation_names_the_languages() -> None:
    assert render("translation", TRANSLATION) == Rendered(
        Input("translate English to German: ", "A dog."), "Ein Hund.", ["Ein Hund.", "Hund."]
    )


def test_translation_calls_an_unknown_language_by_its_code() -> None:
    record = Record("1", "da kugos", ["no mirar"], "qab", "qaa")
    assert str(render("translation", record).input) == "translate qab to qaa: da kugos"


def test_summarization() -> None:
    record = Record("1", "a long text", ["short", "brief"])
    assert render("summarization", record) == Rendered(
        Input("summarize: ", "a long text"), "short", ["short", "brief"]
    )


def test_multiple_choice_lists_question_and_options() -> None:
    record = Record("1", "It rains.", question="Is it dry?", choices=["Yes", "No"], answer=1)
    assert render("multiple_choice", record) == Rendered(
        Input("answer: ", "It rains.", " question: Is it dry? options: A) Yes B) No"), "B", ["B"]
    )


def test_multiple_choice_says_no_more_than_there_is() -> None:
    record = Record("1", "start B", choices=LETTERS, answer=2, explanation="B C")
    assert render("multiple_choice", record) == Rendered(
        Input("answer: ", "start B"), "C B C", ["C"]
    )


def test_transduction_reads_symbols() -> None:
    record = Record("1", "z e e", ["z eː", "s eː"])
    assert render("transduction", record) == Rendered(Input("", "z e e"), "z eː", ["z eː", "s eː"])


def test_features_stand_before_the_lemma_and_are_never_cut() -> None:
    record = Record("1", "z e e", ["z e e ë n"], features="N;NOM(PL)")
    assert render("transduction", record).input == Input("+N +NOM( +PL +) ", "z e e")


@pytest.mark.parametrize(
    ("task", "record", "message"),
    [
        ("translation", Record("7", "a", targets=["b"]), "'7' needs source_lang and target_lang"),
        ("translation", Record("7", "a", choices=LETTERS, answer=0), "'7' has no target"),
        ("summarization", Record("7", "a", choices=LETTERS, answer=0), "'7' has no target"),
        ("transduction", Record("7", "a", choices=LETTERS, answer=0), "'7' has no target"),
        ("transduction", Record("7", "a", ["b"], features="V;"), "'7': features 'V;' are not in"),
        ("multiple_choice", Record("7", "a", targets=["b"]), "'7' has 0 choices; .* needs 2 to 26"),
        ("multiple_choice", Record("7", "a", choices=["x"], answer=0), "has 1 choices"),
        ("multiple_choice", Record("7", "a", choices=["x"] * 27, answer=0), "has 27 choices"),
    ],
)
def test_a_record_of_another_task_is_refused(task: str, record: Record, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plugins.load("task", task).check(record)
    with pytest.raises(InputError, match=message):
        render(task, record)
