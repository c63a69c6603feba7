"""Settings of a generator: a dataclass made from the configuration, with each value checked."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from warmup.common.errors import InputError, unknown

Settings = TypeVar("Settings")


Range = tuple[int, int]
"""Whole numbers from the first to the second, both included."""


def fill(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """Return `kind(**values)`; a field whose default is a pair is given as `[low, high]`.

    Raises:
        InputError: an unknown setting, a value of the wrong type, or one that `kind` refuses.
    """
    # every setting has a default, and its type is that of the default
    defaults = {item.name: item.default for item in fields(kind)}  # type: ignore[arg-type]
    filled: dict[str, Any] = {}
    for name, value in values.items():
        if name not in defaults:
            raise unknown("setting", name, defaults)
        is_range = isinstance(defaults[name], tuple)
        filled[name] = _range(name, value) if is_range else _number(name, value)
    return kind(**filled)


def at_least(name: str, value: int, least: int) -> None:
    """Raise an `InputError` if `value` is below `least`."""
    if value < least:
        raise InputError(f"settings: {name} must be at least {least}, not {value}")


def at_most(name: str, value: int, most: int, reason: str) -> None:
    """Raise an `InputError` if `value` is above `most`, saying why that is the most."""
    if value > most:
        raise InputError(f"settings: {name} must be at most {most} ({reason}), not {value}")


def _number(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"settings: {name} must be a whole number, not {value!r}")
    return value


def _range(name: str, value: Any) -> Range:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"settings: {name} must be [low, high], not {value!r}")
    low, high = (_number(name, item) for item in value)
    if low > high:
        raise InputError(f"settings: {name} is [{low}, {high}], but low must not exceed high")
    return low, high
