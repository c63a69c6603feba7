"""Multiple choice: a passage, a question and options -> the letter of the right option.

    answer: <passage> question: <question> options: A) <option> B) <option>  ->  B

The letter is followed by the explanation where the record has one. A question that is absent is
not mentioned, and options that are their own letters (`A`, `B`, …) are not listed.
"""

from string import ascii_uppercase

from warmup.errors import InputError
from warmup.records import Record
from warmup.tasks import Rendered

METRICS: tuple[str, ...] = ("accuracy", "macro_f1")


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a multiple-choice question."""
    if not 2 <= len(record.choices) <= len(ascii_uppercase):
        raise InputError(
            f"record {record.id!r} has {len(record.choices)} choices; multiple_choice needs 2 to "
            f"{len(ascii_uppercase)}"
        )


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    assert record.answer is not None  # a record with choices has an answer
    labels = ascii_uppercase[: len(record.choices)]
    parts = ["answer:", record.source]
    if record.question:
        parts += ["question:", record.question]
    if record.choices != list(labels):
        parts.append("options:")
        parts += [f"{label}) {text}" for label, text in zip(labels, record.choices, strict=True)]
    label = labels[record.answer]
    return Rendered(
        input=" ".join(parts),
        target=f"{label} {record.explanation}".strip(),
        references=[label],
    )
