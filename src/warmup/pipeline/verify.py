"""Make the parts of a snapshot anew and compare: scores from predictions, tables and figures from
scores.
"""

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.keys import EvaluationKey
from warmup.common.languages import parse_pair
from warmup.config import experiment_summary
from warmup.data.predictions import read, subsets_of
from warmup.evaluation import metrics
from warmup.evaluation.result_tables import SCORES
from warmup.evaluation.score import score
from warmup.pipeline.snapshot import PREDICTIONS, unpack

if TYPE_CHECKING:
    import pandas as pd

SAME = ("n", "signature", "hypotheses_sha256", "references_sha256")
"""Columns that have to be equal."""
CLOSE = ("value", "low", "high")
"""Columns that may differ in the last digits, since machines add up in different orders."""
TOLERANCE = 1e-9
MADE_FROM = {
    "tables": ("scores", "comparisons", "warmups"),
    "figures": ("scores", "curves", "comparisons", "warmups"),
}
"""Folder, and the command that makes it -> the files of numbers that it is made from."""


def differences(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[str]:
    """Yield what differs between two rows of scores, such as `value: 47.8 stored, 47.9 now`."""
    for key in SAME:
        if str(stored[key]) != str(again[key]):
            yield f"{key}: {stored[key]} stored, {again[key]} now"
    for key in CLOSE:
        before, now = (math.nan if row[key] is None else row[key] for row in (stored, again))
        both_missing = math.isnan(before) and math.isnan(now)
        if not both_missing and not math.isclose(before, now, rel_tol=TOLERANCE, abs_tol=1e-12):
            yield f"{key}: {before} stored, {now} now"


def verify_run(path: Path, stored: "pd.DataFrame") -> tuple[int, list[str]]:
    """Score one file of predictions again.

    Args:
        path: the file, as `…/{dataset}/{pair}/{model}/{method}/seed{n}/…`.
        stored: the rows of scores.tsv that can be made again.

    Returns:
        how many stored scores it has, and a line for each that differs or is missing.
    """
    key, mine = EvaluationKey.from_path(path), stored
    for column, value in key.as_row().items():
        mine = mine[mine[column] == value]
    if not len(mine):
        return 0, ["no stored score"]
    predictions = read(path)
    corpus = metrics.Corpus.of(predictions, parse_pair(key.pair).target)
    rows = score(corpus, mine["metric"].unique(), subsets_of(predictions))
    again = {(row["metric"], row["subset"]): row for row in rows}
    problems = []
    for _, before in mine.iterrows():
        what = (before["metric"], before["subset"])
        now = again.get(what)
        found = differences(dict(before), now) if now else ["its items are missing"]
        problems += [f"{what[0]} ({what[1]}): {problem}" for problem in found]
    return len(mine), problems


def verify_scores(folder: Path) -> bool:
    """Score all predictions of a snapshot again; print the result, return whether all is equal.

    Scores of neural metrics, and those that were not computed, are left out and counted.

    Raises:
        InputError: the folder has no scores.tsv, or its archive is broken or empty.
    """
    stored = SCORES.read(folder / "scores.tsv")
    stored = stored[stored["hypotheses_sha256"] != ""]  # the rest is costs
    ours = stored[stored["metric"].isin(metrics.names())]
    total = wrong = 0
    with tempfile.TemporaryDirectory() as unpacked:
        unpack(folder / PREDICTIONS, Path(unpacked))
        paths = sorted(Path(unpacked).rglob("*.predictions.jsonl"))
        if not paths:
            raise InputError(f"{folder / PREDICTIONS}: no predictions to score again")
        for path in paths:
            count, problems = verify_run(path, ours)
            print(f"{path.relative_to(unpacked)}: {count} scores", end="")
            print(f", {len(problems)} DIFFERENCES" if problems else ", equal", flush=True)
            for problem in problems:
                print(f"  {problem}")
            total += count
            wrong += len(problems)
    print(f"{folder}: {total} of {len(stored)} scores made again from {len(paths)} files: ", end="")
    print(f"{wrong} differences" if wrong else "all equal")
    if left := len(stored) - len(ours):
        print(f"{folder}: {left} scores of neural metrics cannot be made again here")
    return not wrong


def make(kind: str, folder: Path, to: Path, *, only: str = "") -> None:
    """Make the tables or the figures of a snapshot, as the workflow does.

    Args:
        kind: `tables` or `figures`.
        folder: where the files of numbers and experiment.json are.
        to: folder to write.
        only: name of the only table or figure; empty for all.

    Raises:
        InputError: they cannot be made from these numbers; says why.
    """
    command = [sys.executable, "-m", "warmup", kind, "--output-dir", str(to)]
    command += ["--experiment", str(folder / experiment_summary.FILE)]
    command += ["--only", only] if only else []
    for name in MADE_FROM[kind]:
        command += [f"--{name}", str(folder / f"{name}.tsv")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{folder}: cannot make {kind}: {said.removeprefix('error: ')}")


def changed_files(folder: Path) -> Iterator[str]:
    """Make tables and figures anew; yield what is wrong with each file that is not the same.

    A folder may hold some of the figures, or none: only those are made.

    Raises:
        InputError: experiment.json or a file of numbers is missing or has another form.
    """
    figures = _contents(folder / "figures")
    with tempfile.TemporaryDirectory() as made:
        make("tables", folder, Path(made, "tables"))
        known = set(plugins.names("figure"))
        for name in sorted(known & {Path(file).stem for file in figures}):
            make("figures", folder, Path(made, "figures"), only=name)
        tables_again, figures_again = (_contents(Path(made, kind)) for kind in MADE_FROM)
    yield from _differences("tables", _contents(folder / "tables"), tables_again)
    of_stored = {name: content for name, content in figures_again.items() if name in figures}
    yield from _differences("figures", figures, of_stored)


def _differences(kind: str, stored: dict[str, bytes], again: dict[str, bytes]) -> Iterator[str]:
    for name in sorted(stored.keys() | again.keys()):
        if name not in again:
            yield f"{kind}/{name}: is no longer made"
        elif name not in stored:
            yield f"{kind}/{name}: is missing"
        elif stored[name] != again[name]:
            yield f"{kind}/{name}: differs from the stored file"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def verify_tables_and_figures(folder: Path) -> bool:
    """Make tables and figures of a snapshot anew; print what differs, return whether all agree."""
    found = list(changed_files(folder))
    for line in found:
        print(f"  {line}")
    print(f"{folder}: tables and figures made anew: ", end="")
    print(f"{len(found)} DIFFERENCES" if found else "all equal", flush=True)
    return not found


def verify(folder: Path) -> bool:
    """Verify scores, tables and figures of a snapshot; return whether all is equal.

    Raises:
        InputError: a file of the folder is missing or not in its form.
    """
    if (folder / PREDICTIONS).exists():
        same = verify_scores(folder)
    else:  # for data that may not be passed on
        same = True
        print(f"{folder}: no predictions are kept; its scores cannot be made again")
    return verify_tables_and_figures(folder) and same


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")


def run(options: argparse.Namespace) -> None:
    """Compare snapshots with what is made from their data now; exit 1 if anything differs."""
    same = [verify(folder) for folder in options.folders]
    sys.exit(not all(same))
