"""Copy what is worth keeping of an experiment: scores, tables, figures, predictions, provenance.

The copy holds no model; each line of its provenance.jsonl names the run that it is of.
`warmup verify` checks it.
"""

import argparse
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.common.errors import InputError
from warmup.common.files import atomic, read_json, to_json, write_json
from warmup.common.keys import EvaluationKey
from warmup.config import decoding_entries, decodings, files, methods
from warmup.config import experiment as configuration
from warmup.evaluation.result_tables import SCORES
from warmup.pipeline import archive, presentation

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("scores.tsv", "curves.tsv", "comparisons.tsv", "warmups.tsv")
FOLDERS = ("tables", "figures")
PREDICTIONS = "predictions.tar.xz"
PROVENANCE = "provenance.jsonl"


def keep(results: Path, destination: Path, how: Mapping[str, Sequence[str]]) -> int:
    """Copy the results of an experiment; return how many files of predictions it has.

    Args:
        results: results/<experiment>, complete.
        destination: a kept experiment that is there is replaced, as a whole.
        how: the options `methods` and `decodings` that tables and figures are made with.

    Raises:
        InputError: the experiment is not complete or of another configuration, or the copy would
            replace something else.
    """
    _check_destination(results, destination)
    for name in (*TABLES, *FOLDERS):
        if not (results / name).exists():
            raise InputError(f"{results / name} is missing: run the experiment to its end first")
    runs = results / "runs"
    scores = SCORES.read(results / "scores.tsv")
    _check_names(scores, how)
    predictions = scored(scores)  # there may be runs of other configs
    shown = {*scores["task"], "warmups"}  # and tables of tasks that it has no longer
    with atomic(destination, replace=True) as copy:
        copy.mkdir()
        for name in TABLES:
            shutil.copy(results / name, copy)
        write_json(copy / presentation.FILE, dict(how))
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
    kept = {*TABLES, *FOLDERS, presentation.FILE, PROVENANCE, PREDICTIONS}
    if found and not {"scores.tsv", PROVENANCE} <= found <= kept:
        others = ", ".join(sorted(found - kept)) or "no scores.tsv with provenance.jsonl"
        raise InputError(
            f"{destination} is no kept experiment (it holds {others}): choose another folder"
        )


def _check_names(scores: "pd.DataFrame", how: Mapping[str, Sequence[str]]) -> None:
    """Make sure that a configuration has the methods and decodings of the scores."""
    known = {
        "method": methods.parse(how["methods"]).order,
        "decoding": decodings.parse(how["decodings"]).order,
    }
    for key, names in known.items():
        if others := sorted({*scores[key]} - {*names, "-"}):  # - is the decoding of costs
            raise InputError(
                f"the configuration has no {key} {others[0]!r}, which the scores have: give the "
                "experiment's own with --configfile"
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
        "destination", type=Path, help="folder to write; a kept experiment there is replaced"
    )
    files.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Copy scores, tables, figures, predictions and provenance of an experiment."""
    config = configuration.load(*options.configfile)
    how = {
        "methods": configuration.lineage(config),
        "decodings": decoding_entries.lineage(config["decodings"]),
    }
    count = keep(options.results, options.destination, how)
    print(f"{options.destination}: {count} files of predictions and the scores made of them")
