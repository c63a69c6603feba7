"""Find finished results again, so that an identical job copies them instead of making them.

Two experiments in one folder often need the same data, tokenizer or training run, under other
names. A register is a folder with one file per finished result. The file's name is a hash of all
that determines the result. Its content says where the result is, and the hashes of its files, so
that a result which was deleted or made anew is not taken for the registered one.
"""

from collections.abc import Callable
from pathlib import Path

from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, write_json

Hashes = dict[str, str]
"""SHA-256 of the files of a result, by their paths in its folder."""
ADDED_BY_SNAKEMAKE = ".snakemake_timestamp"
"""A file that Snakemake adds to a folder which is the output of a rule."""


def find(register: Path, key: str, hashes: Callable[[Path], Hashes]) -> Path | None:
    """Return the folder with a result, or None if it is not registered or was changed.

    Args:
        register: its folder.
        key: of the result.
        hashes: computes the hashes of a result's files as they are now.
    """
    try:
        entry = read_json(register / f"{key}.json")
        folder = Path(entry["folder"])
        return folder if entry["sha256"] == hashes(folder) else None
    except (InputError, OSError, KeyError, TypeError):
        return None


def add(register: Path, key: str, folder: Path, hashes: Hashes) -> None:
    """Write a finished result into the register.

    Args:
        register: its folder.
        key: of the result.
        folder: where the result will be found.
        hashes: of its files.
    """
    write_json(register / f"{key}.json", {"folder": str(folder), "sha256": hashes})


def of_folder(register: Path, folder: Path) -> list[Hashes]:
    """Return the hashes of all results that were registered as being in a folder."""
    found = []
    for path in sorted(register.glob("*.json")):
        try:
            entry = read_json(path)
            if entry["folder"] == str(folder):
                found.append(dict(entry["sha256"]))
        except (InputError, KeyError, TypeError, ValueError):
            continue  # a damaged entry says nothing
    return found


def hashes_of_folder(folder: Path) -> Hashes:
    """Return the hashes of all files in a folder, except what Snakemake adds.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in files
        if path.name != ADDED_BY_SNAKEMAKE
    }
