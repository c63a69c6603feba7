"""Every key of the schema: missing, misspelt, of a wrong type, out of range.

The cases are made from the schema, so that a key that is added to it is tried as well.
"""

import copy
import re
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from helpers import tiny
from helpers.schema_parts import SCHEMA, parts
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.config.conversion import to_json

VALUES = {
    "null": None, "boolean": True, "integer": 3, "number": 0.5, "string": "text",
    "array": [{"a": 1}], "object": {"1": [2]},
}  # fmt: skip
"""A value of each type of JSON."""
LIMITS = {
    "minimum": lambda limit: limit - 1,
    "exclusiveMinimum": lambda limit: limit,
    "maximum": lambda limit: limit + 1,
    "exclusiveMaximum": lambda limit: limit,
    "enum": lambda choices: f"{choices[0]}?",
    "pattern": lambda _: "../ø\n",
    "minItems": lambda _: [],
    "minProperties": lambda _: {},
    "maxProperties": lambda limit: {f"k{i}": 1 for i in range(limit + 1)},
}
"""For what may limit a key, a value that is just out of range."""


class Key(NamedTuple):
    """A key of the schema, and one place in `full()` that has it."""

    schema: dict[str, Any]
    path: tuple[Any, ...]
    required: bool
    closed: bool
    """Whether the mapping that it is in takes no keys but those of the schema."""


def full() -> dict[str, Any]:
    """Return a right configuration that has every key somewhere."""
    value = tiny.experiment(
        neural_metrics={
            "comet": {
                "tasks": ["translation"], "hub": "a/b", "revision": "0" * 40,
                "encoder_revision": "1" * 40,
            },
            "bertscore": {"tasks": ["translation"], "local": "x", "layer": 3},
        },
        decodings={"greedy": {}, "best": {"warmup": "best_of_n", "samples": 2}},
        trainer={
            name: next(iter(sub.get("enum", [VALUES[sub.get("type", "object")]])))
            for name, sub in SCHEMA["$defs"]["trainer"]["properties"].items()
        }
        | {"report_to": ["wandb"], "lr_scheduler_kwargs": {}}
        | {"activation_checkpointing_kwargs": {}},
    )  # fmt: skip
    kinds = {"architecture": "encoder_decoder"}
    value |= {"outputs": {"theirs": "folder"}, "order": ["warmup"], "resources": {"gpus": 1}}
    value["models"] |= {
        "hub": {**kinds, "hub": "a/b", "revision": "0" * 40, "pickled_sha256": "0" * 64},
        "local": {
            **kinds,
            "local": "x",
            "lora": {"rank": 2, "alpha": 4, "targets": ["q"]},
            "resources": {"threads": 2, "gpus": 1, "mem_mb": 900, "runtime": 5},
        },
    }
    for name in ("same_updates_as", "same_compute_as"):
        value["methods"][name] = {
            "objective": "likelihood", "start": "sft", "budget": {name: "warmup"},
        }  # fmt: skip
    value["methods"]["warmup"]["sampling"]["adaptive_samples"] = {}
    value["methods"]["warmup"]["drafts"] = {}
    shell_game = value["datasets"]["shell_game"]
    value["datasets"]["shell_game"] = shell_game | {"metrics": ["accuracy", "exact_match"]}
    value["datasets"]["texts"] = shell_game | {"task": "text_to_text", "prefix": "correct: "}
    value["runs"][0] |= {"pairs": ["en"], "seeds": [1], "override": {"sft": {"batch_size": 4}}}
    complete = to_json(experiment.check(value)) | {"runs": value["runs"]}
    complete["datasets"]["shell_game"]["every_split"] = {}
    return complete | {"plugins": tempfile.mkdtemp()}


def keys(schema: dict[str, Any], value: Any, path: tuple[Any, ...] = ()) -> Iterator[Key]:
    """Yield the keys of a schema that a value has."""
    every = list(parts(schema))
    if isinstance(value, list):
        for part in every:
            if "items" in part and value:
                yield from keys(part["items"], value[0], (*path, 0))
    if not isinstance(value, dict):
        return
    required = {name for part in every for name in part.get("required", [])}
    closed = any(part.get("additionalProperties") is False for part in every)
    for part in every:
        known = part.get("properties", {})
        for name in (name for name in known if name in value):
            yield Key(known[name], (*path, name), name in required, closed)
            yield from keys(known[name], value[name], (*path, name))
        if isinstance(other := part.get("additionalProperties"), dict):
            for name in (name for name in value if name not in known):
                yield from keys(other, value[name], (*path, name))


def names(schema: Any) -> Iterator[tuple[str, int]]:
    """Yield each key of the schema by name and identity."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from ((name, id(sub)) for name, sub in properties.items())
        for sub in schema.values():
            yield from names(sub)
    elif isinstance(schema, list):
        for sub in schema:
            yield from names(sub)


FULL = full()
KEYS: dict[int, Key] = {}
for found in keys(SCHEMA, FULL):
    KEYS.setdefault(id(found.schema), found)


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return what a configuration has at a path."""
    for part in path:
        value = value[part]
    return value


def changed(key: Key, value: Any) -> dict[str, Any]:
    """Return the configuration with another value of a key."""
    made = copy.deepcopy(FULL)
    at(made, key.path[:-1])[key.path[-1]] = value
    return made


def renamed(key: Key, name: str | None) -> dict[str, Any]:
    """Return the configuration with a key of another name, or without it."""
    made = copy.deepcopy(FULL)
    place = at(made, key.path[:-1])
    value = place.pop(key.path[-1])
    if name:
        place[name] = value
    return made


def refused(value: dict[str, Any]) -> str:
    with pytest.raises(InputError) as error:
        experiment.check(value)
    return str(error.value)


def each(name: str) -> Any:
    found = KEYS.values()
    return pytest.mark.parametrize(name, found, ids=[".".join(map(str, k.path)) for k in found])


def test_every_key_of_the_schema_is_tried():
    missing = {name for name, sub in names(SCHEMA) if sub not in KEYS}
    assert not missing
    assert len(KEYS) > 70


@each("key")
def test_described(key):
    """What a key means is said when its value is refused."""
    assert key.schema.get("description", "").endswith(".")


@each("key")
def test_missing(key):
    value = renamed(key, None)
    if key.required:
        message = refused(value)
        assert message.startswith("config: ")
        assert key.path[-1] in message
    elif "default" in key.schema:
        try:
            checked = experiment.check(value)
        except InputError as error:  # the default does not fit the other keys
            assert key.path[-1] in str(error)
        else:
            assert key.path[-1] in at(to_json(checked), key.path[:-1])


@each("key")
def test_misspelt(key):
    name = f"{key.path[-1]}x"
    if key.closed or key.required:
        message = refused(renamed(key, name))
        assert message.startswith("config: ")
        assert (name if key.closed and not key.required else key.path[-1]) in message


@each("key")
def test_of_a_wrong_type(key):
    every = list(parts(key.schema))
    kinds = next((part["type"] for part in every if "type" in part), ["string"])  # an enum's
    right = {kinds} if isinstance(kinds, str) else set(kinds)
    right |= {"integer"} if "number" in right else set()
    for kind in VALUES.keys() - right:
        if kind == "number" and "integer" in right:
            assert "of type" in refused(changed(key, 8.0))  # no whole number on a command line
        message = refused(changed(key, VALUES[kind]))
        assert message.startswith(f"config: {'.'.join(map(str, key.path))}: ")


@each("key")
def test_out_of_range(key):
    for part in parts(key.schema):
        for limit, wrong in LIMITS.items():
            if limit in part:
                message = refused(changed(key, wrong(part[limit])))
                assert re.match(f"config: {re.escape('.'.join(map(str, key.path)))}[.:]", message)
        if part.get("uniqueItems"):
            assert "non-unique" in refused(changed(key, at(FULL, key.path)[:1] * 2))
