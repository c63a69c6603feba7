"""Command-line values that are given directly or in a file: JSON, and lists of inputs."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import parse_json, read_json, read_lines


def read_object(value: str, option: str) -> dict[str, Any]:
    """Return the JSON object that `value` is, or that the file it names holds.

    Raises:
        InputError: not a JSON object; the message begins with the option's name.
    """
    is_text = value.lstrip().startswith("{")
    result = parse_json(value, option) if is_text else read_json(Path(value))
    if not isinstance(result, dict):
        raise InputError(f"{option}: expected a JSON object, not {type(result).__name__}")
    return result


def add_inputs(parser: argparse.ArgumentParser, kinds: Mapping[str, str]) -> None:
    """Add an option for each kind of input, and `--inputs-from`; `inputs` returns their values.

    Args:
        parser: of the command line.
        kinds: name of the option -> how its files' names end, such as `scores: scores.json`.
    """
    for name, end in kinds.items():
        help_ = f"files that end in {end}"
        parser.add_argument(
            f"--{name}", type=Path, nargs="*", default=[], metavar="FILE", help=help_
        )
    parser.add_argument(
        "--inputs-from",
        type=Path,
        metavar="FILE",
        help="more inputs, one path a line (- is standard input), for more than fit into a command",
    )


def inputs(options: argparse.Namespace, kinds: Mapping[str, str]) -> dict[str, list[Path]]:
    """Return the inputs of each kind: those given directly, then those listed in a file.

    Raises:
        InputError: a listed path ends as none of the kinds does.
    """
    found = {name: list(getattr(options, name)) for name in kinds}
    for number, line in enumerate(
        read_lines(options.inputs_from) if options.inputs_from else (), start=1
    ):
        name = next((name for name, end in kinds.items() if line.endswith(end)), None)
        if name:
            found[name].append(Path(line))
        elif line.strip():
            ends = ", ".join(kinds.values())
            where = f"{options.inputs_from}:{number}"
            raise InputError(f"{where}: {line!r} ends in none of: {ends}")
    return found
