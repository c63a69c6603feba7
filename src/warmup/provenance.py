"""Where a result comes from: code, packages, machine, data.

Command line: `python -m warmup.provenance --help`.
"""

import argparse
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from warmup import errors
from warmup.files import sha256

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


def code_sha256() -> str:
    """Return the SHA-256 over this package's modules."""
    folder = Path(__file__).parent
    lines = (f"{p.relative_to(folder)} {sha256(p)}" for p in sorted(folder.rglob("*.py")))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def revision() -> dict[str, Any]:
    """Return the git revision of the source tree and whether it has uncommitted changes."""
    folder = Path(__file__).parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain", "--", "."))
    except (OSError, subprocess.CalledProcessError):
        return {"revision": None, "dirty": False}  # an installed package has no history
    return {"revision": commit, "dirty": dirty}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def main() -> None:
    """Print how to make a run's results again: configuration, seed, revision, command."""
    from warmup import recipe  # noqa: PLC0415  # needs the configuration, which training does not

    parser = argparse.ArgumentParser(prog="python -m warmup.provenance", description=main.__doc__)
    parser.add_argument(
        "result",
        type=Path,
        help="folder …/runs/DATASET/PAIR/MODEL/METHOD/seedN with training.json and "
        "provenance.json, or a file in it",
    )
    options = parser.parse_args()
    print("\n".join(recipe.of(options.result, code_sha256(), digest)))


if __name__ == "__main__":
    errors.run(main)
