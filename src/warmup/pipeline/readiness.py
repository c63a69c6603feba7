"""What can be known to fail before the first job: a missing token, a disk that is too small
or cannot be written.

Names, files, keys and revisions are checked with the configuration; see `warmup.config.checks`.
"""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from warmup.common.errors import InputError
from warmup.common.units import size
from warmup.config.settings import ExperimentConfig
from warmup.pipeline.forecast import sizes, speed
from warmup.pipeline.forecast.jobs import forecast
from warmup.pipeline.forecast.lengths import Texts


def problems(
    config: ExperimentConfig,
    runs: Collection[str],
    folder: Path = Path(),
    environment: Mapping[str, str] = os.environ,
    free: int | None = None,
) -> Iterator[str]:
    """Yield what stops an experiment before its end, one line each.

    Args:
        config: the experiment.
        runs: names of those that are to be trained.
        folder: that it runs in.
        environment: variables of the process.
        free: bytes on the disk of the folder that are not used; None to ask.
    """
    for place in ("results", "logs", "work"):
        yield from cannot_write(folder / place / config.experiment)
    downloads = folder / "downloads"
    for name in dict.fromkeys(run.split("/")[2] for run in runs):
        hub = config.models[name].hub
        there = (downloads / "models" / name).exists()
        if hub and not there and sizes.is_gated(hub) and not has_token(environment):
            yield (
                f"models.{name}: {hub} is restricted: agree to its terms at "
                f"https://huggingface.co/{hub} and set HF_TOKEN to a token of that account"
            )
    needed = bytes_of(config, runs, folder)
    left = shutil.disk_usage(folder.resolve()).free if free is None else free
    if needed > left:
        yield (
            f"the disk of {folder.resolve()} has {size(left)} free, and the experiment needs about "
            f"{size(needed)}: free some, or start with --directory on another one; `warmup plan` "
            "says what takes the room"
        )


def cannot_write(folder: Path) -> Iterator[str]:
    """Yield why nothing can be made in a folder that may not exist yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        yield f"{there}: is a file, and a folder is needed there"
    elif not os.access(there, os.W_OK | os.X_OK):
        yield (
            f"{there}: cannot be written (a read-only file system, or its permissions); make it "
            "writable, or start with --directory FOLDER"
        )


def unused_gpus() -> str:
    """Return a sentence about the GPUs of this machine, for an experiment that uses none."""
    try:
        command = ["nvidia-smi", "--list-gpus"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    count = len(done.stdout.splitlines())
    if not count:
        return ""
    gpus = "a GPU" if count == 1 else f"{count} GPUs"
    return f"This machine has {gpus}. To use them: --config 'resources={{gpus: 1}}'"


def check(config: ExperimentConfig, runs: Collection[str]) -> None:
    """Refuse to start what cannot end.

    Raises:
        InputError: naming all problems.
    """
    if found := list(problems(config, runs)):
        raise InputError("; ".join(found) + " (--no-hooks starts without this check)")


def has_token(environment: Mapping[str, str]) -> bool:
    """Return whether there is a token of the Hub, or the Hub is not asked at all."""
    if any(environment.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")):
        return True
    if environment.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        return True  # models come from its cache
    home = environment.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(environment.get("HF_TOKEN_PATH") or Path(home, "token")).is_file()


def bytes_of(config: ExperimentConfig, runs: Collection[str], folder: Path) -> float:
    """Return the room that models, checkpoints and downloads of some runs need, at most."""
    downloads = folder / "downloads"
    texts = Texts(config.data_root, downloads, read=False)
    whole = forecast(config, speed.CPU, texts, downloads)
    jobs = [job for job in whole.jobs if job.run in runs]
    models = {name: whole.models[name] for name in {job.model for job in jobs}}
    return replace(whole, jobs=jobs, models=models).disk_peak(1) if jobs else 0
