"""Train one run: one model, on one data set and pair, by one method, with one seed."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from warmup.common import provenance
from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import atomic, read_json, refuse_full, write_json
from warmup.config.experiment import check_run
from warmup.models.checkpoint_format import FORMAT_FILE, model_format
from warmup.training import budget, work_folder


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
        choices=work_folder.ON_NAN,
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
        "--keep-finished",
        action="store_true",
        help="keep the results in --work, too, until they are deleted there: the same command then "
        "only puts them in place. For a workflow that deletes what it has not seen the end of",
    )


def run(options: argparse.Namespace) -> None:
    """Train one run and write model/, training.json and provenance.json."""
    import torch  # noqa: PLC0415  # these take seconds; --help is to be there at once
    from transformers.utils import logging  # noqa: PLC0415

    from warmup.models import loading  # noqa: PLC0415
    from warmup.training import model_training  # noqa: PLC0415
    from warmup.training.stopwatch import Stopwatch  # noqa: PLC0415

    if options.threads < 1:
        raise InputError(f"--threads: must be at least 1, got {options.threads}")
    config = read_object(options.config, "--config")
    check_run(config, "--config")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    _refuse_another_model(options.output_dir / "model")
    watch = Stopwatch(options.work / "stopwatch.json")
    inputs = {"start": options.start, "train": options.train, "valid": options.valid}
    runs = [read_json(path) if path else None for path in (options.reference, options.baseline)]
    updates = budget.updates(config["method"]["budget"], config["method"]["batch_size"], *runs)
    is_first = os.environ.get("RANK", "0") == "0"  # set by torchrun
    with work_folder.hold(options.work) if is_first else contextlib.nullcontext():
        fresh = options.on_mismatch == "fresh"
        kept = options.work / work_folder.FINISHED
        # the training of an earlier start may have ended without anybody who saw it
        same = (config, inputs, updates, options.sharded)
        identity = model_training.fingerprint(*same) if kept.exists() else {}
        if identity and work_folder.finished(options.work, identity):
            if is_first:
                work_folder.claim(options.work, identity, provenance.code_sha256(), fresh)
                print(f"{config['name']}  was finished before: put in place", file=sys.stderr)
        else:
            how = {"on_nan": options.on_nan, "sharded": options.sharded, "callbacks": [watch]}
            origin = model_training.origin(config, inputs, options.sharded) if is_first else {}
            model, trained = model_training.train(
                config, inputs, updates, options.work, fresh, **how
            )
            if is_first:
                with atomic(kept, replace=True) as made:
                    loading.save(model, made / "model")
                    write_json(made / "model" / FORMAT_FILE, model_format(config))
                    write_json(made / "provenance.json", origin | watch.read())
                    write_json(made / "training.json", trained)
        if not is_first:
            return
        work_folder.put_in_place(options.work, options.output_dir)
        tidy = work_folder.delete_checkpoints if options.keep_finished else work_folder.clear
        tidy(options.work)
        watch.path.unlink(missing_ok=True)


def _refuse_another_model(folder: Path) -> None:
    """Make sure that a folder is new, or has an earlier model of this command."""
    if not (folder / FORMAT_FILE).exists():
        refuse_full(folder)
