"""Checkpoints of a training: sealed with the hash of every file, checked before they are used.

Which one is newer is a matter of its number: clocks may jump.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, sync, write_json

SEAL = "complete"
"""Its last file: the hashes of all others. Without it a checkpoint was not written to its end."""
STATE = "trainer_state.json"


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint as whole, once all of it is on the disk."""
    sync(checkpoint)
    files = {name: sha256(checkpoint / name) for name in _names(checkpoint)}
    write_json(checkpoint / SEAL, {"sha256": files})
    sync(checkpoint.parent)


def last(folder: Path) -> Path | None:
    """Return the newest checkpoint to go on from, or None; newer ones are deleted.

    It is whole, and so is the best one so far, which the training will need at its end. Of damaged
    ones a line is printed; half-written ones are just what a killed process leaves.
    """
    going = ""
    for checkpoint in reversed(_by_number(folder)):
        if not (checkpoint / SEAL).exists():
            shutil.rmtree(checkpoint)
            continue
        problem = damage(checkpoint)
        best = None if problem else best_of(checkpoint)
        if best and best != checkpoint and (flaw := damage(best)):
            problem = f"needs {best.name}: {flaw}"
        if not problem:
            if going:
                print(f"{going}; going back to {checkpoint.name}", file=sys.stderr)
            return checkpoint
        going = going or f"{checkpoint}: {problem}"
        delete(checkpoint)
    if going:
        print(f"{going}; starting from the beginning", file=sys.stderr)
    return None


def damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint, or None if it is as it was sealed."""
    try:
        files = read_json(checkpoint / SEAL)["sha256"]
        if missing := sorted(files.keys() - set(_names(checkpoint))):
            return f"{missing[0]} is missing"
        changed = [name for name, wanted in files.items() if sha256(checkpoint / name) != wanted]
    except (InputError, KeyError, TypeError, AttributeError):
        return f"{SEAL} is missing or damaged"
    return f"{changed[0]} is damaged (another hash)" if changed else None


def best_of(checkpoint: Path) -> Path | None:
    """Return the best checkpoint when this one was written: itself, an earlier one, or none yet."""
    # of transformers, which writes NaN where a loss was none
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    name = state["best_model_checkpoint"]
    return checkpoint.with_name(Path(name).name) if name else None


def thin(folder: Path) -> None:
    """Delete all checkpoints but two: the newest, and one to go back to should it be damaged.

    That is the best one, or, where the newest is the best, the best one before it.
    """
    *earlier, newest = _by_number(folder)
    if not earlier:
        return
    best = best_of(newest)
    if best is None or best == newest:
        best = best_of(earlier[-1])
    for checkpoint in earlier:
        if checkpoint != (best or earlier[-1]):
            delete(checkpoint)


def delete(checkpoint: Path) -> None:
    """Delete a checkpoint; if that is interrupted, it is not taken for a whole one."""
    (checkpoint / SEAL).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def _by_number(folder: Path) -> list[Path]:
    found = folder.glob("checkpoint-*")
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def _names(checkpoint: Path) -> list[str]:
    files = (path for path in checkpoint.rglob("*") if path.is_file())
    return sorted(os.fspath(path.relative_to(checkpoint)) for path in files if path.name != SEAL)
