"""Summarization: `summarize: <document>` -> `<summary>`, worded as in Raffel et al. 2020 (T5)."""

from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("rouge1", "rouge2", "rougeL")


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a summary."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which summarization needs")


def model_input(record: Record) -> Input:
    """Return what the model reads."""
    return Input("summarize: ", record.source)


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=model_input(record),
        target=record.targets[0],
        references=record.targets,
    )
