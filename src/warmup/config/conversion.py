"""Dataclasses from JSON values, and back."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from warmup.common.errors import InputError

T = TypeVar("T")


def from_json(kind: type[T], value: Mapping[str, Any], path: str = "") -> T:
    """Return the dataclass that a JSON object describes, whose parts are dataclasses, too.

    Args:
        kind: the dataclass. Types of fields may be dataclasses, `X | None`, `tuple[X, ...]`,
            `Mapping[str, X]`, and those of JSON values.
        value: has the fields as keys, except some that have defaults. Types of values are not
            checked; that is what a schema does.
        path: of this object within a larger one, with a dot at its end, for errors.

    Raises:
        InputError: a key is missing; names it with its path.
    """
    hints = get_type_hints(kind)
    for field in fields(kind):  # type: ignore[arg-type]  # a dataclass
        if field.name not in value and field.default is MISSING:
            raise InputError(f"missing key '{path}{field.name}'")
    items = {key: item for key, item in value.items() if key in hints}
    return kind(**{key: _convert(hints[key], item, f"{path}{key}") for key, item in items.items()})


def _convert(kind: Any, value: Any, path: str) -> Any:
    arguments = get_args(kind)
    if get_origin(kind) is UnionType:
        (other,) = set(arguments) - {NoneType}
        return None if value is None else _convert(other, value, path)
    if is_dataclass(kind) and isinstance(kind, type):
        return from_json(kind, value, f"{path}.")
    if get_origin(kind) is tuple:
        return tuple(_convert(arguments[0], item, f"{path}.{i}") for i, item in enumerate(value))
    if get_origin(kind) is Mapping:
        return {key: _convert(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    return value


def to_json(value: Any) -> Any:
    """Return a dataclass as a JSON object, without fields that have their default.

    `from_json` makes the same dataclass of it.
    """
    if is_dataclass(value):
        items = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: to_json(item) for field, item in items if item != field.default}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value
