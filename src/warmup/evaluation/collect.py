"""Collect the scores and learning curves of an experiment: `warmup collect`.

Two tables in long format, one number a row, are the single source of all tables and figures.
"""

import argparse
import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.arguments import add_inputs, inputs
from warmup.common.errors import InputError
from warmup.common.files import read_json, read_lines, write_text
from warmup.data import text_counts
from warmup.evaluation.segment_scores import NOT_COMPUTED

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

INPUTS = {"scores": "scores.json", "training": "training.json", "data": "summary.json"}
"""What the command reads, and how the names of the files end."""

# What identifies a trained model, a file of predictions, and a score of it.
_MODEL = {
    "experiment": str, "task": str, "dataset": str, "pair": str, "model": str, "method": str,
    "seed": int,
}  # fmt: skip
_RUN = {**_MODEL, "split": str, "decoding": str}
_SCORE = {
    "subset": str, "metric": str, "value": float, "low": float, "high": float, "n": int,
    "signature": str, "hypotheses_sha256": str, "references_sha256": str,
}  # fmt: skip
_OPTIONAL = ("low", "high")
_OF_SCORES = (*_OPTIONAL, "value")
"""A score that was not computed has no value; its signature says why."""

SCORE_COLUMNS = {**_RUN, **_SCORE}
"""Columns of scores.tsv in their order, with their types."""
CURVE_COLUMNS = {
    **{key: kind for key, kind in _MODEL.items() if key != "experiment"},
    **{"update": int, "quantity": str, "value": float},
}
"""Columns of curves.tsv in their order, with their types."""
VALIDATION = "validation_"
"""Begins the names of quantities of warmups that were measured in validation."""


def score_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of one scores.json.

    Raises:
        InputError: a missing or unknown key, or a value of the wrong type.
    """
    wanted = {"run": dict, "normalised": int, "scores": list}
    document = _object(read_json(path), wanted, f"{path}", ("normalised",))
    run = _object(document["run"], _RUN, f"{path}: run")
    for index, score in enumerate(document["scores"]):
        where = f"{path}: scores[{index}]"
        row = _object(score, _SCORE, where, _OF_SCORES)
        if row["value"] is None and not row["signature"].startswith(NOT_COMPUTED):
            raise InputError(f"{where}: missing key 'value'")
        yield {**run, **row}


def cost_rows(path: Path) -> Iterator[Row]:
    """Yield what the training of one training.json cost: seconds, operations, updates."""
    run, training = _training(path)
    costs = {
        "train_seconds": training["cost"].get("seconds"),
        "train_flops": training["cost"].get("flops"),
        "train_updates": training["updates"],
    }
    empty = dict.fromkeys(("signature", "hypotheses_sha256", "references_sha256"), "")
    for metric, value in costs.items():
        row = {
            **run,
            **{"split": "train", "decoding": "-", "subset": "all", "metric": metric},
            **{"value": value, "low": None, "high": None, "n": training["updates"], **empty},
        }
        yield _object(row, SCORE_COLUMNS, f"{path}: {metric}")


def text_rows(path: Path) -> Iterator[Row]:
    """Yield how many texts of a training were cut, have unknown tokens, or come back changed."""
    run, training = _training(path)
    try:
        counts = text_counts.rows_of_training(training["texts"])
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{path}: texts: not in the form in which `warmup train` counts") from None
    for counted in counts:
        row = {**run, "decoding": text_counts.NONE, **text_counts.NO_SCORE, **counted}
        yield _object(row, SCORE_COLUMNS, f"{path}: texts")


def data_rows(path: Path, experiment: str) -> Iterator[Row]:
    """Yield how many records of data were left out, and how many texts changed, of a summary.json.

    Args:
        path: `{dataset}/{pair}/summary.json`, as `warmup prepare` writes it.
        experiment: name of the experiment that the data are of.
    """
    wanted: dict[str, type] = {"task": str, "pair": str, "splits": dict}
    summary = _object(read_json(path), wanted, f"{path}")
    try:
        counts = text_counts.rows_of_data(summary["splits"])
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{path}: splits: not in the form of `warmup prepare`") from None
    for counted in counts:
        row = {
            **{"experiment": experiment, "task": summary["task"], "pair": summary["pair"]},
            **{"dataset": path.absolute().parent.parent.name, "seed": 0},
            **dict.fromkeys(("model", "method", "decoding"), text_counts.NONE),
            **text_counts.NO_SCORE,
            **counted,
        }
        yield _object(row, SCORE_COLUMNS, f"{path}: splits")


def curve_rows(path: Path) -> Iterator[Row]:
    """Yield the learning curves of one training.json: each quantity at each update."""
    run, training = _training(path)
    del run["experiment"]
    points = [(step, key) for step in training["history"] for key in step if key != "update"]
    points += [(step, "nll") for step in training["validation"]]
    for step in training["validation"]:  # what the warmups of some examples are like
        found = step.get("warmups", {})
        if not isinstance(found, dict):
            raise InputError(f"{path}: validation: warmups must be an object")
        said = {f"{VALIDATION}{name}": value for name, value in found.items() if name != "n"}
        points += [({"update": step.get("update"), **said}, quantity) for quantity in said]
    for step, quantity in points:
        row = {**run, "update": step.get("update"), "quantity": quantity}
        yield _object(row | {"value": step.get(quantity)}, CURVE_COLUMNS, f"{path}: {quantity}")


def read_scores(path: Path) -> "pd.DataFrame":
    """Read scores.tsv: text columns as text, `seed` and `n` whole, empty numbers not-a-number.

    Raises:
        InputError: a missing or unknown column, or a cell that is not a number where one must be.
    """
    return read_table(path, SCORE_COLUMNS, _OF_SCORES)


def read_curves(path: Path) -> "pd.DataFrame":
    """Read curves.tsv; types and errors as `read_scores`."""
    return read_table(path, CURVE_COLUMNS)


def _training(path: Path) -> tuple[Row, Row]:
    """Return what identifies the run of a training.json, and the whole document."""
    document = read_json(path)
    wanted = {
        "config": dict,
        "updates": int,
        "cost": dict,
        "history": list,
        "validation": list,
        "texts": dict,
    }
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected an object, not {type(document).__name__}")
    document = {"texts": {}} | document  # earlier revisions did not count texts
    training = _object({key: document.get(key) for key in wanted}, wanted, f"{path}")
    for part in ("history", "validation"):
        if not all(isinstance(step, dict) for step in training[part]):
            raise InputError(f"{path}: {part} must be a list of objects")
    run = _object(training["config"].get("run"), _MODEL, f"{path}: config.run")
    return dict(run), training


def _object(
    value: Any, columns: dict[str, type], where: str, optional: Sequence[str] = _OPTIONAL
) -> Row:
    """Return `value` if it is an object of exactly these keys and types; `where` begins errors."""
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object, not {type(value).__name__}")
    if extra := sorted(set(value) - set(columns)):
        raise InputError(f"{where}: unknown key {extra[0]!r}; valid keys: {', '.join(columns)}")
    for key, kind in columns.items():
        found = value.get(key)
        if found is None and key in optional:
            continue
        if found is None:
            raise InputError(f"{where}: missing key {key!r}")
        fits = isinstance(found, (int, float) if kind is float else kind)
        if not fits or isinstance(found, bool):
            raise InputError(
                f"{where}: {key} must be {kind.__name__}, not {type(found).__name__} {found!r}"
            )
    return value


def to_tsv(rows: Iterable[Row], columns: Sequence[str], keys: Sequence[str]) -> str:
    """Return rows as TSV in the order of their keys, floats with all their digits.

    Raises:
        InputError: two rows have the same keys.
    """
    ordered = sorted(rows, key=lambda row: [row[key] for key in keys])
    for one, other in itertools.pairwise(ordered):
        if all(one[key] == other[key] for key in keys):
            name = ", ".join(f"{key}={one[key]}" for key in keys)
            raise InputError(f"two inputs give the same row: {name}")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(ordered)  # None is written as an empty cell
    return text.getvalue()


def read_table(
    path: Path, columns: dict[str, type], optional: Sequence[str] = _OPTIONAL
) -> "pd.DataFrame":
    """Read a table in long format as `to_tsv` writes it; types and errors as `read_scores`."""
    import pandas as pd  # noqa: PLC0415  # collecting starts without it

    header, *lines = list(csv.reader(read_lines(path), delimiter="\t")) or [[]]
    if missing := [name for name in columns if name not in header]:
        raise InputError(f"{path}:1: missing column {missing[0]!r}")
    if extra := [name for name in header if name not in columns]:
        raise InputError(f"{path}:1: unknown column {extra[0]!r}; valid: {', '.join(columns)}")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise InputError(f"{path}:{number}: {len(line)} cells under {len(header)} columns")
    table = pd.DataFrame(lines, columns=header)[list(columns)]
    for name, kind in columns.items():
        if kind is str:
            continue
        blank = "nan" if name in optional else ""
        values = table[name].replace("", blank)
        try:
            table[name] = values.astype(kind)
        except ValueError as error:
            raise InputError(f"{path}: column {name!r}: {error}") from None
    return table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add_inputs(parser, INPUTS)
    add("--scores-tsv", type=Path, required=True, metavar="OUT", help="table of scores to write")
    add("--curves-tsv", type=Path, required=True, metavar="OUT", help="table of curves to write")


def run(options: argparse.Namespace) -> None:
    """Collect the scores and learning curves of an experiment."""
    scores, training, data = inputs(options, INPUTS).values()
    if not scores and not training:
        raise InputError("nothing to collect: give --scores, --training or --inputs-from")
    rows = [row for path in scores for row in score_rows(path)]
    rows += [row for path in training for row in cost_rows(path)]
    rows += [row for path in training for row in text_rows(path)]
    rows += [row for path in data for row in data_rows(path, rows[0]["experiment"])]
    curves = [row for path in training for row in curve_rows(path)]
    keys = [*_RUN, "subset", "metric"]
    write_text(options.scores_tsv, to_tsv(rows, list(SCORE_COLUMNS), keys))
    keys = [name for name in CURVE_COLUMNS if name != "value"]
    write_text(options.curves_tsv, to_tsv(curves, list(CURVE_COLUMNS), keys))
