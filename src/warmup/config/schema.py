"""The schema of configurations: read it, check values against it, fill in its defaults."""

import copy
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from warmup.common.errors import InputError

SCHEMA = Path(__file__).with_name("schema.yaml")

# JSON Schema accepts 8.0 as a whole number; command lines and names of folders do not
_Validator = validators.extend(  # type: ignore[no-untyped-call]  # jsonschema is untyped here
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

_EXPONENT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")


@functools.cache
def read() -> dict[str, Any]:
    """Return the schema of configurations; callers must not change it."""
    schema: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    return schema


def definition(name: str) -> dict[str, Any]:
    """Return one of the schema's `$defs`, as a schema of its own."""
    definitions = read()["$defs"]
    whole: dict[str, Any] = definitions[name] | {"$defs": definitions}
    return whole


def mapping(required: Mapping[str, Any], optional: Mapping[str, Any] = {}) -> dict[str, Any]:
    """Return the schema of a mapping with these keys and no others.

    Args:
        required: key -> schema of its value, which may refer to `$defs`.
        optional: the same of keys that may be absent.
    """
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **optional},
        "$defs": read()["$defs"],
    }


def check(value: Any, schema: dict[str, Any], where: str) -> None:
    """Check a value against a schema; `where` begins errors.

    Raises:
        InputError: naming the wrong key of the highest level, and what it may be.
    """
    errors = sorted(
        _Validator(schema).iter_errors(value), key=lambda e: (len(e.absolute_path), str(e.path))
    )
    if errors:
        raise InputError(f"{where}: {_explain(errors[0])}")


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas that it refers to; nothing if it is not a mapping."""
    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from parts(_referred(schema["$ref"]))
    for part in schema.get("allOf", []):
        yield from parts(part)


def below(schemas: Iterable[dict[str, Any]], key: str) -> Iterator[Any]:
    """Yield what the parts of a mapping's schema say about the value of a key."""
    for schema in schemas:
        yield schema.get("properties", {}).get(key, schema.get("additionalProperties"))


def fill(value: Any, schema: dict[str, Any]) -> None:
    """Set the defaults of missing keys, depth first, in place."""
    for part in schema.get("allOf", []):
        fill(value, part)
    if "$ref" in schema:
        fill(value, _referred(schema["$ref"]))
    if isinstance(value, list):
        for item in value:
            fill(item, schema.get("items", {}))
    if not isinstance(value, dict):
        return
    properties = schema.get("properties", {})
    for key, sub in properties.items():
        if key not in value and "default" in sub:
            value[key] = copy.deepcopy(sub["default"])
        if key in value:
            fill(value[key], sub)
    other = schema.get("additionalProperties")
    if isinstance(other, dict):
        for key in value.keys() - properties.keys():
            fill(value[key], other)


def _referred(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = read()["$defs"][reference.rpartition("/")[2]]
    return found


def _explain(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{where}: {_problem(error)}" if where else _problem(error)


def _problem(error: ValidationError) -> str:
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        instance: Any = error.instance
        wrong = sorted(set(instance) - set(known), key=str)
        choices = ", ".join(sorted(known)) or "none"
        if reason := schema.get("x-refused", {}).get(wrong[0]):
            return f"{wrong[0]!r} cannot be set: {reason}; valid keys: {choices}"
        renamed = schema.get("x-renamed", {}).get(wrong[0])
        today = f", which is now {renamed}" if renamed else ""
        return f"unknown key {wrong[0]!r}{today}; valid keys: {choices}"
    if error.validator == "enum":
        choices = ", ".join(str(choice) for choice in schema["enum"])
        return f"{error.instance!r} is not one of: {choices}"
    hint = schema.get("description", "")
    value = error.instance
    if error.validator == "type" and isinstance(value, str) and _EXPONENT.fullmatch(value):
        hint = "YAML reads 1e-3 as text; write 1.0e-3"
    return error.message + (f" ({hint})" if hint else "")
