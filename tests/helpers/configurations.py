"""The configurations of the repository, as they are given to a command."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDER = ROOT / "config" / "experiments"
_LAID_OVER = {"paper-large": "paper", "sigmorphon": "real", "sigmorphon_local": "real"}
"""Files that change another one than config.yaml."""


def configurations() -> dict[str, list[Path]]:
    """Return name -> files, each with changes to those before it."""
    found = {"default": [ROOT / "config.yaml"]}
    for path in sorted(_FOLDER.glob("*.yaml")):
        base = _LAID_OVER.get(path.stem)
        found[path.stem] = [_FOLDER / f"{base}.yaml", path] if base else [path]
    return found
