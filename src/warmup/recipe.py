"""How to make a result again: its configuration, seed, revision and command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from warmup import config as configuration
from warmup import config_files
from warmup.errors import InputError
from warmup.files import read_json


def of(result: Path, code: str, digest: Callable[[Any], str]) -> list[str]:
    """Return lines that say how to make a run's results again.

    Args:
        result: a run's folder `…/runs/DATASET/PAIR/MODEL/METHOD/seedN`, or a file in it.
        code: hash of the program that is here.
        digest: the function that hashes a configuration.

    Raises:
        InputError: a file of the run is missing or not in its form.
    """
    folder = result if result.is_dir() else result.parent
    run, made = _config(folder / "training.json"), _object(folder / "provenance.json")
    git = made.get("git") or {}
    revision = git.get("revision")
    file, said = _file_of(run, made.get("config_sha256"), digest)
    target = f"results/{run['run']['experiment']}/runs/{run['name']}/training.json"
    if result.is_file():
        target = str(Path(target).with_name(result.name))
    named = f" --configfile {file}" if file and file != config_files.DEFAULT.name else ""
    checkout = f"git checkout {revision} && " if revision else ""
    return [
        f"run       {run['run']['experiment']}: {run['name']}",
        f"seed      {run['seed']}",
        f"revision  {revision or 'unknown'}" + (" with changes" if git.get("dirty") else ""),
        f"code      {'the one here' if made.get('code_sha256') == code else 'another than here'}",
        f"config    {said}",
        f"device    {made.get('device')}, {made.get('machine')}, Python {made.get('python')}",
        "packages  " + ", ".join(f"{k} {v}" for k, v in (made.get("packages") or {}).items()),
        f"command   {checkout}snakemake --cores 1{named} --forcerun train -- {target}",
    ]


def _config(path: Path) -> dict[str, Any]:
    config = _object(path).get("config")
    if not isinstance(config, dict):
        raise InputError(f"{path}: has no 'config'")
    parts = config.get("run")
    if (
        not isinstance(parts, dict)
        or "experiment" not in parts
        or not {"name", "seed"} <= set(config)
    ):
        raise InputError(f"{path}: its 'config' is no resolved run")
    return config


def _object(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, not {type(value).__name__}")
    return value


def _file_of(
    run: dict[str, Any], wanted: str | None, digest: Callable[[Any], str]
) -> tuple[str | None, str]:
    """Return which configuration of the repository has this run, and what to say of it."""
    named = None
    for path in (config_files.DEFAULT, *sorted(config_files.ROOT.glob("configs/*.yaml"))):
        name = str(path.relative_to(config_files.ROOT))
        try:
            config = configuration.load(path)
            found = configuration.resolve(config, run["name"])
        except InputError:  # it has no such run
            continue
        if digest(found) == wanted:
            return name, name
        if config["experiment"] == run["run"]["experiment"]:
            named = name
    if named:
        return named, f"{named}, which has changed since; that of the run is in training.json"
    return None, "none here has this run; its own is in training.json"
