"""Read an experiment from YAML files, of which each one changes those before it."""

import argparse
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from warmup.common.errors import InputError
from warmup.common.files import read_bytes
from warmup.common.json_values import check_plain
from warmup.config import schema as config_schema

DEFAULT = Path("config.yaml")
"""The default experiment, as it is called in the folder of the workflow."""


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add `--configfile`, a list of paths."""
    parser.add_argument(
        "--configfile",
        type=Path,
        nargs="+",
        default=[DEFAULT],
        metavar="FILE",
        help="the experiment's configuration, as given to snakemake: a YAML file, or several, each "
        f"one with changes to those before it (default: {DEFAULT})",
    )


def read(files: Iterable[Path], default: Path = DEFAULT) -> dict[str, Any]:
    """Return what the files say together, unchecked.

    Args:
        files: each one is laid over those before it.
        default: what they change where none of them has `models`.

    Raises:
        InputError: a file cannot be read, is not YAML, or has more than JSON can hold.
    """
    return merge([_read(file) for file in files], default)


def merge(values: list[dict[str, Any]], default: Path = DEFAULT) -> dict[str, Any]:
    """Return what configurations say together, as `read` does."""
    if not any("models" in value for value in values):
        if values and not default.exists():
            raise InputError(
                f"{default}: missing; without models the other files are changes to it. Start in "
                "the folder of the workflow, or give the file that they change before them"
            )
        values = [_read(default), *values]
    merged: dict[str, Any] = functools.reduce(overlay, values)
    return merged


def overlay(base: Any, change: Any, schemas: Iterable[Any] | None = None) -> Any:
    """Return a value with changes: mappings are merged key by key, all else is replaced.

    What the schema's `alternatives` exclude is replaced, too, and a mapping of another `kind`.

    Args:
        base: what is changed.
        change: has the keys that differ.
        schemas: what the schema says of this place; without it, the schema itself.
    """
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    given = [config_schema.read()] if schemas is None else schemas
    parts = [part for schema in given for part in config_schema.parts(schema)]
    kinds = {part["kind"] for part in parts if "kind" in part}
    if any(key in change and change[key] != base.get(key) for key in kinds):
        return change
    gone = {key for part in parts for key in _excluded(part.get("alternatives", []), change)}
    kept = {key: value for key, value in base.items() if key not in gone}
    return kept | {
        key: overlay(base.get(key), value, config_schema.below(parts, key))
        for key, value in change.items()
    }


def _excluded(alternatives: list[list[str]], change: Mapping[str, Any]) -> set[str]:
    """Return the keys of the alternatives that a change is not about; none if it is about none."""
    chosen = [keys for keys in alternatives if change.keys() & set(keys)]
    return {key for keys in alternatives if chosen and keys not in chosen for key in keys}


def _read(file: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(read_bytes(file))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: as 2024-13-01
        raise InputError(f"{file}: not YAML: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{file}: expected keys with values, not {type(value).__name__}")
    check_plain(value, str(file))
    return value
