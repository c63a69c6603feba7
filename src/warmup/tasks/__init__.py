"""Tasks, one a file: how a record becomes text for a model, and what its output is scored by.

Each has `METRICS`, the metrics it is scored by; `check(record)`, which raises an `InputError` if
the record does not fit the task; `input_text(record)`, what a model reads, which needs no target;
and `render(record)`, which checks and returns a `Rendered`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rendered:
    """A record as text."""

    input: str
    """What the model reads."""
    target: str
    """What it is trained to write."""
    references: list[str]
    """What its output is compared with."""
