"""Lines of predictions.jsonl: what a model wrote for each input. docs/data.md explains the keys."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeGuard

from warmup.common.errors import InputError
from warmup.common.files import read_places, write_jsonl
from warmup.common.json_values import check_object
from warmup.common.texts import is_blank, nfc
from warmup.data.records import unique

BY_TOKEN = ("warmup_by_token", "output_by_token")
"""Keys that take most of a file's bytes; a snapshot leaves them out, and no score needs them."""
_KINDS: dict[str, type] = {
    **{"id": str, "source": str, "references": list, "warmup": str, "output": str},
    **{"warmup_log_probability": float, "output_log_probability": float},
    **{"warmup_tokens": int, "output_tokens": int, **dict.fromkeys(BY_TOKEN, list)},
    **{"warmup_from": str, "as_tokens": dict, "meta": dict},
    **{"task": str, "target_lang": str},
}
_NULL = (
    *("warmup_log_probability", "output_log_probability", "output_tokens", "warmup_from"),
    *("as_tokens", "task", "target_lang", *BY_TOKEN),
)
"""Keys that may be null or, in files of earlier revisions and snapshots, missing."""
_SUBSETS = ("lookahead",)
"""Keys of `meta` whose values each make a subset of the items."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model wrote for one input."""

    id: str
    source: str
    references: Sequence[str]
    """Empty if the record has no target."""
    warmup: str
    """Empty for a method without warmups."""
    output: str
    warmup_log_probability: float | None = None
    """log P(c|x) in nats; None for a method without warmups."""
    output_log_probability: float | None
    """log P(y|x,c) in nats; None for an output of another system."""
    warmup_tokens: int
    output_tokens: int | None
    """The end token included; None for an output of another system."""
    warmup_by_token: Sequence[tuple[str, float]] | None = None
    """Text and log-probability of each token."""
    output_by_token: Sequence[tuple[str, float]] | None = None
    warmup_from: str | None = None
    """Where the warmup comes from, a module of `warmup.generation.strategies`."""
    as_tokens: dict[str, int] = field(default_factory=dict)
    """How many tokens the texts lost, by kind; without zeros."""
    meta: dict[str, Any]
    """As in the record."""
    task: str | None = None
    """The task of the model; None in files of earlier revisions."""
    target_lang: str | None = None
    """Language of output and references; None if it is unknown."""

    def as_row(self) -> dict[str, Any]:
        """Return what is written as one line; the task and the language only if they are known."""
        row = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        unknown = {key for key in ("task", "target_lang") if row[key] is None}
        return {key: value for key, value in row.items() if key not in unknown}

    def normalised(self, normalise: Callable[[str], str]) -> "Prediction":
        """Return the prediction with its texts as `normalise` returns them."""
        return replace(
            self,
            source=normalise(self.source),
            references=[normalise(text) for text in self.references],
            warmup=normalise(self.warmup),
            output=normalise(self.output),
        )


def write(path: Path, predictions: Iterable[Prediction]) -> int:
    """Write one line per prediction, atomically; return how many."""
    return write_jsonl(path, (prediction.as_row() for prediction in predictions))


def read(path: Path, normalise: Callable[[str], str] = nfc) -> list[Prediction]:
    """Read predictions of inputs that have references, with their texts in NFC.

    Args:
        path: predictions.jsonl; may end in `.gz`.
        normalise: what brings a text into NFC.

    Raises:
        InputError: naming the line with an unknown or missing key, a value that is not allowed or
            the id of another line; or the file has no lines.
    """
    predictions = list(unique((where, _parse(row, where)) for where, row in read_places(path)))
    if not predictions:
        raise InputError(f"{path}: no predictions")
    return [prediction.normalised(normalise) for prediction in predictions]


def _parse(row: dict[str, Any], where: str) -> Prediction:
    check_object(row, _KINDS, where, _NULL)
    references = row["references"]
    if not references or not all(isinstance(t, str) and not is_blank(t) for t in references):
        raise InputError(f"{where}: references must be non-empty strings, at least one")
    for key in ("output_log_probability", "output_tokens"):
        if key not in row:  # it may be null, but not missing
            raise InputError(f"{where}: missing key {key!r}")
    for key in ("warmup_tokens", "output_tokens"):
        if row[key] is not None and row[key] < 0:
            raise InputError(f"{where}: {key} must be 0 or more")
    if not all(map(_is_number, (row.get("as_tokens") or {}).values())):
        raise InputError(f"{where}: as_tokens must be an object of numbers")
    for key in BY_TOKEN:
        if not all(map(_is_token, row.get(key) or ())):
            raise InputError(f"{where}: {key} must be pairs of text and log-probability")
    return Prediction(**row | {"as_tokens": row.get("as_tokens") or {}})


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_token(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and _is_number(value[1])
    )


def subsets_of(predictions: Sequence[Prediction]) -> dict[str, list[int]]:
    """Return such as `lookahead=3` -> indices of the items with that value, sorted by value.

    Items without such a number are in no subset.
    """
    subsets: dict[str, list[int]] = {}
    for key in _SUBSETS:
        values = [prediction.meta.get(key) for prediction in predictions]
        for value in sorted({value for value in values if _is_number(value)}):
            subsets[f"{key}={value}"] = [i for i, other in enumerate(values) if other == value]
    return subsets
