"""Score plain text files of any system against references: `warmup score-text`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from warmup.common import plugins
from warmup.common.encodings import print_json
from warmup.common.errors import InputError
from warmup.common.files import read_lines
from warmup.common.texts import Normaliser, is_blank, nfc
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.score import add_format, add_metrics, choose_metrics, score
from warmup.evaluation.score_files import scores_table


def read_texts(
    hypotheses: Path,
    references: Sequence[Path],
    sources: Path | None,
    target_lang: str,
    normalise: Callable[[str], str] = nfc,
) -> Corpus:
    """Read line-aligned text files in NFC; an empty line in a reference file is not a reference.

    Raises:
        InputError: a file is missing, numbers of lines differ, or an item has no reference.
    """
    files = [hypotheses, *references, *([sources] if sources else [])]
    if sum(str(file) == "-" for file in files) > 1:
        raise InputError("standard input (-) can be read as one file only")
    outputs, *others = [list(map(normalise, read_lines(file))) for file in files]
    if not outputs:
        raise InputError(f"{hypotheses}: no lines to score")
    for file, lines in zip(files[1:], others, strict=True):
        if len(lines) != len(outputs):
            raise InputError(
                f"{file} has {len(lines)} lines, but {hypotheses} has {len(outputs)}: "
                "they must be aligned line by line"
            )
    streams = others[: len(references)]
    items = [[text for text in texts if not is_blank(text)] for texts in zip(*streams, strict=True)]
    for number, texts in enumerate(items, start=1):
        if not texts:
            names = ", ".join(map(str, references))
            raise InputError(f"{names}:{number}: the item has no reference (empty line)")
    return Corpus(outputs, items, target_lang, others[-1] if sources else ())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.epilog = "files may be .gz, - is standard input"
    add = parser.add_argument
    tasks = ", ".join(plugins.names("task"))
    add(
        "--task",
        metavar="TASK",
        help=f"whose metrics are computed; needless with --metrics: {tasks}",
    )
    add("--hyp", type=Path, required=True, metavar="FILE", help="outputs, one per line")
    add(
        "--ref",
        type=Path,
        required=True,
        metavar="FILE",
        action="append",
        help="references, aligned; repeat for more; an empty line is not a reference",
    )
    add("--src", type=Path, metavar="FILE", help="inputs, aligned; for metrics that need them")
    add("--target-lang", default="", metavar="LANG", help="language of the outputs, such as de")
    add_metrics(parser)
    add_format(parser)


def run(options: argparse.Namespace) -> None:
    """Score text files, with bootstrap intervals over items, and print the scores."""
    names = choose_metrics(options.task, options.metrics)
    normaliser = Normaliser()
    corpus = read_texts(options.hyp, options.ref, options.src, options.target_lang, normaliser)
    rows = score(corpus, names)
    for row in rows:
        del row["subset"]
    document = {"task": options.task, "normalised": normaliser.changed, "scores": rows}
    if options.format == "json":
        print_json(document)
    else:
        print(f"{options.hyp}: {len(corpus.hypotheses)} items\n{scores_table(rows)}")
    if note := normaliser.note():
        print(note, file=sys.stderr)
