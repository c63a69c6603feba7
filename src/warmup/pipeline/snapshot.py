"""Copy what is worth keeping of an experiment: scores, tables, figures, predictions, provenance.

The copy, a snapshot, holds no model. Each line of its provenance.jsonl names its run.
`warmup verify` checks a snapshot.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.common.errors import InputError
from warmup.common.files import atomic, read_json, to_json
from warmup.common.keys import EvaluationKey
from warmup.config import experiment_summary
from warmup.evaluation.result_tables import SCORES
from warmup.pipeline import archive

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("scores.tsv", "curves.tsv", "comparisons.tsv", "warmups.tsv")
FOLDERS = ("tables", "figures")
PREDICTIONS = "predictions.tar.xz"
PROVENANCE = "provenance.jsonl"


def keep(results: Path, destination: Path) -> int:
    """Copy the results of an experiment; return how many files of predictions the copy has.

    Args:
        results: results/<experiment>, complete.
        destination: a snapshot that is there is replaced as a whole.

    Raises:
        InputError: the experiment is not complete, or the copy would replace something else.
    """
    _check_destination(results, destination)
    for name in (*TABLES, *FOLDERS, experiment_summary.FILE):
        if not (results / name).exists():
            raise InputError(f"{results / name} is missing: run the experiment to its end first")
    runs = results / "runs"
    experiment = experiment_summary.read(results / experiment_summary.FILE)
    predictions = sorted(experiment.evaluation_files("predictions.jsonl"))
    if predictions != scored(SCORES.read(results / "scores.tsv")):
        raise InputError(
            f"{results}: the runs of scores.tsv are not those of {experiment_summary.FILE}: the "
            "configuration has changed; run the experiment to its end first"
        )
    shown = {*experiment.tasks.values(), "warmups"}  # and no tables of an earlier configuration
    with atomic(destination, replace=True) as copy:
        copy.mkdir()
        for name in (*TABLES, experiment_summary.FILE):
            shutil.copy(results / name, copy)
        shutil.copytree(results / "figures", copy / "figures")
        (copy / "tables").mkdir()
        for path in (results / "tables").iterdir():
            if path.stem in shown:
                shutil.copy(path, copy / "tables")
        archive.pack(copy / PREDICTIONS, runs, predictions)
        with (copy / PROVENANCE).open("w", encoding="utf-8") as stream:
            for folder in sorted({path.parent for path in predictions}):
                provenance = read_json(runs / folder / "provenance.json")
                line = {"run": folder.as_posix(), **provenance}
                stream.write(to_json(line, PROVENANCE) + "\n")
    return len(predictions)


def _check_destination(results: Path, destination: Path) -> None:
    """Make sure that a copy would delete nothing but an older copy."""
    source, target = Path(os.path.realpath(results)), Path(os.path.realpath(destination))
    if target.is_relative_to(source):
        raise InputError(f"{destination} lies within {results}: choose another folder")
    if source.is_relative_to(target):
        raise InputError(f"{results} lies within {destination}: choose another folder")
    found = {path.name for path in target.iterdir()} if target.is_dir() else set()
    kept = {*TABLES, *FOLDERS, experiment_summary.FILE, PROVENANCE, PREDICTIONS}
    if found and not {"scores.tsv", PROVENANCE} <= found <= kept:
        others = ", ".join(sorted(found - kept)) or "no scores.tsv with provenance.jsonl"
        raise InputError(
            f"{destination} is not a snapshot (it holds {others}): choose another folder"
        )


def scored(scores: "pd.DataFrame") -> list[Path]:
    """Return the files of predictions that scores were made from, within the folder of runs."""
    of_items = scores[scores["hypotheses_sha256"] != ""]  # the rest is costs
    rows = of_items[list(EvaluationKey.columns())].drop_duplicates().to_dict("records")
    return sorted(Path(f"{EvaluationKey.from_row(row).path}.predictions.jsonl") for row in rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("results", type=Path, help="results/<experiment>")
    parser.add_argument(
        "destination", type=Path, help="folder to write; a snapshot there is replaced"
    )


def run(options: argparse.Namespace) -> None:
    """Copy scores, tables, figures, predictions and provenance of an experiment."""
    count = keep(options.results, options.destination)
    print(f"{options.destination}: {count} files of predictions and the scores made of them")
