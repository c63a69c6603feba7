"""The command `warmup train`."""

import argparse
import os
from pathlib import Path

from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import read_json, refuse_full
from warmup.config.experiment import read_run
from warmup.models.checkpoint_format import FORMAT_FILE
from warmup.training import budget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.epilog = "A resolved run is what `warmup config show NAME` prints."
    add = parser.add_argument
    add("--config", required=True, help="resolved run: a JSON file, or the JSON itself")
    add("--train", type=Path, required=True, help="training records (JSON lines)")
    add("--valid", type=Path, required=True, help="validation records")
    add("--start", type=Path, required=True, help="checkpoint to start from, or a tokenizer folder")
    add("--reference", type=Path, help="training.json of the run that the budget names")
    add(
        "--baseline", type=Path, help="training.json whose cost per update counts (same_compute_as)"
    )
    add("--work", type=Path, required=True, help="folder for checkpoints; a killed run resumes")
    add("--output-dir", type=Path, required=True, help="folder for the results")
    add("--threads", type=int, default=1, help="CPU threads")
    add(
        "--on-mismatch",
        choices=("refuse", "fresh"),
        default="refuse",
        help="what to do when --work holds checkpoints of another run: refuse (default), or "
        "discard them and start afresh",
    )
    add(
        "--on-nan",
        choices=("stop", "skip"),
        default="stop",
        help="what to do with an update whose loss or gradient is not a finite number: stop "
        "(default), or skip it",
    )
    add(
        "--sharded",
        action="store_true",
        help="with several processes: divide weights, gradients and optimiser state among them",
    )
    add(
        "--report-to",
        nargs="+",
        default=[],
        choices=("tensorboard", "trackio", "wandb"),
        metavar="TRACKER",
        help="trackers of experiments that follow the training: tensorboard, trackio, wandb",
    )
    add(
        "--register",
        type=Path,
        metavar="FOLDER",
        help="register of finished runs: the results of an identical run, whatever its name, are "
        "copied (default: train in any case)",
    )
    add(
        "--tokens",
        type=Path,
        metavar="FOLDER",
        help="folder of token files, which runs can share: the records as token ids of a tokenizer "
        "(default: one in --work)",
    )
    add(
        "--keep-finished",
        action="store_true",
        help="keep the results in --work, too, until they are deleted there: the same command then "
        "only puts them in place. For workflows, which delete the results of a job whose end they "
        "have not seen",
    )


def run(options: argparse.Namespace) -> None:
    """Train one run and write model/, training.json and provenance.json."""
    import torch  # noqa: PLC0415  # these take seconds; --help is to be there at once
    from transformers.utils import logging  # noqa: PLC0415

    from warmup.training.training_job import TrainingJob  # noqa: PLC0415

    if options.threads < 1:
        raise InputError(f"--threads: must be at least 1, got {options.threads}")
    config = read_run(read_object(options.config, "--config"), "--config")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    _refuse_another_model(options.output_dir / "model")
    _name_for_trackers(config.run.experiment, options.work)
    reports = [read_json(path) if path else None for path in (options.reference, options.baseline)]
    updates = budget.updates(config.method.budget, config.method.batch_size, *reports)
    job = TrainingJob(
        config,
        {"start": options.start, "train": options.train, "valid": options.valid},
        updates,
        options.work,
        fresh=options.on_mismatch == "fresh",
        on_nan=options.on_nan,
        report_to=tuple(options.report_to),
        sharded=options.sharded,
        register=options.register,
        tokens=options.tokens,
    )
    job.run(options.output_dir, options.keep_finished)


def _name_for_trackers(experiment: str, work: Path) -> None:
    """Tell trackers where a run belongs, unless the environment does.

    Names of runs and the project of trackio are settings of the trainer.
    """
    os.environ.setdefault("WANDB_RUN_GROUP", experiment)
    # next to the checkpoints: a run that resumes goes on in the same folder
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(work / "tensorboard"))


def _refuse_another_model(folder: Path) -> None:
    """Check that a folder is new, or has an earlier model of this command."""
    if not (folder / FORMAT_FILE).exists():
        refuse_full(folder)
