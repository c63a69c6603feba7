"""Outputs of finished jobs that somebody has deleted or damaged since.

Snakemake asks only whether the files that it was asked for exist. Another file that is missing or
damaged would be "Nothing to be done", until a later job needs it.
"""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from warmup.common import register
from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256
from warmup.data import shared_data
from warmup.generation.evaluations import Evaluation
from warmup.training import shared_runs

_SLACK = 1.0
"""Seconds between the end of a job and its record."""

Check = Callable[[], str | None]
"""Says what is wrong with the content of outputs, or None. It reads all of them."""


def problem(
    outputs: Iterable[Path], made: Callable[[Path], float | None], check: Check
) -> str | None:
    """Return what is wrong with the outputs of a finished job, or None.

    Content is read only if a file or folder was written after the job.

    Args:
        outputs: files and folders.
        made: returns when the job of an output ended, in seconds since 1970; None if it did not.
        check: looks at the content.
    """
    ends = {path: end for path in outputs if (end := made(path)) is not None}
    for path in ends:
        if not path.exists():
            return f"{path} is missing"
    for path, end in ends.items():
        if _last_written(path) > end + _SLACK:
            return check()
    return None


def _last_written(path: Path) -> float:
    inside = path.rglob("*") if path.is_dir() else ()
    return float(max(one.stat().st_mtime for one in (path, *inside)))


def split_files(folder: Path) -> list[Path]:
    """Return the files of the splits that a prepared data set has, as its summary says."""
    try:
        return [
            folder / f"{split}.jsonl" for split in read_json(folder / shared_data.SUMMARY)["splits"]
        ]
    except (InputError, KeyError, TypeError):
        return []  # `check_data` says what is wrong


def check_data(folder: Path) -> str | None:
    """Say which split of a prepared data set does not have the records that its summary counts."""
    try:
        splits = read_json(folder / shared_data.SUMMARY)["splits"]
        expected = {folder / f"{split}.jsonl": facts["sha256"] for split, facts in splits.items()}
    except (InputError, KeyError, TypeError, AttributeError):
        return f"{folder / shared_data.SUMMARY} is damaged"
    for path, digest in expected.items():
        if not path.exists():
            return f"{path} is missing"
        if sha256(path) != digest:
            return f"{path} is damaged (another hash)"
    return None


def check_run(finished: Path, folder: Path) -> str | None:
    """Say which file of a trained run is not the one that was registered."""
    return _changed(finished, folder, shared_runs.hashes)


def check_tokenizer(finished: Path, folder: Path) -> str | None:
    """Say which file of a trained tokenizer is not the one that was registered."""
    return _changed(finished, folder, register.hashes_of_folder)


def check_evaluation(evaluation: Evaluation) -> str | None:
    """Say whether a file of predictions is not the one that was made, if that is known."""
    if evaluation.is_in_place() or not evaluation.is_of_these():
        return None
    return f"{evaluation.predictions} is damaged (another hash)"


def check_json(paths: Iterable[Path]) -> str | None:
    """Say which JSON file cannot be read."""
    for path in paths:
        try:
            read_json(path)
        except InputError:
            return f"{path} is damaged (not JSON)"
    return None


def _changed(finished: Path, folder: Path, hashes: Callable[[Path], register.Hashes]) -> str | None:
    """Say which file of a result differs from the last one that was registered of this folder.

    A result that is not in the register is taken as it is.
    """
    known = register.of_folder(finished, folder)
    found: register.Hashes = {}
    with contextlib.suppress(InputError, OSError):
        found = hashes(folder)
    if not known or found in known:
        return None
    nearest = max(known, key=lambda one: len(one.items() & found.items()))
    name = min(
        name for name in nearest.keys() | found.keys() if nearest.get(name) != found.get(name)
    )
    return f"{folder / name} is " + (
        "damaged (another hash)" if (folder / name).exists() else "missing"
    )
