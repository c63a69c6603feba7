"""Copy what is worth keeping of an experiment: scores, tables, figures, predictions, provenance.

The copy holds no model; each line of its provenance.jsonl names the run that it is of.
`python -m warmup.verify` checks it. Command line: `python -m warmup.keep --help`.
"""

import argparse
import gzip
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.aggregate import read_scores
from warmup.errors import InputError, run
from warmup.files import atomic, read_json
from warmup.prediction_files import IDENTITY

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("scores.tsv", "curves.tsv", "comparisons.tsv", "warmups.tsv")
FOLDERS = ("tables", "figures")
PREDICTIONS = "predictions"
PROVENANCE = "provenance.jsonl"


def keep(results: Path, destination: Path) -> int:
    """Copy the results of an experiment; return how many files of predictions it has.

    Args:
        results: results/<experiment>, complete.
        destination: a kept experiment that is there is replaced, as a whole.

    Raises:
        InputError: the experiment is not complete, or the copy would replace something else.
    """
    _check_destination(results, destination)
    for name in (*TABLES, *FOLDERS):
        if not (results / name).exists():
            raise InputError(f"{results / name} is missing: run the experiment to its end first")
    runs = results / "runs"
    scores = read_scores(results / "scores.tsv")
    predictions = scored(scores)  # there may be runs of other configs
    shown = {*scores["task"], "warmups"}  # and tables of tasks that it has no longer
    with atomic(destination, replace=True) as copy:
        copy.mkdir()
        for name in TABLES:
            shutil.copy(results / name, copy)
        shutil.copytree(results / "figures", copy / "figures")
        (copy / "tables").mkdir()
        for path in (results / "tables").iterdir():
            if path.stem in shown:
                shutil.copy(path, copy / "tables")
        for path in predictions:
            _compress(runs / path, copy / PREDICTIONS / f"{path}.gz")
        with (copy / PROVENANCE).open("w", encoding="utf-8") as stream:
            for folder in sorted({path.parent for path in predictions}):
                provenance = read_json(runs / folder / "provenance.json")
                line = {"run": folder.as_posix(), **provenance}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return len(predictions)


def _check_destination(results: Path, destination: Path) -> None:
    """Make sure that a copy would delete nothing but an older copy."""
    source, target = Path(os.path.realpath(results)), Path(os.path.realpath(destination))
    if target.is_relative_to(source):
        raise InputError(f"{destination} lies within {results}: choose another folder")
    if source.is_relative_to(target):
        raise InputError(f"{results} lies within {destination}: choose another folder")
    found = {path.name for path in target.iterdir()} if target.is_dir() else set()
    kept = {*TABLES, *FOLDERS, PROVENANCE, PREDICTIONS}
    if found and not {"scores.tsv", PROVENANCE} <= found <= kept:
        others = ", ".join(sorted(found - kept)) or "neither scores.tsv nor provenance.jsonl"
        raise InputError(
            f"{destination} is no kept experiment (it holds {others}): choose another folder"
        )


def scored(scores: "pd.DataFrame") -> list[Path]:
    """Return the files of predictions behind scores.tsv, within the folder of runs."""
    of_items = scores[scores["hypotheses_sha256"] != ""]  # the rest is costs
    rows = of_items[list(IDENTITY)].drop_duplicates().to_numpy().tolist()
    return sorted(
        Path(*map(str, folders), f"seed{seed}", f"{split}.{decoding}.predictions.jsonl")
        for *folders, seed, split, decoding in rows
    )


def _compress(path: Path, to: Path) -> None:
    """Compress a file; the same content gives the same bytes."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def main() -> None:
    """Copy one experiment."""
    parser = argparse.ArgumentParser(
        prog="python -m warmup.keep",
        description="Copy scores, tables, figures, predictions and provenance of an experiment.",
    )
    parser.add_argument("results", type=Path, help="results/<experiment>")
    parser.add_argument(
        "destination", type=Path, help="folder to write; a kept experiment there is replaced"
    )
    options = parser.parse_args()
    count = keep(options.results, options.destination)
    print(f"{options.destination}: {count} files of predictions and the scores made of them")


if __name__ == "__main__":
    run(main)
