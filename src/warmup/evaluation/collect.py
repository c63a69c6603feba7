"""Collect the scores and learning curves of an experiment: `warmup collect`.

It also collects what training cost and which texts were changed or left out.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.common.json_values import check_object
from warmup.config import experiment_summary
from warmup.data import text_counts
from warmup.evaluation.result_tables import (
    CURVES,
    EVALUATION_COLUMNS,
    RUN_COLUMNS,
    SCORES,
    VALIDATION,
    Row,
)
from warmup.evaluation.segment_scores import NOT_COMPUTED

_SCORE = {key: kind for key, kind in SCORES.columns.items() if key not in EVALUATION_COLUMNS}
_TRAINING = {
    **{"config": dict, "updates": int, "cost": dict, "history": list, "validation": list},
    **{"texts": dict},
}


def score_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of one scores.json.

    Raises:
        InputError: a missing or unknown key, or a value of the wrong type.
    """
    kinds = {"run": dict, "normalised": int, "scores": list}
    document = check_object(read_json(path), kinds, f"{path}", ("normalised",))
    run = check_object(document["run"], EVALUATION_COLUMNS, f"{path}: run")
    for index, score in enumerate(document["scores"]):
        where = f"{path}: scores[{index}]"
        check_object(score, _SCORE, where, SCORES.optional)
        yield _score_row(run | score, where)


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
        yield _score_row(row, f"{path}: {metric}")


def text_rows(path: Path) -> Iterator[Row]:
    """Yield how many texts of a training run were cut, have unknown tokens, or come back changed.

    Raises:
        InputError: the file is not a training.json.
    """
    run, training = _training(path)
    try:
        counts = text_counts.rows_of_training(training["texts"])
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{path}: texts: not in the form in which `warmup train` counts") from None
    for counted in counts:
        row = {**run, "decoding": text_counts.NONE, **text_counts.NO_SCORE, **counted}
        yield _score_row(row, f"{path}: texts")


def data_rows(path: Path, experiment: str) -> Iterator[Row]:
    """Yield how many records were left out, and how many texts changed, from a summary.json.

    Args:
        path: `{dataset}/{pair}/summary.json`, as `warmup prepare` writes it.
        experiment: name of the experiment that uses the data.

    Raises:
        InputError: the file is not a summary.json.
    """
    summary = check_object(read_json(path), {"task": str, "pair": str, "splits": dict}, f"{path}")
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
        yield _score_row(row, f"{path}: splits")


def curve_rows(path: Path) -> Iterator[Row]:
    """Yield the learning curves of one training.json: each quantity at each update."""
    run, training = _training(path)
    del run["experiment"]
    points = [(step, key) for step in training["history"] for key in step if key != "update"]
    points += [(step, "nll") for step in training["validation"]]
    for step in training["validation"]:  # quantities of the warmups of some examples
        measured = step.get("warmups", {})
        if not isinstance(measured, dict):
            raise InputError(f"{path}: validation: warmups must be an object")
        values = {f"{VALIDATION}{name}": value for name, value in measured.items() if name != "n"}
        points += [({"update": step.get("update"), **values}, quantity) for quantity in values]
    for step, quantity in points:
        point = {"update": step.get("update"), "value": step.get(quantity)}
        known = {key: value for key, value in point.items() if value is not None}
        yield CURVES.check({**run, "quantity": quantity, **known}, f"{path}: {quantity}")


def _training(path: Path) -> tuple[Row, Row]:
    """Return what identifies the run of a training.json, and the whole document."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected an object, not {type(document).__name__}")
    document = {"texts": {}} | document  # earlier revisions did not count texts
    known: Row = {key: document[key] for key in _TRAINING if key in document}
    training = check_object(known, _TRAINING, f"{path}")
    for part in ("history", "validation"):
        if not all(isinstance(step, dict) for step in training[part]):
            raise InputError(f"{path}: {part} must be a list of objects")
    run = check_object(training["config"].get("run"), RUN_COLUMNS, f"{path}: config.run")
    return dict(run), training


def _score_row(row: Any, where: str) -> Row:
    """Check a row of scores; only a score that was not computed may lack its value."""
    SCORES.check(row, where)
    if row.get("value") is None and not row["signature"].startswith(NOT_COMPUTED):
        raise InputError(f"{where}: missing key 'value'")
    return dict(row)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    for name in ("scores", "training", "data"):
        add(f"--{name}", type=Path, nargs="*", metavar="FILE", help=experiment_summary.DEFAULT)
    experiment_summary.add_option(parser)
    add("--scores-tsv", type=Path, required=True, metavar="OUT", help="table of scores to write")
    add("--curves-tsv", type=Path, required=True, metavar="OUT", help="table of curves to write")


def run(options: argparse.Namespace) -> None:
    """Collect the scores and learning curves of an experiment."""
    experiment = experiment_summary.read(options.experiment)
    scores = options.scores or experiment.evaluation_files("scores.json")
    training = options.training or experiment.run_files("training.json")
    data = options.data or experiment.data_files("summary.json")
    if not scores and not training:
        raise InputError("nothing to collect: give --experiment, --scores or --training")
    rows = [row for path in scores for row in score_rows(path)]
    rows += [row for path in training for row in cost_rows(path)]
    rows += [row for path in training for row in text_rows(path)]
    rows += [row for path in data for row in data_rows(path, rows[0]["experiment"])]
    curves = [row for path in training for row in curve_rows(path)]
    SCORES.write(options.scores_tsv, rows)
    CURVES.write(options.curves_tsv, curves)
