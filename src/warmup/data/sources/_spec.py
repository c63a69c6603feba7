"""Check the keys of a source's entry in the configuration."""

from collections.abc import Mapping
from typing import Any

from warmup.common.errors import InputError

Types = type | tuple[type, ...]

_NAMES = {str: "text", int: "a whole number", dict: "a mapping", list: "a list", bool: "true/false"}


def check(
    where: str,
    spec: Mapping[str, Any],
    required: Mapping[str, Types],
    optional: Mapping[str, Types],
) -> None:
    """Check that `spec` has the required keys, no unknown one, and values of the right type.

    Raises:
        InputError: beginning with `where`, naming the key and what would be valid.
    """
    known = {**required, **optional}
    for key in required:
        if key not in spec:
            raise InputError(f"{where}: missing key {key!r}; required: {', '.join(required)}")
    for key, value in spec.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; valid keys: {', '.join(known)}")
        wanted = known[key]
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        is_stray_bool = isinstance(value, bool) and bool not in kinds  # a bool is an int to Python
        if is_stray_bool or not isinstance(value, kinds):
            names = " or ".join(_NAMES[kind] for kind in kinds)
            raise InputError(f"{where}: {key} must be {names}, not {value!r}")


def positive(where: str, spec: Mapping[str, Any], key: str) -> int | None:
    """Return `spec[key]`, or None if it is absent.

    Raises:
        InputError: it is not above zero.
    """
    value: int | None = spec.get(key)
    if value is not None and value < 1:
        raise InputError(f"{where}: {key} must be at least 1, not {value}")
    return value
