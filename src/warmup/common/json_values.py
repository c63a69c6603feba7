"""Check that a value can be written as JSON. YAML and Python have more kinds of values."""

import math
from collections.abc import Container, Mapping
from typing import Any

from warmup.common.errors import InputError

DEEPEST = 30
"""Most levels of nesting. A YAML anchor can nest a value in itself without end."""
_LARGEST = 2**63


def check_json_value(value: Any, where: str, depth: int = 0) -> None:
    """Check for text, finite numbers, true, false, null, lists, and mappings with text as keys.

    Raises:
        InputError: anything else is in the value; the message begins with `where` and the key.
    """
    if depth > DEEPEST:
        raise InputError(f"{where[:200]}: nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError(f"{where}: the key {key!r} is not a string; put it in quotes")
            check_json_value(item, f"{where}: {key}" if depth == 0 else f"{where}.{key}", depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            check_json_value(item, f"{where}.{number}", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {value} is not a finite number")
    elif isinstance(value, int) and abs(value) >= _LARGEST:
        raise InputError(f"{where}: the number is too large")
    elif isinstance(value, str) and "\0" in value:
        raise InputError(f"{where}: {value!r} has a character that is not allowed (NUL)")
    elif value is not None and not isinstance(value, str | int | float):
        raise InputError(
            f"{where}: {value!r} is neither text, number, list nor mapping; use quotes"
        )


def check_object(
    value: Any, kinds: Mapping[str, type], where: str, optional: Container[str] = ()
) -> dict[str, Any]:
    """Return a value of JSON if it is an object of exactly these keys and types.

    Args:
        value: what was read.
        kinds: key -> type; `float` also allows an integer.
        where: beginning of errors.
        optional: keys that may be missing or null.

    Raises:
        InputError: it is not; the message names the key and what it must be.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object, not {type(value).__name__}")
    if extra := sorted(set(value) - set(kinds)):
        raise InputError(f"{where}: unknown key {extra[0]!r}; valid keys: {', '.join(kinds)}")
    for key, kind in kinds.items():
        item = value.get(key)
        if item is None and key in optional:
            continue
        if key not in value:
            raise InputError(f"{where}: missing key {key!r}")
        if item is None:
            raise InputError(f"{where}: {key} must be {kind.__name__}, not null")
        fits = isinstance(item, (int, float) if kind is float else kind)
        if not fits or isinstance(item, bool):
            raise InputError(
                f"{where}: {key} must be {kind.__name__}, not {type(item).__name__} {item!r}"
            )
    return value
