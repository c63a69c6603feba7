"""Copy what is worth keeping of an experiment: scores, tables, figures, predictions, provenance.

The copy, a snapshot, holds no model. Each line of its provenance.jsonl names its run. Predictions
are in one archive, `predictions.tar.xz`: methods answer the same items much alike, so it is far
smaller than as many compressed files. The same predictions give the same bytes. `warmup verify`
checks a snapshot.
"""

import argparse
import io
import lzma
import os
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.common.errors import InputError, adding_path
from warmup.common.files import atomic, read_json, read_jsonl, to_json
from warmup.common.keys import EvaluationKey
from warmup.config import experiment_summary
from warmup.data.predictions import BY_TOKEN
from warmup.evaluation.result_tables import SCORES

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
    files = experiment.evaluation_files("predictions.jsonl")
    predictions = sorted(path.relative_to(runs) for path in files)
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
        pack(copy / PREDICTIONS, runs, predictions)
        with (copy / PROVENANCE).open("w", encoding="utf-8") as stream:
            for path in sorted(experiment.run_files("provenance.json")):
                line = {"run": path.parent.relative_to(runs).as_posix(), **read_json(path)}
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


def pack(archive: Path, folder: Path, paths: Iterable[Path]) -> None:
    """Write files of predictions, without `BY_TOKEN`, into an archive.

    Args:
        archive: file to write.
        folder: where the files are.
        paths: within the folder; they keep their order.

    Raises:
        InputError: a file is missing, or a line of it is not a JSON object.
    """
    with tarfile.open(archive, "w:xz") as tar:
        for path in paths:
            lines = (
                to_json({key: row[key] for key in row if key not in BY_TOKEN}, str(archive))
                for row in read_jsonl(folder / path)
            )
            content = "".join(f"{line}\n" for line in lines).encode()
            entry = tarfile.TarInfo(path.as_posix())  # of nobody, made in 1970
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive into a folder.

    Raises:
        InputError: the archive is missing or broken.
    """
    try:
        with adding_path(folder), tarfile.open(archive, "r:xz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"{archive}: broken archive: {error}") from None


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
