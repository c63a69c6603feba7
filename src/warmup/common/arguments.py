"""Command-line values that are JSON, given directly or in a file."""

from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import parse_json, read_json


def read_object(value: str, option: str) -> dict[str, Any]:
    """Return the JSON object that `value` contains, or that the file of this name contains.

    Args:
        value: JSON, or the name of a file.
        option: name of the option, for errors.

    Raises:
        InputError: it is not a JSON object.
    """
    is_text = value.lstrip().startswith("{")
    result = parse_json(value, option) if is_text else read_json(Path(value))
    if not isinstance(result, dict):
        raise InputError(f"{option}: expected a JSON object, not {type(result).__name__}")
    return result
