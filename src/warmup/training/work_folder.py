"""The work folder of a run: its lock, its fingerprint and its finished results.

`warmup.training.checkpoints` handles the checkpoints in it.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import atomic, link_or_copy, read_json, write_json
from warmup.training import checkpoints

FINGERPRINT = "fingerprint.json"
"""File with what determines the run that checkpoints and finished results belong to."""
BAD_BATCH = "bad_batch.json"
"""File with the batch of an update that was NaN or infinite."""
MICROBATCH_LIMIT = "microbatch_limit.json"
"""File with the `max_tokens_per_microbatch` of the next start, after one of several processes ran
out of memory."""
RUN_CLOCK = "run_clock.json"
"""File with the time that all starts have taken."""
LOG = "train.log"
"""Log of all starts, see workflow/scripts/train.sh."""
TOKENS = "tokens"
"""Folder of the run's own token files; runs can share another one."""
FINISHED = "finished"
"""Folder of the results of a finished run, until the workflow has seen its end."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Lock a work folder. The system releases the lock however the process ends.

    Raises:
        InputError: another process, which the message names, has the lock; or the file system has
            no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise InputError(f"{folder}: in use by {stream.read().strip()}") from None
        except OSError as error:  # such as Lustre mounted without flock
            raise InputError(
                f"{folder}: its file system has no locks ({error.strerror}). "
                "Start in a folder on one that has: snakemake --directory FOLDER"
            ) from None
        stream.truncate(0)
        stream.write(_this_process())
        stream.flush()
        yield


def check_fingerprint(folder: Path, fingerprint: dict[str, Any], code: str, fresh: bool) -> None:
    """Check that the checkpoints and results in a work folder are those of a run.

    The fingerprint is written to the folder. Checkpoints of another version of the code are used,
    with a warning.

    Args:
        folder: the work folder, locked.
        fingerprint: what determines the run: configuration and hashes of its inputs.
        code: hash of the package.
        fresh: delete the checkpoints of another run instead of raising an error.

    Raises:
        InputError: the folder is another run's, or does not say which run's. The message says what
            differs.
    """
    path = folder / FINGERPRINT
    is_used = any(folder.glob("checkpoint-*")) or (folder / FINISHED).exists()
    if is_used or path.exists():
        earlier = _read(path)
        if earlier and earlier.pop("code", code) != code and is_used:
            what = "finished model is" if (folder / FINISHED).exists() else "checkpoints are"
            print(f"{folder}: its {what} of another version of the code", file=sys.stderr)
        problem = _mismatch(earlier, fingerprint)
        if problem and is_used and not fresh:
            raise InputError(f"{folder} {problem}. Delete the folder, or set on_mismatch: fresh")
        if problem:
            clear(folder)
    write_json(path, fingerprint | {"code": code})


def finished_fingerprint(folder: Path) -> dict[str, Any] | None:
    """Return the fingerprint of the finished run whose results the folder has, or None."""
    fingerprint = _read(folder / FINGERPRINT)  # first, since `clear` deletes it last
    return fingerprint if (folder / FINISHED).exists() else None


def is_finished(folder: Path, fingerprint: dict[str, Any]) -> bool:
    """Return whether the folder has the results of this run."""
    earlier = finished_fingerprint(folder)
    return earlier is not None and _mismatch(earlier | {"code": None}, fingerprint) is None


def copy_finished(folder: Path, output_dir: Path) -> None:
    """Copy the results of a finished run to the output folder; weights become hard links."""
    results = folder / FINISHED
    with atomic(output_dir / "model", replace=True) as temporary:
        copy_model(results / "model", temporary)
    for name in ("provenance.json", "training.json"):
        write_json(output_dir / name, read_json(results / name))


def copy_model(model: Path, destination: Path) -> None:
    """Copy the folder of a model; its files become hard links, if the file system has them."""
    shutil.copytree(model, destination, copy_function=link_or_copy)


def discard_finished(folder: Path) -> None:
    """Delete the results of a finished run and its log, unless a process is training there."""
    with contextlib.suppress(InputError), lock(folder):
        clear(folder)
        (folder / LOG).unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Delete all that another run must not find."""
    shutil.rmtree(folder / FINISHED, ignore_errors=True)
    delete_checkpoints(folder)
    (folder / FINGERPRINT).unlink(missing_ok=True)


def delete_checkpoints(folder: Path) -> None:
    """Delete what a finished run does not need."""
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoints.delete(checkpoint)
    shutil.rmtree(folder / TOKENS, ignore_errors=True)
    for name in (BAD_BATCH, MICROBATCH_LIMIT, RUN_CLOCK):
        (folder / name).unlink(missing_ok=True)


def _this_process() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    where = f"{socket.gethostname()}, Slurm job {job}" if job else socket.gethostname()
    return f"process {os.getpid()} on {where}\n"


def _read(path: Path) -> dict[str, Any] | None:
    """Return the fingerprint in a file; None if it is missing or damaged."""
    try:
        fingerprint = read_json(path)
    except InputError:
        return None
    return fingerprint if isinstance(fingerprint, dict) else None


def _mismatch(earlier: dict[str, Any] | None, fingerprint: dict[str, Any]) -> str | None:
    """Return why the content of a folder is not this run's, to follow the folder's name, or None.

    Args:
        earlier: the fingerprint in the folder; None if it cannot be read.
        fingerprint: that of this run.
    """
    if earlier is None:
        return f"does not say which run its checkpoints are of: {FINGERPRINT} is missing or damaged"
    lines = _differences(earlier, fingerprint)
    return f"belongs to another run: {'; '.join(lines[:3])}" if lines else None


def _differences(old: Any, new: Any, key: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for name in sorted(old.keys() | new.keys())
            for line in _differences(old.get(name), new.get(name), f"{key}.{name}".strip("."))
        ]
    return [] if old == new else [f"{key} was {old!r} and is {new!r}"]
