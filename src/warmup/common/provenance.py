"""Describe where a result comes from: code, packages, machine, data."""

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from warmup.common import plugins
from warmup.common.files import sha256

PACKAGE = Path(__file__).parents[1]
"""Folder of this package."""
PACKAGES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "sacrebleu")


def collect(config: dict[str, Any], data: dict[str, Path], device: str) -> dict[str, Any]:
    """Return revision, versions, machine and hashes of one run.

    Args:
        config: the resolved configuration.
        data: input files or folders by role.
        device: name of the device it ran on.
    """
    return {
        "git": revision(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "device": device,
        "machine": f"{platform.system()} {platform.machine()}",
        "config_sha256": digest(config),
        "data_sha256": {role: sha256(path) for role, path in sorted(data.items())},
        "code_sha256": code_sha256(),
    }


def digest(value: Any) -> str:
    """Return the SHA-256 of a value as sorted JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def code_sha256(folder: Path = PACKAGE) -> str:
    """Return the SHA-256 over a package's modules, and an experiment's own plug-ins."""
    lines = [f"{p.relative_to(folder)} {sha256(p)}" for p in sorted(folder.rglob("*.py"))]
    if own := plugins.own_folder():
        lines += [f"plugins/{p.relative_to(own)} {sha256(p)}" for p in plugins.own_files()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def revision(folder: Path = PACKAGE) -> dict[str, Any]:
    """Return the git revision of a source folder, and whether it has uncommitted changes."""
    try:
        _git(folder, "ls-files", "--error-unmatch", ".")  # the history may be another project's
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--", "."))
    except (OSError, subprocess.CalledProcessError):
        return {"revision": None, "dirty": False}  # an installed package has no history
    return {"revision": commit, "dirty": dirty}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()
