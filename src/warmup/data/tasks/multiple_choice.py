"""Multiple choice: a passage, a question and options -> the letter of the right option.

    answer: <passage> question: <question> options: A) <option> B) <option>  ->  B

The letter is followed by the explanation if the record has one. A question that is absent is
not mentioned, and options that are their own letters (`A`, `B`, …) are not listed.
"""

from string import ascii_uppercase

from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("accuracy", "macro_f1")


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a multiple-choice question."""
    _labels(record)
    if record.answer is None:
        raise InputError(f"record {record.id!r} has no answer")


def model_input(record: Record) -> Input:
    """Return what the model reads; if it is too long, the passage is cut.

    Raises:
        InputError: too few or too many choices.
    """
    labels = _labels(record)
    after = ["question:", record.question] if record.question else []
    if record.choices != labels:
        after.append("options:")
        after += [f"{label}) {text}" for label, text in zip(labels, record.choices, strict=True)]
    return Input("answer: ", record.source, "".join(f" {part}" for part in after))


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    assert record.answer is not None  # checked
    label = _labels(record)[record.answer]
    return Rendered(
        input=model_input(record),
        target=f"{label} {record.explanation}".strip(),
        references=[label],
    )


def _labels(record: Record) -> list[str]:
    if not 2 <= len(record.choices) <= len(ascii_uppercase):
        raise InputError(
            f"record {record.id!r} has {len(record.choices)} choices; multiple_choice needs 2 "
            f"to {len(ascii_uppercase)}"
        )
    return list(ascii_uppercase[: len(record.choices)])
