"""Whole training runs compared: the warmup runs of an experiment, and the direct implementation.

Each run is trained twice, in turn, from the SFT model of the experiment. Data, updates, settings
and seed are the same; `benchmarks.direct_criterion` computes the loss of one. The time is that of
the updates, without validation.

Command line: `python -m benchmarks.training --help`.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from transformers.utils import logging

from benchmarks import machine
from benchmarks.direct_criterion import DirectCriterion, check_direct
from benchmarks.timing import say
from warmup.common import plugins
from warmup.common.errors import InputError, run
from warmup.common.files import write_json
from warmup.common.languages import parse_pair
from warmup.config import experiment
from warmup.config.settings import ExperimentConfig
from warmup.data import predictions
from warmup.data.records import read_records
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.score import score
from warmup.generation import prediction
from warmup.method.criterion import Criterion
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format
from warmup.training.training_job import TrainingJob

CRITERIA: dict[str, type[Criterion]] = {"ours": Criterion, "direct": DirectCriterion}
METHOD = "warmup"


def compare(
    config: ExperimentConfig, results: Path, name: str, updates: int | None
) -> dict[str, Any]:
    """Return seconds and score of a run, trained both ways.

    Args:
        config: the experiment.
        results: its folder.
        name: the run.
        updates: of each training run; None for as many as the run has.

    Raises:
        InputError: the direct implementation does not compute the method, the experiment has not
            trained the model that the run starts from, or the budget is not a number of updates.
    """
    run = experiment.resolve(config, name)
    check_direct(run.method.loss, name)
    dataset, pair, *_ = name.split("/")
    start = results / "runs" / name.replace(f"/{METHOD}/", f"/{run.method.start}/")
    if not (start / "model").exists():
        raise InputError(
            f"{start}/model is missing: run the experiment first (snakemake --cores N)"
        )
    data = results / "data" / dataset / pair
    inputs = {
        "start": start / "model", "train": data / "train.jsonl", "valid": data / "valid.jsonl"
    }  # fmt: skip
    number = updates or run.method.budget.updates
    if not number:
        raise InputError(f"{name}: its budget is not a number of updates; give --updates")
    row: dict[str, Any] = {"run": name, "updates": number}
    for way, criterion in CRITERIA.items():
        say(f"{name}  {way}")
        with (
            tempfile.TemporaryDirectory() as folder,
            patch("warmup.training.trainer.Criterion", criterion),
        ):
            job = TrainingJob(run, inputs, number, Path(folder, "work"))
            model, training = job.train()
            row[way] = {"seconds": training["cost"]["seconds"]}
            made = Path(folder, "model")
            loading.save(model, made)
            write_format(made, format_of(run))
            row[way] |= evaluate(made, data / "test.jsonl", run.dataset.task, pair)
    row["ratio"] = row["direct"]["seconds"] / row["ours"]["seconds"]
    return row


def evaluate(model: Path, test: Path, task: str, pair: str) -> dict[str, Any]:
    """Return the first metric of the task on a test set, with its interval over items."""
    path = model.parent / "predictions.jsonl"
    with contextlib.redirect_stderr(io.StringIO()):  # progress of a second's work
        rows = prediction.predict(model, read_records(test), task=task, beams=1, batch_size=256)
        predictions.write(path, rows)
    corpus = Corpus.of(predictions.read(path), parse_pair(pair).target)
    (found,) = score(corpus, plugins.load("task", task).METRICS[:1])
    return {key: found[key] for key in ("metric", "value", "low", "high", "n")}


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table, with the sum of all runs in its last line."""
    lines = ["| run | updates | direct, s | ours, s | ratio | metric | direct | ours |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |")
    for row in rows:
        seconds = " | ".join(f"{row[way]['seconds']:.1f}" for way in ("direct", "ours"))
        scores = " | ".join(
            "{value:.1f} [{low:.1f}, {high:.1f}]".format(**row[way]) for way in ("direct", "ours")
        )
        lines.append(
            f"| {row['run']} | {row['updates']} | {seconds} | {row['ratio']:.2f} | "
            f"{row['ours']['metric']} | {scores} |"
        )
    both = {way: sum(row[way]["seconds"] for row in rows) for way in CRITERIA}
    lines.append(
        f"| all | | {both['direct']:.1f} | {both['ours']:.1f} | "
        f"{both['direct'] / both['ours']:.2f} | | | |"
    )
    return "\n".join(lines)


def main() -> None:
    """Train the warmup runs of an experiment both ways; write training.json, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=main.__doc__)
    add = parser.add_argument
    add(
        "--config",
        type=Path,
        nargs="+",
        default=[Path("config.yaml")],
        metavar="FILE",
        help="the experiment (default: config.yaml)",
    )
    add("--results", type=Path, help="its folder (default: results/<its name>)")
    add("--updates", type=int, help="of each training (default: the run's budget)")
    add("--threads", type=int, default=1, help="CPU threads (default: %(default)s)")
    out = Path("results/benchmarks")
    add("--out", type=Path, default=out, help="folder for the result (default: %(default)s)")
    options = parser.parse_args()
    options.device = "cuda" if torch.cuda.is_available() else "cpu"
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    config = experiment.load(*options.config)
    results = options.results or Path("results", config.experiment)
    names = [name for name in experiment.run_names(config) if f"/{METHOD}/" in name]
    if not names:
        raise InputError(f"{config.experiment}: no run has the method {METHOD!r}")
    options.config = [str(path) for path in options.config]
    described = machine.describe(options)
    rows = [compare(config, results, name, options.updates) for name in names]
    write_json(options.out / "training.json", {"provenance": described, "rows": rows})
    print(markdown(rows))


if __name__ == "__main__":
    run(main)
