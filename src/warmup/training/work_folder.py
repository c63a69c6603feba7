"""The work folder of one run: its lock and its fingerprint; see also
`warmup.training.checkpoints`.
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
from warmup.common.files import atomic, read_json, write_json
from warmup.training import checkpoints

FINGERPRINT = "fingerprint.json"
"""What determines the run that the checkpoints beside it are of."""
BAD_BATCH = "bad_batch.json"
"""What a training was at when its loss was no number, see `warmup.training.non_finite`."""
ON_NAN = ("stop", "skip")
"""What may be done with an update whose loss or gradient is not a finite number."""

MICROBATCH_LIMIT = "microbatch_limit.json"
"""`max_tokens_per_microbatch` to resume with after one of several processes ran out of memory."""

LOG = "train.log"
"""What all starts of a training said, see workflow/scripts/train.sh."""

FINISHED = "finished"
"""Folder of a finished run's results, until whoever started it has seen its end."""


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a work folder's lock, which the system releases however the process ends.

    Raises:
        InputError: another process holds it, which the message names; or it cannot be locked.
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
        stream.write(_who())
        stream.flush()
        yield


def claim(folder: Path, fingerprint: dict[str, Any], code: str, fresh: bool) -> None:
    """Make sure that checkpoints in a work folder belong to this very run.

    Args:
        folder: the work folder, held.
        fingerprint: what determines the run: configuration and hashes of its inputs.
        code: hash of the program; checkpoints of another version are used, with a warning.
        fresh: delete the checkpoints of another run instead of refusing.

    Raises:
        InputError: the folder was made for another run, or does not say for which; the message
            says what differs.
    """
    path = folder / FINGERPRINT
    found = any(folder.glob("checkpoint-*")) or (folder / FINISHED).exists()
    if found or path.exists():
        before = _read(path)
        if before and before.pop("code", code) != code and found:
            what = "finished model is" if (folder / FINISHED).exists() else "checkpoints are"
            print(f"{folder}: its {what} of another version of the code", file=sys.stderr)
        problem = _mismatch(before, fingerprint)
        if problem and found and not fresh:
            raise InputError(f"{folder} {problem}. Delete the folder, or set on_mismatch: fresh")
        if problem:
            clear(folder)
    write_json(path, fingerprint | {"code": code})


def kept(folder: Path) -> dict[str, Any] | None:
    """Return what determines the run whose results are kept; None if none are."""
    found = _read(folder / FINGERPRINT)  # first, since `clear` deletes it last
    return found if (folder / FINISHED).exists() else None


def finished(folder: Path, fingerprint: dict[str, Any]) -> bool:
    """Return whether the results that are kept are those of this very run."""
    before = kept(folder)
    return before is not None and _mismatch(before | {"code": None}, fingerprint) is None


def put_in_place(folder: Path, output_dir: Path) -> None:
    """Write the results that are kept to the output folder; weights take no more room there."""
    results = folder / FINISHED
    with atomic(output_dir / "model", replace=True) as made:
        shutil.copytree(results / "model", made, copy_function=_link)
    for name in ("provenance.json", "training.json"):
        write_json(output_dir / name, read_json(results / name))


def let_go(folder: Path) -> None:
    """Delete the results that are kept, and the log; nothing where a training is at work."""
    with contextlib.suppress(InputError), hold(folder):
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
    for name in (BAD_BATCH, MICROBATCH_LIMIT):
        (folder / name).unlink(missing_ok=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one that knows no links
        shutil.copy2(source, target)


def _who() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    where = f"{socket.gethostname()}, Slurm job {job}" if job else socket.gethostname()
    return f"process {os.getpid()} on {where}\n"


def _read(path: Path) -> dict[str, Any] | None:
    """Return the fingerprint in a file; None if it is missing or damaged."""
    try:
        found = read_json(path)
    except InputError:
        return None
    return found if isinstance(found, dict) else None


def _mismatch(before: dict[str, Any] | None, fingerprint: dict[str, Any]) -> str | None:
    """Return why checkpoints are not of this run, to go behind the folder's name, or None."""
    if before is None:
        return f"does not say which run its checkpoints are of: {FINGERPRINT} is missing or damaged"
    differs = _differences(before, fingerprint)
    return f"belongs to another run: {'; '.join(differs[:3])}" if differs else None


def _differences(old: Any, new: Any, key: str = "") -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for name in sorted(old.keys() | new.keys())
            for line in _differences(old.get(name), new.get(name), f"{key}.{name}".strip("."))
        ]
    return [] if old == new else [f"{key} was {old!r} and is {new!r}"]
