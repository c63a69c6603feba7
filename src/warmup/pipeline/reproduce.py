"""Say how to make a result again: its configuration, seed, revision and command."""

import argparse
import re
from pathlib import Path
from typing import Any, NamedTuple

from warmup.common.errors import InputError, unknown
from warmup.common.files import read_json, read_places
from warmup.common.provenance import code_sha256, digest
from warmup.config import experiment, files
from warmup.config.conversion import to_json
from warmup.evaluation.result_tables import SCORES
from warmup.pipeline.snapshot import PROVENANCE


class _Result(NamedTuple):
    """What is known of a run."""

    experiment: str
    name: str
    file: str
    """Name of the file to make again."""
    made: dict[str, Any]
    """Its provenance."""
    config: str
    """Where the configuration is that it had."""


def of(result: Path) -> list[str]:
    """Return lines that say how to make a run's results again.

    Args:
        result: a run's folder `…/runs/DATASET/PAIR/MODEL/METHOD/seedN`, or a file in it. For a
            snapshot `FOLDER/DATASET/PAIR/MODEL/METHOD/seedN`, although it has no such folder.

    Raises:
        InputError: a file is missing or not in its form, or has no such run.
    """
    folders = [path for path in (result, *result.parents) if (path / PROVENANCE).is_file()]
    run = _kept(result, folders[0]) if folders else _finished(result)
    made = run.made
    git = made.get("git") or {}
    revision = git.get("revision")
    file, own_name, said = _file_of(run)
    target = f"results/{run.experiment}/runs/{run.name}/{run.file}"
    named = "" if file == str(files.DEFAULT) else f" --configfile {file or 'FILE'}"
    named += "" if own_name else f" --config experiment={run.experiment}"
    train_anew = "rm -rf work/finished"  # the register of runs, which would be copied instead
    same_code = made.get("code_sha256") == code_sha256()
    checkout = f"git checkout {revision} && " if revision else ""
    return [
        f"run       {run.experiment}: {run.name}",
        f"seed      {run.name.rpartition('seed')[2]}",
        f"revision  {revision or 'unknown'}" + (" with changes" if git.get("dirty") else ""),
        f"code      {'the same as here' if same_code else 'differs from here'}",
        f"config    {said}",
        f"device    {made.get('device')}, {made.get('machine')}, Python {made.get('python')}",
        "packages  " + ", ".join(f"{k} {v}" for k, v in (made.get("packages") or {}).items()),
        f"command   {checkout}{train_anew} && "
        f"snakemake --cores 1{named} --forcerun train -- {target}",
    ]


def _finished(result: Path) -> _Result:
    """Read the files of a run."""
    folder = result if result.is_dir() else result.parent
    path = folder / "training.json"
    config = _object(path).get("config")
    if not isinstance(config, dict):
        raise InputError(f"{path}: has no 'config'")
    run = config.get("run")
    if not isinstance(run, dict) or "experiment" not in run or "name" not in config:
        raise InputError(f"{path}: its 'config' is not a resolved run")
    made, file = _object(folder / "provenance.json"), "training.json"
    file = result.name if result.is_file() else file
    return _Result(run["experiment"], config["name"], file, made, "in training.json")


def _kept(result: Path, folder: Path) -> _Result:
    """Read the line of a run in a snapshot."""
    rows = {}
    for where, row in read_places(folder / PROVENANCE):
        if not isinstance(row.get("run"), str):
            raise InputError(f"{where}: has no 'run'; make the snapshot again")
        rows[row["run"]] = row
    inside = result.relative_to(folder).as_posix()
    found = re.fullmatch(r"(?P<name>(?:[^/]+/){4}seed\d+)(?:/(?P<file>[^/]+))?", inside)
    if not found:
        example = next(iter(rows), "DATASET/PAIR/MODEL/METHOD/seedN")
        raise InputError(f"{result}: does not name a run; one would be {folder / example}")
    name = found["name"]
    if name not in rows:
        raise unknown(f"run in {folder}", name, rows)
    named = str(SCORES.read(folder / "scores.tsv")["experiment"].iloc[0])
    file = found["file"] or "training.json"
    return _Result(named, name, file, rows[name], "in the files of its revision")


def _object(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, not {type(value).__name__}")
    return value


def _file_of(run: _Result) -> tuple[str | None, bool, str]:
    """Return which configuration in the current folder has this run, whether the experiment has
    the same name there, and what to say about it.
    """
    named = None
    for path in (files.DEFAULT, *sorted(Path("config/experiments").glob("*.yaml"))):
        name = str(path)
        try:
            config = experiment.load(path)
            found = to_json(experiment.resolve(config, run.name))
        except InputError:  # it has no such run
            continue
        own_name = config.experiment == run.experiment
        found["run"]["experiment"] = run.experiment  # --config can give it any name
        if digest(found) == run.made.get("config_sha256"):
            return name, own_name, name
        if own_name:
            named = name
    if named:
        return named, True, f"{named}, which has changed since; that of the run is {run.config}"
    return None, True, f"none here has this run; its own is {run.config}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "result",
        type=Path,
        help="folder …/runs/DATASET/PAIR/MODEL/METHOD/seedN with training.json and "
        "provenance.json, or a file in it",
    )


def run(options: argparse.Namespace) -> None:
    """Print how to make a run's results again: configuration, seed, revision, command."""
    print("\n".join(of(options.result)))
