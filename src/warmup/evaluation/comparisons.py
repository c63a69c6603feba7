"""The table of comparisons, comparisons.tsv: its columns, and how it is written and read."""

import argparse
import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.files import write_text
from warmup.evaluation.collect import read_table

if TYPE_CHECKING:
    import pandas as pd

_KEYS = (
    *("experiment", "task", "dataset", "pair", "model", "split", "decoding"),
    *("method", "baseline", "metric"),
)
_TYPES: dict[str, type] = {
    **dict.fromkeys(_KEYS, str),
    **{"difference": float, "low": float, "high": float, "scope": str, "test": str},
    **{"p": float, "p_holm": float, "p_bootstrap": float},
    **{"effect_size": float, "detectable": float},
    **{"n": int, "seeds": int, "tests": int, "resamples": int, "resampling_seed": int},
}
COLUMNS = tuple(_TYPES)
"""Of comparisons.tsv; docs/statistics.md explains each."""

MEAN = "mean of "
"""How the name of the mean over the pairs of a data set begins."""
OWN = "own warmup"
"""Stands for a method's own warmups where a baseline is named; no method has such a name."""
_AGAINST = " against "


def against(one: str, other: str) -> str:
    """Return what stands for a metric where a gain on one is compared with that on another.

    Such a row is in units of the spread of the items' differences, not in points.
    """
    return f"{one}{_AGAINST}{other}"


def compared_metrics(metric: str) -> tuple[str, str] | None:
    """Return the two metrics that such a row is about; None for any other row."""
    one, found, other = metric.partition(_AGAINST)
    return (one, other) if found else None


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as TSV in the order of their keys, with 12 digits; not-a-number is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda row: [row[key] for key in _KEYS]):
        writer.writerow({key: _shown(value) for key, value in row.items()})
    write_text(path, text.getvalue())


def read(path: Path | None) -> "pd.DataFrame | None":
    """Read comparisons.tsv, empty numbers as not-a-number; None where no path is given.

    Raises:
        InputError: a missing or unknown column, or a cell of the wrong type.
    """
    if path is None:
        return None
    return read_table(path, _TYPES, [name for name, kind in _TYPES.items() if kind is float])


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--comparisons`, whose value `read` reads."""
    parser.add_argument(
        "--comparisons",
        type=Path,
        metavar="FILE",
        help="comparisons.tsv: tests and intervals of the gains (default: none are shown)",
    )


def _shown(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.12g}"
