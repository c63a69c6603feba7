"""Paths that Snakemake can work with, and local files that are inputs of jobs."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.sources import Context, local


def local_data_files(
    splits: Mapping[str, Any], pair: str, root: str, downloads: Path
) -> list[Path]:
    """Return the local files that a data set's pair is prepared from, whether they exist or not.

    Args:
        splits: of the data set; split -> its source.
        pair: of languages.
        root: folder that relative paths start from.
        downloads: folder of downloads.

    Raises:
        InputError: a source is wrong, or a path is one that Snakemake cannot work with.
    """
    return [
        check_path(path)
        for split, spec in splits.items()
        if spec["type"] == "local"
        for path in local.files(spec, parse_pair(pair), Context(split, root, downloads))
    ]


def local_model_files(folder: Path) -> list[Path]:
    """Return the files of a model that is a local folder.

    Raises:
        InputError: a path is one that Snakemake cannot work with.
    """
    found = map(check_path, [folder, *sorted(folder.rglob("*"))])
    return [path for path in found if path.is_file()]


def check_path(path: Path) -> Path:
    """Return a path that Snakemake can have as an input.

    Raises:
        InputError: it contains braces or angle brackets.
    """
    if found := re.search("[{}<>]", str(path)):
        raise InputError(
            f"{path}: {found[0]} in a path, which Snakemake takes for a name of its own; rename it"
        )
    return path


def check_project(folder: Path) -> None:
    """Check that Snakemake can start jobs from the folder of this project.

    It takes braces for names, and quotes the folder in its commands as Python does. PYTHONPATH is
    split at colons.

    Raises:
        InputError: its path contains a character with which they fail.
    """
    impossible = set("{}\\\n" + os.pathsep + ('"$`' if "'" in str(folder) else ""))
    if found := sorted(impossible & set(str(folder))):
        raise InputError(
            f"{str(folder)!r}: jobs cannot be started from a folder with {found[0]!r} in its path; "
            "rename it, or move the project"
        )
