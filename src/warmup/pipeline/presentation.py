"""The tables and figures of a kept experiment, made again from its numbers and compared.

What these need beside the numbers, the order of the methods and the like, is in
presentation.json: the values of the options `--methods` and `--decodings`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from warmup.common.errors import InputError
from warmup.common.files import read_json

FILE = "presentation.json"
OPTIONS = ("methods", "decodings")
_NUMBERS = {
    "tables": ("scores", "comparisons", "warmups"),
    "figures": ("scores", "curves", "comparisons", "warmups"),
}
"""Folder, and the command that makes it -> the tables of numbers that it is made from."""


def read(folder: Path) -> dict[str, list[str]]:
    """Read presentation.json.

    Raises:
        InputError: it is missing or has another form.
    """
    path = folder / FILE
    found = read_json(path)
    if not isinstance(found, dict) or found.keys() != set(OPTIONS):
        raise InputError(f"{path}: must be an object with exactly: {', '.join(OPTIONS)}")
    for key, items in found.items():
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise InputError(f"{path}: {key} must be a list of strings")
    return found


def make(kind: str, folder: Path, how: Mapping[str, Sequence[str]], to: Path) -> None:
    """Make the tables or the figures of an experiment, as the workflow does.

    Args:
        kind: `tables` or `figures`.
        folder: where its tables of numbers are.
        how: as `read` returns it.
        to: folder to write.

    Raises:
        InputError: they cannot be made from these numbers; says why.
    """
    command = [sys.executable, "-m", "warmup", kind, "--output-dir", str(to)]
    for name in _NUMBERS[kind]:
        command += [f"--{name}", str(folder / f"{name}.tsv")]
    for option in OPTIONS:
        command += [f"--{option}", *how[option]]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{folder}: no {kind} can be made: {said.removeprefix('error: ')}")


def differences(folder: Path) -> Iterator[str]:
    """Yield each file of tables and figures that is another one when it is made again.

    Raises:
        InputError: presentation.json or a table of numbers is not in its form.
    """
    how = read(folder)
    for kind in _NUMBERS:
        with tempfile.TemporaryDirectory() as made:
            make(kind, folder, how, Path(made))
            stored, again = _contents(folder / kind), _contents(Path(made))
        for name in sorted(stored.keys() | again.keys()):
            if name not in again:
                yield f"{kind}/{name}: is made no more"
            elif name not in stored:
                yield f"{kind}/{name}: is missing"
            elif stored[name] != again[name]:
                yield f"{kind}/{name}: another one is made now"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}
