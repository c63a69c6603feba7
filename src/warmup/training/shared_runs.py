"""Share the results of identical training runs between experiments.

Two experiments in one folder often contain the same run: equal settings, data, start, seed, code
and machine, under the name of another experiment. Training it a second time would give the same
model, so its results are copied instead.

A register is a folder with one file per finished run. The file's name is a hash of all that
determines the trained model. Its content says where the results are, and their hashes, so that
results which were deleted or made anew are not taken for those of the run.
"""

from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, write_json
from warmup.common.provenance import digest

_CONDITIONS = ("python", "packages", "device", "machine", "processes", "code_sha256")
"""Keys of the provenance on which the last digits of a trained model can depend."""
_ADDED_BY_SNAKEMAKE = ".snakemake_timestamp"


def key(fingerprint: dict[str, Any], provenance: dict[str, Any], **settings: Any) -> str:
    """Return the same hash for all runs that train the same model.

    Args:
        fingerprint: what determines the run, with its names.
        provenance: what is recorded about the run.
        settings: others that the trained model depends on.
    """
    config = fingerprint["config"]
    names = {name: config["run"][name] for name in ("task", "pair")}
    conditions = {name: provenance[name] for name in _CONDITIONS}
    unnamed = fingerprint | {"config": config | {"name": None, "run": names}}
    return digest([unnamed, conditions, settings])


def find(register: Path, key: str) -> Path | None:
    """Return the folder with the results of a run, or None if it was not trained or is changed."""
    try:
        entry = read_json(register / f"{key}.json")
        folder = Path(entry["folder"])
        return folder if entry["sha256"] == _hashes(folder) else None
    except (InputError, OSError, KeyError, TypeError):
        return None


def add(register: Path, key: str, results: Path, folder: Path) -> None:
    """Write a finished run into the register.

    Args:
        register: its folder.
        key: of the run.
        results: where the results are now.
        folder: where they will be found.
    """
    write_json(register / f"{key}.json", {"folder": str(folder), "sha256": _hashes(results)})


def _hashes(results: Path) -> dict[str, str]:
    """Return the hash of each file that is copied, except what Snakemake adds to a model."""
    model = [path for path in sorted((results / "model").rglob("*")) if path.is_file()]
    files = [path for path in model if path.name != _ADDED_BY_SNAKEMAKE]
    files += [results / "provenance.json", results / "training.json"]
    return {path.relative_to(results).as_posix(): sha256(path) for path in files}
