"""Summarization: `summarize: <document>` -> `<summary>`, worded as in Raffel et al. 2020 (T5)."""

from warmup.errors import InputError
from warmup.records import Record
from warmup.tasks import Rendered

METRICS: tuple[str, ...] = ("rouge1", "rouge2", "rougeL")


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a summary."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which summarization needs")


def input_text(record: Record) -> str:
    """Return what the model reads."""
    return f"summarize: {record.source}"


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=input_text(record),
        target=record.targets[0],
        references=record.targets,
    )
