"""Read an experiment from YAML files and the command line; each changes what comes before it."""

import argparse
import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from warmup.common.errors import InputError
from warmup.common.files import read_bytes
from warmup.common.json_values import check_json_value
from warmup.config import schema, yaml_text

DEFAULT = Path("config.yaml")
"""The default experiment, in the folder of the workflow."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


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
        default: what they change if none of them has `models`.

    Raises:
        InputError: a file cannot be read, is not YAML, or has a value that JSON cannot hold.
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

    Keys that the schema's `x-alternatives` exclude are removed, and a mapping of another `x-kind`
    is replaced as a whole.

    Args:
        base: what is changed.
        change: has the keys that differ.
        schemas: what the schema says of this place; None for the top level.
    """
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    here = [schema.read()] if schemas is None else schemas
    parts = [part for one in here for part in schema.parts(one)]
    kinds = {part["x-kind"] for part in parts if "x-kind" in part}
    if any(key in change and change[key] != base.get(key) for key in kinds):
        return change
    gone = {key for part in parts for key in _excluded(part.get("x-alternatives", []), change)}
    kept = {key: value for key, value in base.items() if key not in gone}
    return kept | {
        key: overlay(base.get(key), value, schema.below(parts, key))
        for key, value in change.items()
    }


def parse_assignments(entries: Iterable[str]) -> dict[str, Any]:
    """Return the values of Snakemake's `--config`, each a string, or a list or mapping of strings.

    Snakemake itself would make the number 202401 of the string `2024_01`.

    Args:
        entries: such as `data_root=FOLDER`, the value in YAML's short form.
    """
    pairs = (entry.partition("=")[::2] for entry in entries)
    values = ({key: _value(text, f"--config: {key}")} for key, text in pairs)
    given: dict[str, Any] = functools.reduce(overlay, values, {})
    return given


def apply_command_line(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the values of `--config`.

    Strings become numbers, booleans and null, except if the schema wants a string there. What a
    file says is left as it is.

    Args:
        config: the configuration, with or without the given values.
        given: the values, as `parse_assignments` returns them.
    """
    merged: dict[str, Any] = overlay(config, _typed(given, [schema.read()]))
    return merged


def _value(text: str, where: str) -> Any:
    try:
        return yaml_text.load(text, where, yaml.BaseLoader)  # which makes only strings
    except yaml.YAMLError:
        return text


def _typed(value: Any, schemas: Iterable[Any]) -> Any:
    """Return a value whose strings are converted, unless one of the schemas wants a string."""
    parts = [part for one in schemas for part in schema.parts(one)]
    if isinstance(value, Mapping):
        return {key: _typed(item, schema.below(parts, key)) for key, item in value.items()}
    if isinstance(value, list):
        items = [part["items"] for part in parts if "items" in part]
        return [_typed(item, items) for item in value]
    if not isinstance(value, str) or any(_wants_string(part) for part in parts):
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    if _NUMBER.fullmatch(value):
        return float(value)
    return _WORDS.get(value.lower(), value)


def _wants_string(part: Mapping[str, Any]) -> bool:
    kinds = part.get("type", [])
    wanted = [kinds] if isinstance(kinds, str) else kinds
    return "string" in wanted or any(isinstance(choice, str) for choice in part.get("enum", []))


def _excluded(alternatives: list[list[str]], change: Mapping[str, Any]) -> set[str]:
    """Return the keys that a change excludes: those of all alternatives but the one it uses."""
    chosen = [keys for keys in alternatives if change.keys() & set(keys)]
    return {key for keys in alternatives if chosen and keys not in chosen for key in keys}


def _read(file: Path) -> dict[str, Any]:
    value = yaml_text.parse(read_bytes(file), str(file))
    if not isinstance(value, dict):
        raise InputError(f"{file}: expected keys with values, not {type(value).__name__}")
    check_json_value(value, str(file))
    return value
