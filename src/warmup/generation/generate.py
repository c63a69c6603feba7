"""`warmup generate`: generate outputs with a trained checkpoint, after its own or other warmups."""

import argparse
import collections
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from warmup.common import plugins
from warmup.common.encodings import print_json
from warmup.common.errors import InputError
from warmup.common.seeds import check_seed
from warmup.common.texts import Normaliser, nfc
from warmup.data import predictions
from warmup.data.records import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        required=True,
        help="checkpoint folder written by `warmup train`",
    )
    add("--task", choices=plugins.names("task"), help="must be the checkpoint's own (a check)")
    add("--input", type=Path, required=True, help="records or texts, one per line; - is stdin")
    add(
        "--format",
        choices=("jsonl", "text"),
        default="jsonl",
        help='of the input: a line is {"source": …} as in docs/data.md (default), or a plain text',
    )
    add("--pair", metavar="PAIR", help="languages of plain text, such as en-de for translation")
    add(
        "--output",
        type=Path,
        required=True,
        help="predictions, one JSON object per line; - is stdout",
    )
    add("--beams", type=int, default=1, help="beam width; 1 is greedy (default)")
    add("--batch-size", type=int, default=64, help="sequences at once (default: %(default)s)")
    add(
        "--warmup",
        choices=plugins.names("decoding"),
        default="own",
        help="where warmups come from, see docs/method.md (default: own, the model generates them)",
    )
    add("--samples", type=int, help="warmups per input for best_of_n (default: as in training)")
    add("--seed", type=int, default=0, help="of shuffling and sampling (default: %(default)s)")
    add("--threads", type=int, default=1, help="CPU threads")


def run(options: argparse.Namespace) -> None:
    """Generate warmups and outputs for records (JSON lines) with a trained checkpoint."""
    import torch  # noqa: PLC0415  # these take seconds, and --help must not
    from transformers.utils import logging  # noqa: PLC0415

    from warmup.generation.prediction import predict, read_inputs, read_texts  # noqa: PLC0415

    least = {"beams": 1, "batch_size": 1, "threads": 1, "samples": 1}
    for name, number in least.items():
        value = getattr(options, name)
        if value is not None and value < number:
            raise InputError(f"--{name.replace('_', '-')}: must be at least {number}")
    check_seed(options.seed, "--seed")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(options.threads)
    if options.pair and options.format == "jsonl":
        raise InputError("--pair: goes with --format text; a JSON line has its languages itself")

    def read(normalise: Callable[[str], str]) -> Iterator[Record]:
        if options.format == "text":
            return read_texts(options.input, options.pair, normalise)
        return read_inputs(options.input, normalise)

    # wrong input is refused before any work; what can be read once only is held in memory
    normaliser = Normaliser()
    records: Iterable[Record]
    if options.input.is_file():
        collections.deque(read(normaliser), maxlen=0)
        records = read(nfc)
    else:
        records = list(read(normaliser))
    if note := normaliser.note():
        print(f"{options.input}: {note}", file=sys.stderr)
    found = predict(
        options.model,
        records,
        task=options.task,
        beams=options.beams,
        batch_size=options.batch_size,
        warmup=options.warmup,
        samples=options.samples,
        seed=options.seed,
    )
    if str(options.output) == "-":
        for prediction in found:
            print_json(prediction.as_row())
    else:
        predictions.write(options.output, found)
