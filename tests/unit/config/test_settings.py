"""The dataclasses of a configuration have the keys, types and optional keys of its schema."""

import dataclasses
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from helpers import tiny
from helpers.schema_parts import SCHEMA, parts
from warmup.config import settings
from warmup.config.conversion import from_json, to_json
from warmup.config.settings import ExperimentConfig, GridConfig, RunConfig

SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}
NOT_OF_THE_RUN = {"pairs", "splits", "metrics"}
OPEN = {"objective_settings", "scratch", "splits", "trainer"}
"""Mappings whose keys depend on something else."""


def merged(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema and all that it refers to say together."""
    together: dict[str, Any] = {}
    for part in parts(schema):
        together = part | together
        for key in ("properties", "required"):
            both = part.get(key, type(together.get(key, []))()), together.get(key)
            if key in part and both[1] is not None and both[1] is not part[key]:
                together[key] = part[key] | both[1] if key == "properties" else part[key] + both[1]
    return together


def agree(kind: Any, schema: dict[str, Any], where: str) -> list[str]:
    """Return what of a type differs from a schema."""
    schema, found = merged(schema), []
    types = schema.get("type", [])
    wanted = {types} if isinstance(types, str) else set(types)
    if get_origin(kind) is UnionType:
        if "null" not in wanted:
            return [f"{where}: cannot be null"]
        (kind,) = set(get_args(kind)) - {NoneType}
        wanted -= {"null"}
    if get_origin(kind) is Literal:
        return [] if set(get_args(kind)) == set(schema.get("enum", [])) else [f"{where}: choices"]
    if dataclasses.is_dataclass(kind):
        return differences(kind, schema, where)
    if get_origin(kind) is tuple:
        expected = "array"
        found = agree(get_args(kind)[0], schema.get("items", {}), f"{where}[]")
    elif get_origin(kind) is Mapping:
        expected = "object"
        if where.rpartition(".")[2] not in OPEN:
            found = agree(get_args(kind)[1], schema.get("additionalProperties", {}), f"{where}.*")
    else:
        expected = SCALARS[kind]
    return found + ([] if wanted == {expected} else [f"{where}: {expected} is not {wanted}"])


def differences(kind: Any, schema: dict[str, Any], where: str) -> list[str]:
    """Return what of a dataclass differs from the schema of an object."""
    schema = merged(schema)
    properties, required = schema["properties"], schema.get("required", [])
    hints = get_type_hints(kind)
    keys = properties.keys()
    if kind is settings.DatasetConfig:
        keys -= NOT_OF_THE_RUN
    if kind in (settings.DatasetConfig, settings.DatasetEntry):
        keys -= {"every_split"}  # is merged into the splits
    if kind is GridConfig:  # its methods are those that the entry names, with its override
        keys -= {"override", "methods"}
        hints = {name: hint for name, hint in hints.items() if name not in ("methods", "outputs")}
    if keys != hints.keys():
        return [f"{where}: {keys ^ hints.keys()}"]
    found = []
    for field in dataclasses.fields(kind):
        if field.name not in hints:
            continue
        hint, place = hints[field.name], f"{where}.{field.name}"
        absent = field.name not in required and "default" not in properties[field.name]
        if absent != (field.default is None):
            found.append(f"{place}: {'may' if absent else 'cannot'} be absent")
        if absent and field.default is None:
            (hint,) = set(get_args(hint)) - {NoneType}
        found += agree(hint, properties[field.name], place)
    return found


def test_a_whole_configuration_is_that_of_the_schema():
    assert differences(ExperimentConfig, SCHEMA, "config") == []


@pytest.mark.parametrize(
    ("part", "definition"), [("model", "model"), ("method", "method"), ("dataset", "dataset")]
)
def test_a_part_of_a_run_is_that_of_the_schema(part, definition):
    kind = get_type_hints(RunConfig)[part]
    assert differences(kind, SCHEMA["$defs"][definition], part) == []


def test_a_difference_is_found():
    changed = dataclasses.make_dataclass(
        "changed",
        [("weight", float), ("updates", str), ("final", float), ("divergence", Literal["reverse"])],
    )
    schema = SCHEMA["$defs"]["method_settings"]["properties"]["reference_kl"]
    assert differences(changed, schema, "x") == [
        "x.updates: string is not {'integer'}",
        "x.divergence: choices",
    ]
    assert differences(settings.Budget, schema, "x")[0].startswith("x: {")


@pytest.mark.parametrize("method", list(tiny.METHODS))
def test_a_run_as_json_is_what_it_was_made_from(method):
    value = tiny.resolved(method)
    run = from_json(RunConfig, value)
    assert to_json(run) == value
    assert from_json(RunConfig, to_json(run)) == run
    assert run.method.start == value["method"]["start"]
    assert run.run.path == run.name
    assert run.model.scratch == value["model"]["scratch"]
    assert run.model.hub is None
