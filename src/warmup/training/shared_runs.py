"""Share the results of identical training runs between experiments, see `warmup.common.register`.

Two runs are identical if settings, data, start, seed, code and machine are equal. Their names, and
that of the experiment, may differ.
"""

from pathlib import Path
from typing import Any

from warmup.common import register
from warmup.common.files import sha256
from warmup.common.provenance import digest

_CONDITIONS = ("python", "packages", "device", "machine", "processes", "code_sha256")
"""Keys of the provenance on which the last digits of a trained model can depend."""


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


def hashes(results: Path) -> register.Hashes:
    """Return the hash of each file that is copied; an `OSError` if one is not there."""
    model = register.hashes_of_folder(results / "model")
    files = {name: sha256(results / name) for name in ("provenance.json", "training.json")}
    return {f"model/{name}": value for name, value in model.items()} | files
