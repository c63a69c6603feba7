"""Tasks, one per file: how a record becomes text for a model, and which metrics score its output.

Each has `METRICS`, the names of its metrics; `check(record)`, which raises an `InputError` if
the record does not fit the task; `model_input(record)`, which returns an `Input` and needs no
target; and `render(record)`, which checks and returns a `Rendered`. A task whose input begins with
`record.prefix` also has `SETTINGS = ("prefix",)`: the data set's entry may then say what it is. One
with `TWO_LANGUAGES = True` takes no pair of one language.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Input:
    """What a model reads, in three parts that follow one another; as a `str` it is the whole.

    If the whole is too long, the end of `text` is cut. The other two are never cut.
    """

    before: str
    text: str
    after: str = ""

    def __str__(self) -> str:
        return self.before + self.text + self.after


@dataclass(frozen=True)
class Rendered:
    """A record as text."""

    input: Input
    """What the model reads."""
    target: str
    """What it is trained to write."""
    references: list[str]
    """What its output is compared with."""
