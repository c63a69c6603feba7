"""Files of sufficient statistics, one row per item: what tests draw, swap and sum.

Such a file belongs to one file of predictions and lies next to its scores. Comparing systems
therefore reads no text and runs no metric.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from warmup.common.errors import InputError
from warmup.common.files import read_json, to_json, write_text
from warmup.common.json_values import check_object
from warmup.common.keys import EvaluationKey
from warmup.evaluation.metrics import FloatArray
from warmup.evaluation.result_tables import EVALUATION_COLUMNS

_KINDS = {"run": dict, "references_sha256": str, "metrics": dict}


class ItemStatistics(NamedTuple):
    """Sufficient statistics of one file of predictions."""

    name: str
    """Name of the file, for messages."""
    experiment: str
    task: str
    key: EvaluationKey
    references_sha256: str
    """Identifies the items and their order."""
    signatures: dict[str, str]
    """Metric -> every choice that changes its value."""
    statistics: dict[str, FloatArray]
    """Metric -> one row per item, [n, k]."""


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
    document = check_object(read_json(path), _KINDS, f"{path}")
    run = check_object(document["run"], EVALUATION_COLUMNS, f"{path}: run")
    signatures, statistics = {}, {}
    for name, metric in document["metrics"].items():
        try:
            signatures[name] = str(metric["signature"])
            statistics[name] = np.array(metric["statistics"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: metric {name}: no signature and statistics") from error
        rows = statistics[name]
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise InputError(
                f"{path}: metric {name}: statistics must be one row of numbers per item"
            )
    if len({len(rows) for rows in statistics.values()}) > 1:
        raise InputError(f"{path}: metrics differ in their number of items")
    return ItemStatistics(
        name=str(path),
        experiment=run["experiment"],
        task=run["task"],
        key=EvaluationKey.from_row(run),
        references_sha256=document["references_sha256"],
        signatures=signatures,
        statistics=statistics,
    )
