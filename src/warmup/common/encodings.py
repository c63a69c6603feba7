"""Print text that has characters which the terminal's encoding lacks, such as ASCII.

Output for programs stays exact: JSON has an escape for each character. In output for people signs
become the nearest ASCII.
"""

import codecs
import io
import json
import sys
from typing import Any

from warmup.common.files import to_json

_SIGNS = {
    "↑": "^", "↓": "v", "×": "x", "−": "-", "–": "-", "…": "...", "±": "+/-", "·": "|", "≥": ">=",
    "≤": "<=", "→": "->", "≈": "~", "“": '"', "”": '"', "’": "'", "‘": "'",
}  # fmt: skip
_FOR_PROGRAMS, _FOR_PEOPLE = "warmup-json", "warmup-signs"


def print_json(value: Any, where: str = "standard output", **layout: Any) -> None:
    """Print a value as JSON, with an escape for what the encoding of standard output lacks.

    Args:
        value: of types that JSON has.
        where: beginning of errors, which are those of `to_json`.
        layout: `indent` or `separators` of `json.dumps`.
    """
    _set_errors(_FOR_PROGRAMS)
    print(to_json(value, where, **layout))


def print_signs() -> None:
    """Let standard output print signs that its encoding lacks as the nearest ASCII."""
    _set_errors(_FOR_PEOPLE)


def _set_errors(name: str) -> None:
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
        stream.reconfigure(errors=name)


def _as_json(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _as_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_SIGNS.get(one, json.dumps(one)[1:-1]) for one in characters), error.end


codecs.register_error(_FOR_PROGRAMS, _as_json)
codecs.register_error(_FOR_PEOPLE, _as_signs)
