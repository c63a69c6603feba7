"""Values given with Snakemake's `--config`: texts, which become numbers where no text is wanted."""

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from warmup.config import schema as config_schema
from warmup.config.files import overlay

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


def parse(entries: Iterable[str]) -> dict[str, Any]:
    """Return what `--config` gives, every value a text, or a list or mapping of them.

    Snakemake itself would make numbers of them, and of `2024_01` one that says 202401.

    Args:
        entries: as `data_root=FOLDER`, the value in YAML's short form.
    """
    pairs = (entry.partition("=")[::2] for entry in entries)
    given: dict[str, Any] = functools.reduce(overlay, ({key: _value(x)} for key, x in pairs), {})
    return given


def _value(text: str) -> Any:
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # makes nothing but texts
    except yaml.YAMLError:
        return text


def restore(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which the texts among the given values have become what they say.

    A text stays one where the schema wants text, and where it is neither a number nor true, false
    or null. What a file says is left as it is.

    Args:
        config: the configuration, with or without the given values.
        given: the values of `--config`, as `parse` returns them.
    """
    merged: dict[str, Any] = overlay(config, _typed(given, [config_schema.read()]))
    return merged


def _typed(value: Any, schemas: Iterable[Any]) -> Any:
    """Return a value in which texts are what they say, unless one of the schemas wants text."""
    parts = [part for schema in schemas for part in config_schema.parts(schema)]
    if isinstance(value, Mapping):
        return {key: _typed(item, config_schema.below(parts, key)) for key, item in value.items()}
    if isinstance(value, list):
        items = [part["items"] for part in parts if "items" in part]
        return [_typed(item, items) for item in value]
    if not isinstance(value, str) or any(_wants_text(part) for part in parts):
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    if _NUMBER.fullmatch(value):
        return float(value)
    return _WORDS.get(value.lower(), value)


def _wants_text(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", [])
    wanted = [kinds] if isinstance(kinds, str) else kinds
    return "string" in wanted or any(isinstance(choice, str) for choice in schema.get("enum", []))
