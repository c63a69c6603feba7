"""The table of the first warmups of each model, word by word."""

from collections.abc import Iterable, Sequence
from typing import Any

from warmup.reporting.table import Cell, Table

ITEMS = 3
"""Items per data set, pair, model and method."""
_LONGEST = 160
"""Characters of a text that are shown."""
_HEADER = ("task", "data", "model", "method", "input", "warmup", "output", "reference")


def examples_table(cells: Iterable[dict[str, Any]]) -> Table | None:
    """Return the first warmups of each data set, pair, model and method that has any.

    Args:
        cells: as `warmup.reporting.report.examples.collect` returns them.
    """
    rows = [row for cell in cells for row in _rows(cell)]
    if not rows:
        return None
    notes = [f"The first {ITEMS} items of Examples, without selection; ε is an empty warmup."]
    return Table("Warmups, word by word", _HEADER, rows, len(_HEADER), notes, "warmups-examples")


def _rows(cell: dict[str, Any]) -> Iterable[Sequence[Cell]]:
    for place, method in enumerate(cell["methods"]):
        for item in cell["items"][:ITEMS]:
            generated = item["outputs"][place]
            if generated is None or generated["warmup"] is None:
                continue
            texts = (
                item["source"],
                generated["warmup"].strip() or "ε",
                generated["output"],
                item["references"][0] if item["references"] else "",
            )
            names = cell["task"], cell["data"], cell["model"], method
            yield [*map(Cell, names), *(Cell(_clip(text)) for text in texts)]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} […]"
