"""A file of each item's sufficient statistics: what tests draw, swap and sum again.

It belongs to one file of predictions and stands beside its scores, so that comparing systems reads
no text and runs no metric again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from warmup.common.errors import InputError
from warmup.common.files import read_json, to_json, write_text
from warmup.evaluation.metrics import FloatArray

_PARTS = {"run": dict, "references_sha256": str, "metrics": dict}


class ItemStatistics(NamedTuple):
    """Sufficient statistics of one file of predictions."""

    name: str
    """Of the file, for messages."""
    run: dict[str, Any]
    """The keys of `warmup.evaluation.result_tables.EVALUATION_COLUMNS`."""
    references_sha256: str
    """Says which items these are, and their order."""
    signatures: dict[str, str]
    """Metric -> every choice that changes its value."""
    statistics: dict[str, FloatArray]
    """Metric -> one row an item, [n, k]."""


def write(
    path: Path,
    run: Mapping[str, Any],
    references_sha256: str,
    signatures: Mapping[str, str],
    statistics: Mapping[str, FloatArray],
) -> None:
    """Write a file of item statistics, atomically; whole numbers without a decimal point."""
    metrics = {
        name: {
            "signature": signatures[name],
            "statistics": [
                [int(value) if value.is_integer() else value for value in row]
                for row in rows.tolist()
            ],
        }
        for name, rows in statistics.items()
    }
    document = {"run": dict(run), "references_sha256": references_sha256, "metrics": metrics}
    write_text(path, to_json(document, str(path)) + "\n")


def read(path: Path) -> ItemStatistics:
    """Read a file of item statistics.

    Raises:
        InputError: naming what is missing or has the wrong form.
    """
    document = read_json(path)
    for key, kind in _PARTS.items():
        if not isinstance(document, dict) or not isinstance(document.get(key), kind):
            raise InputError(f"{path}: {key} must be a {kind.__name__}")
    signatures, statistics = {}, {}
    for name, metric in document["metrics"].items():
        try:
            signatures[name] = str(metric["signature"])
            statistics[name] = np.array(metric["statistics"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: metric {name}: no signature and statistics") from error
        rows = statistics[name]
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise InputError(f"{path}: metric {name}: statistics must be a row of numbers an item")
    if len({len(rows) for rows in statistics.values()}) > 1:
        raise InputError(f"{path}: metrics differ in their number of items")
    return ItemStatistics(
        str(path), document["run"], document["references_sha256"], signatures, statistics
    )
