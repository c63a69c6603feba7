"""Text to text: `<prefix><source>` -> `<target>`, for any task that needs no code of its own.

The data set's entry says which words come before the source (`prefix`), and which metrics score
the outputs (`metrics`).
"""

from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("exact_match", "chrf")
SETTINGS = ("prefix",)


def check(record: Record) -> None:
    """Raise an `InputError` if the record has no target."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which text_to_text needs")


def model_input(record: Record) -> Input:
    """Return what the model reads; if it is too long, the end of the source is cut."""
    return Input(record.prefix, record.source)


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=model_input(record),
        target=record.targets[0],
        references=record.targets,
    )
