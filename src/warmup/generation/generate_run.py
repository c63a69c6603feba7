"""`warmup generate-run`: generate all outputs of a run, with one load of its model."""

import argparse
import sys
from pathlib import Path

from warmup.common.arguments import read_object
from warmup.common.seeds import check_seed
from warmup.common.texts import Normaliser
from warmup.config import schema
from warmup.config.conversion import from_json
from warmup.config.settings import DecodingConfig
from warmup.data import predictions
from warmup.generation.evaluations import Evaluation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add(
        "--run",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="results of `warmup train`; SPLIT.DECODING.predictions.jsonl are written there",
    )
    add(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="splits and summary.json, as `warmup prepare` writes them",
    )
    add("--splits", nargs="+", required=True, metavar="NAME", help="splits to generate for")
    add(
        "--decodings",
        required=True,
        metavar="JSON",
        help="JSON or file: name -> its entry of the configuration, complete",
    )
    add("--seed", type=int, default=0, help="of shuffling and sampling (default: %(default)s)")
    add(
        "--kept",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where finished predictions are kept; those that are up to date are used again",
    )
    add("--threads", type=int, default=1, help="CPU threads")


def run(options: argparse.Namespace) -> None:
    """Generate the outputs of a run for all its splits and decodings, apart from those it has."""
    check_seed(options.seed, "--seed")
    entries, known = read_object(options.decodings, "--decodings"), schema.read()
    schema.check(
        entries, known["properties"]["decodings"] | {"$defs": known["$defs"]}, "--decodings"
    )
    due: list[Evaluation] = []
    for split in options.splits:
        for name, settings in entries.items():
            evaluation = Evaluation(
                run=options.run,
                data=options.data,
                kept=options.kept,
                split=split,
                decoding=name,
                settings=settings,
            )
            if evaluation.is_kept():
                evaluation.put_in_place()
                print(f"{evaluation.predictions}: was generated before: put in place")
            else:
                due.append(evaluation)
    if due:
        _generate(options.run / "model", due, options.seed, options.threads)


def _generate(model: Path, due: list[Evaluation], seed: int, threads: int) -> None:
    """Generate what is due, and keep each file as soon as it is finished."""
    import torch  # noqa: PLC0415  # these take seconds
    from transformers.utils import logging  # noqa: PLC0415

    from warmup.generation.prediction import Predictor, read_inputs  # noqa: PLC0415

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)
    decodings = {
        evaluation.decoding: from_json(DecodingConfig, dict(evaluation.settings))
        for evaluation in due
    }
    predictor = Predictor(model, decodings.values())
    for evaluation in due:
        normaliser = Normaliser()
        records = read_inputs(evaluation.examples, normaliser)
        found = predictor.predict_all(records, decodings[evaluation.decoding], seed)
        count = predictions.write(evaluation.predictions, found)
        if note := normaliser.note():
            print(f"{evaluation.examples}: {note}", file=sys.stderr)
        evaluation.keep()
        print(f"{evaluation.predictions}: {count} predictions", flush=True)
