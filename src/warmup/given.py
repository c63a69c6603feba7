"""Values given with Snakemake's `--config`: numbers within lists and mappings arrive as text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from warmup import config_schema

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


def restore(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which the texts among the given values have become what they say.

    A text stays one where the schema wants text, and where it is neither a number nor true, false
    or null. What a file says is left as it is.

    Args:
        config: the configuration, which the given values are part of already.
        given: the values of `--config`.
    """
    root = config_schema.read()
    merged: dict[str, Any] = _merge(config, _typed(given, [root], root))
    return merged


def _merge(base: Any, change: Any) -> Any:
    if not isinstance(base, Mapping) or not isinstance(change, Mapping):
        return change
    return {**base, **{key: _merge(base.get(key), value) for key, value in change.items()}}


def _typed(value: Any, schemas: Iterable[Any], root: dict[str, Any]) -> Any:
    """Return a value in which texts are what they say, unless one of the schemas wants text."""
    parts = [part for schema in schemas for part in _parts(schema, root)]
    if isinstance(value, Mapping):
        return {key: _typed(item, _below(parts, key), root) for key, item in value.items()}
    if isinstance(value, list):
        items = [part["items"] for part in parts if "items" in part]
        return [_typed(item, items, root) for item in value]
    if not isinstance(value, str) or any(_wants_text(part) for part in parts):
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    if _NUMBER.fullmatch(value):
        return float(value)
    return _WORDS.get(value.lower(), value)


def _parts(schema: Any, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas that it consists of."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from _parts(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    for kind in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(kind, []):
            yield from _parts(part, root)


def _below(parts: list[dict[str, Any]], key: Any) -> Iterator[Any]:
    for part in parts:
        yield part.get("properties", {}).get(key, part.get("additionalProperties"))


def _wants_text(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", [])
    wanted = [kinds] if isinstance(kinds, str) else kinds
    return "string" in wanted or any(isinstance(choice, str) for choice in schema.get("enum", []))
