"""Command-line values that are JSON, given directly or in a file."""

import json
from pathlib import Path
from typing import Any

from warmup.errors import InputError
from warmup.files import read_json


def read_object(value: str, option: str) -> dict[str, Any]:
    """Return the JSON object that `value` is, or that the file it names holds.

    Raises:
        InputError: not a JSON object; the message begins with the option's name.
    """
    if value.lstrip().startswith("{"):
        try:
            result = json.loads(value)
        except (ValueError, RecursionError) as error:  # also a number of too many digits
            raise InputError(f"{option}: not JSON: {error}") from None
    else:
        result = read_json(Path(value))
    if not isinstance(result, dict):
        raise InputError(f"{option}: expected a JSON object, not {type(result).__name__}")
    return result
