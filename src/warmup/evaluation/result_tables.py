"""The four tables of an experiment's results: scores, curves, comparisons and warmups.

They are TSV in long format, one number or one test per row, and the only source of what is shown.
docs/results-reading.md and docs/statistics.md explain each column.
"""

import argparse
import csv
import io
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.errors import InputError
from warmup.common.files import read_lines, write_text
from warmup.common.json_values import check_object
from warmup.common.keys import EvaluationKey, RunKey, Setting

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""A line of a table: column -> value."""

MEAN = "mean of "
"""How the name of the mean over the pairs of a data set begins."""
OWN = "own warmup"
"""As the baseline of a comparison: the same method after its own warmups."""
VALIDATION = "validation_"
"""How the names of quantities begin that are measured on warmups during validation."""
_AGAINST = " against "
_LARGEST = {int: 2**63, float: math.inf}
"""Numbers of each type are below this: a data frame does not hold others."""


@dataclass(frozen=True)
class ResultTable:
    """The form of a table."""

    keys: dict[str, type]
    """Columns that identify a row, and that rows are sorted by."""
    values: dict[str, type]
    """The other columns, which come after the keys."""
    optional: tuple[str, ...] = ()
    """Numbers that may be unknown: empty in the file, NaN in the data frame."""
    digits: int | None = None
    """Significant digits of numbers that are not whole; None for all."""

    @property
    def columns(self) -> dict[str, type]:
        """The columns in their order, with their types."""
        return self.keys | self.values

    def check(self, row: Any, where: str) -> Row:
        """Return a row that has exactly these columns in the right types.

        Raises:
            InputError: begins with `where` and names the column.
        """
        return check_object(row, self.columns, where, self.optional)

    def to_text(self, rows: Iterable[Row]) -> str:
        """Return rows as TSV, sorted by their keys; NaN and None are empty.

        Raises:
            InputError: two rows have the same keys.
        """
        ordered = sorted(rows, key=lambda row: [row[key] for key in self.keys])
        for one, other in itertools.pairwise(ordered):
            if all(one[key] == other[key] for key in self.keys):
                name = ", ".join(f"{key}={one[key]}" for key in self.keys)
                raise InputError(f"two inputs give the same row: {name}")
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.columns), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: self._cell(value) for key, value in row.items()} for row in ordered)
        return text.getvalue()

    def write(self, path: Path, rows: Iterable[Row]) -> None:
        """Write rows as `to_text` returns them, atomically."""
        write_text(path, self.to_text(rows))

    def read(self, path: Path) -> "pd.DataFrame":
        """Read a table: text as text, whole numbers as such, unknown numbers as NaN.

        Raises:
            InputError: a missing, unknown or second column; a cell that is not a finite number
                where one must be; or two rows with the same keys. The message names the line.
        """
        import pandas as pd  # noqa: PLC0415  # collecting starts without it

        columns = self.columns
        (_, header), *lines = list(_lines(path)) or [(1, [])]
        if missing := [name for name in columns if name not in header]:
            raise InputError(f"{path}:1: missing column {missing[0]!r}")
        if extra := [name for name in header if name not in columns]:
            raise InputError(f"{path}:1: unknown column {extra[0]!r}; valid: {', '.join(columns)}")
        if twice := [name for name in columns if header.count(name) > 1]:
            raise InputError(f"{path}:1: column {twice[0]!r} is there twice")
        rows = []
        line_of: dict[tuple[Any, ...], int] = {}
        for number, line in lines:
            where = f"{path}:{number}"
            if len(line) != len(header):
                raise InputError(f"{where}: {len(line)} cells under {len(header)} columns")
            cells = dict(zip(header, line, strict=True))
            row = {name: self._value(name, cells[name], where) for name in columns}
            first = line_of.setdefault(tuple(row[name] for name in self.keys), number)
            if first != number:
                raise InputError(f"{where}: the same row as line {first}")
            rows.append(row)
        return pd.DataFrame(rows, columns=list(columns)).astype(
            {name: kind for name, kind in columns.items() if kind is not str}
        )

    def read_given(self, path: Path | None) -> "pd.DataFrame | None":
        """Read a table that is optional on the command line; None if no path is given."""
        return None if path is None else self.read(path)

    def _value(self, name: str, cell: str, where: str) -> Any:
        """Return the value of a cell; `where` begins errors."""
        kind = self.columns[name]
        if kind is str:
            return cell
        if not cell and name in self.optional:
            return math.nan
        try:
            value = kind(cell)
        except ValueError:
            value = None
        if value is None or not abs(value) < _LARGEST[kind]:
            what = "whole" if kind is int else "finite"
            raise InputError(f"{where}: column {name!r}: {cell!r} is not a {what} number")
        return value

    def _cell(self, value: Any) -> Any:
        if not isinstance(value, float):
            return value
        if math.isnan(value):
            return ""
        return value if self.digits is None else f"{value:.{self.digits}g}"


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line."""
    reader = csv.reader(read_lines(path), delimiter="\t", strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from None


RUN_COLUMNS = {"experiment": str, "task": str, **RunKey.columns()}
"""Columns of a trained model, with their types."""
EVALUATION_COLUMNS = {"experiment": str, "task": str, **EvaluationKey.columns()}
"""Columns of a file of predictions, with their types."""

SCORES = ResultTable(
    keys=EVALUATION_COLUMNS | {"subset": str, "metric": str},
    values={
        **{"value": float, "low": float, "high": float, "n": int, "signature": str},
        **{"hypotheses_sha256": str, "references_sha256": str},
    },
    optional=("low", "high", "value"),
)
"""scores.tsv. A score that was not computed has no value; its signature says why."""
CURVES = ResultTable(
    keys={"task": str, **RunKey.columns(), "update": int, "quantity": str},
    values={"value": float},
)
"""curves.tsv."""
COMPARISONS = ResultTable(
    keys=dict.fromkeys(
        ("experiment", *Setting._fields, "decoding", "method", "baseline", "metric"), str
    ),
    values={
        **{"difference": float, "low": float, "high": float, "scope": str, "test": str},
        **{"p": float, "p_holm": float, "p_bootstrap": float},
        **{"effect_size": float, "detectable": float},
        **{"n": int, "seeds": int, "tests": int, "resamples": int, "resampling_seed": int},
    },
    optional=(
        *("difference", "low", "high", "p", "p_holm", "p_bootstrap"),
        *("effect_size", "detectable"),
    ),
    digits=12,
)
"""comparisons.tsv."""
WARMUPS = ResultTable(
    keys=EVALUATION_COLUMNS | {"subset": str, "quantity": str},
    values={"value": float, "low": float, "high": float, "n": int},
    optional=("low", "high"),
)
"""warmups.tsv."""


def against(one: str, other: str) -> str:
    """Return what stands for a metric where a gain on one is compared with that on another.

    Such a row is in units of the spread of the items' differences, not in points.
    """
    return f"{one}{_AGAINST}{other}"


def compared_metrics(metric: str) -> tuple[str, str] | None:
    """Return the two metrics that such a row is about; None for any other row."""
    one, separator, other = metric.partition(_AGAINST)
    return (one, other) if separator else None


def add_comparisons(parser: argparse.ArgumentParser) -> None:
    """Add the option `--comparisons`."""
    parser.add_argument(
        "--comparisons",
        type=Path,
        metavar="FILE",
        help="comparisons.tsv: tests and intervals of the gains (default: none are shown)",
    )


def add_warmups(parser: argparse.ArgumentParser) -> None:
    """Add the option `--warmups`."""
    parser.add_argument(
        "--warmups",
        type=Path,
        metavar="FILE",
        help="warmups.tsv: what warmups say (default: it is not shown)",
    )
