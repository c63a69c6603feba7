"""The table of what warmups say, warmups.tsv: its columns, and how it is written and read."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.files import write_text
from warmup.evaluation.collect import SCORE_COLUMNS, read_table, to_tsv
from warmup.evaluation.score import RUN

if TYPE_CHECKING:
    import pandas as pd

KEYS = (*RUN, "subset", "quantity")
"""What identifies a row."""
COLUMNS: dict[str, type] = {
    **{key: SCORE_COLUMNS[key] for key in (*RUN, "subset")},
    **{"quantity": str, "value": float, "low": float, "high": float, "n": int},
}
"""Of warmups.tsv in their order, with their types; docs/results-reading.md explains each."""


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as TSV in the order of their keys; an unknown interval is empty.

    Raises:
        InputError: two rows have the same keys.
    """
    write_text(path, to_tsv(rows, list(COLUMNS), KEYS))


def read(path: Path | None) -> "pd.DataFrame | None":
    """Read warmups.tsv, empty intervals as not-a-number; None where no path is given.

    Raises:
        InputError: a missing or unknown column, or a cell that is not a number where one must be.
    """
    return None if path is None else read_table(path, COLUMNS)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--warmups`, whose value `read` reads."""
    parser.add_argument(
        "--warmups",
        type=Path,
        metavar="FILE",
        help="warmups.tsv: what warmups say (default: it is not shown)",
    )
