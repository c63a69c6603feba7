"""Checkpoints of a training run: marked as complete with the hash of every file, and checked
against it before use.

The number of a checkpoint says which one is newer: clocks may jump.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256, sync, write_json

MARK = "complete"
"""The file that is written last, with the hashes of all others. A checkpoint without it is not
complete."""
STATE = "trainer_state.json"


def mark_complete(checkpoint: Path) -> None:
    """Mark a checkpoint as complete, after all of it is on the disk."""
    sync(checkpoint)
    hashes = {name: sha256(checkpoint / name) for name in _file_names(checkpoint)}
    write_json(checkpoint / MARK, {"sha256": hashes})
    sync(checkpoint.parent)


def latest_valid(folder: Path) -> Path | None:
    """Return the newest valid checkpoint, or None; delete newer ones.

    A checkpoint is valid if it is complete and undamaged, and so is the best one when it was
    written, since training needs that at its end. A line is printed if checkpoints are damaged, but
    not about incomplete ones, which any killed process leaves.
    """
    damage = ""
    for checkpoint in reversed(_by_number(folder)):
        if not (checkpoint / MARK).exists():
            shutil.rmtree(checkpoint)
            continue
        error = integrity_error(checkpoint)
        best = None if error else best_of(checkpoint)
        if best and best != checkpoint and (best_error := integrity_error(best)):
            error = f"needs {best.name}: {best_error}"
        if not error:
            if damage:
                print(f"{damage}; going back to {checkpoint.name}", file=sys.stderr)
            return checkpoint
        damage = damage or f"{checkpoint}: {error}"
        delete(checkpoint)
    if damage:
        print(f"{damage}; starting from the beginning", file=sys.stderr)
    return None


def integrity_error(checkpoint: Path) -> str | None:
    """Return in what a checkpoint differs from when it was marked as complete, or None."""
    try:
        hashes = read_json(checkpoint / MARK)["sha256"]
        if missing := sorted(hashes.keys() - set(_file_names(checkpoint))):
            return f"{missing[0]} is missing"
        changed = [name for name, hash_ in hashes.items() if sha256(checkpoint / name) != hash_]
    except (InputError, KeyError, TypeError, AttributeError):
        return f"{MARK} is missing or damaged"
    return f"{changed[0]} is damaged (another hash)" if changed else None


def best_of(checkpoint: Path) -> Path | None:
    """Return the best checkpoint when this one was written: itself, an earlier one, or None."""
    # `read_json` refuses NaN, which transformers writes if a loss was NaN
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    name = state["best_model_checkpoint"]
    return checkpoint.with_name(Path(name).name) if name else None


def prune(folder: Path) -> None:
    """Delete all checkpoints but two: the newest, and one to go back to if it is damaged.

    That is the best one. If the newest is the best, it is the best one before it.
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
    """Delete a checkpoint, its mark first: an interrupted deletion leaves an incomplete one."""
    (checkpoint / MARK).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


def _by_number(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))


def _file_names(checkpoint: Path) -> list[str]:
    files = (path for path in checkpoint.rglob("*") if path.is_file())
    return sorted(os.fspath(path.relative_to(checkpoint)) for path in files if path.name != MARK)
