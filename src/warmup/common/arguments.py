"""Values of command-line options that are given directly or in a file: JSON, lists of inputs."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import parse_json, read_json, read_lines


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


def add_inputs(parser: argparse.ArgumentParser, kinds: Mapping[str, str]) -> None:
    """Add an option for each kind of input, and `--inputs-from`. `inputs` returns their values.

    Args:
        parser: of the command line.
        kinds: name of the option -> end of its files' names, such as `scores: scores.json`.
    """
    for name, end in kinds.items():
        help_ = f"files whose names end in {end}"
        parser.add_argument(
            f"--{name}", type=Path, nargs="*", default=[], metavar="FILE", help=help_
        )
    parser.add_argument(
        "--inputs-from",
        type=Path,
        metavar="FILE",
        help="more inputs, one path per line (- is standard input); a command has a limit",
    )


def inputs(options: argparse.Namespace, kinds: Mapping[str, str]) -> dict[str, list[Path]]:
    """Return the inputs of each kind: those given directly, then those listed in a file.

    Raises:
        InputError: a listed path does not end like those of any kind.
    """
    paths = {name: list(getattr(options, name)) for name in kinds}
    for number, line in enumerate(
        read_lines(options.inputs_from) if options.inputs_from else (), start=1
    ):
        name = next((name for name, end in kinds.items() if line.endswith(end)), None)
        if name:
            paths[name].append(Path(line))
        elif line.strip():
            ends = ", ".join(kinds.values())
            where = f"{options.inputs_from}:{number}"
            raise InputError(f"{where}: {line!r} must end in one of: {ends}")
    return paths
