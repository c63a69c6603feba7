"""Score files of predictions for people: `warmup score FILE`, and `warmup score FILE OTHER`.

With two files each metric is also tested: whether the second file's score differs from the first's
by more than chance, on the same items.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from warmup.common.encodings import print_json
from warmup.common.errors import InputError
from warmup.common.keys import EvaluationKey
from warmup.common.texts import Normaliser
from warmup.data import predictions
from warmup.evaluation import metric_properties, score
from warmup.evaluation.item_statistics import ItemStatistics
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.result_tables import Row

MOST = 2
"""Number of files that are compared."""
_SMALLEST = 0.0001
"""The smallest p-value that is printed as a number."""
_COMPARED = (
    *("metric", "difference", "low", "high", "p", "p_holm", "test", "effect_size", "detectable"),
    "n",
)


class Scored(NamedTuple):
    """A file of predictions and its scores."""

    path: Path
    task: str
    items: list[tuple[str, tuple[str, ...]]]
    """Id and references of each item."""
    rows: list[Row]
    statistics: ItemStatistics


def read(path: Path, options: argparse.Namespace, normaliser: Normaliser, seed_of: str) -> Scored:
    """Read predictions and score them.

    Args:
        path: of the file.
        options: `task`, `target_lang` and `metrics`; what is None is taken from the file.
        normaliser: brings texts into NFC.
        seed_of: what a comparison calls the file.

    Raises:
        InputError: not predictions, or neither the file nor an option says the task.
    """
    found = predictions.read(path, normaliser)
    task = options.task or _only(path, "task", {one.task for one in found})
    if not task:
        raise InputError(f"{path}: its lines do not name a task; give --task")
    lang = options.target_lang or _only(path, "target_lang", {one.target_lang for one in found})
    corpus = Corpus.of(found, lang or "")
    names = score.choose_metrics(task, options.metrics)
    statistics = score.statistics_of(corpus, names)
    rows = score.score(corpus, names, predictions.subsets_of(found), statistics)
    key = EvaluationKey("-", "-", "-", seed_of, 0, "-", "-")
    whole = {row["metric"]: row for row in rows if row["subset"] == "all"}
    references = whole[names[0]]["references_sha256"]
    signatures = {name: whole[name]["signature"] for name in names}
    return Scored(
        path,
        task,
        [(one.id, tuple(one.references)) for one in found],
        rows,
        ItemStatistics(str(path), "", task, key, references, signatures, statistics),
    )


def _only(path: Path, key: str, values: set[str | None]) -> str | None:
    if len(values) > 1:
        raise InputError(
            f"{path}: its lines differ in {key}: {', '.join(sorted(map(str, values)))}"
        )
    return values.pop()


def compared(first: Scored, second: Scored) -> list[Row]:
    """Return the difference of the second file's scores from the first's, with a test of each.

    Raises:
        InputError: the files differ in task or items.
    """
    # not above: the job that scores a run does not depend on them
    from warmup.config.methods import Methods  # noqa: PLC0415
    from warmup.evaluation import compare  # noqa: PLC0415

    if first.task != second.task:
        raise InputError(
            f"{first.path} is of {first.task}, but {second.path} of {second.task}; give --task"
        )
    if first.items != second.items:
        raise InputError(f"{first.path} and {second.path} differ in their items")
    names = Methods(tuple(one.statistics.key.method for one in (first, second)))
    rows = compare.compare([first.statistics, second.statistics], names)
    return [{key: row[key] for key in _COMPARED} for row in rows]


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return rows as lines of aligned columns, with rounded numbers."""
    cells = [list(columns)] + [[_cell(name, row) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.ljust(width) if number == 0 else text.rjust(width)
            for number, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cell(name: str, row: Row) -> str:
    if name == "95% interval":
        ends: list[Any] = [row["low"], row["high"]]
        return "–" if None in ends else f"[{ends[0]:.1f}, {ends[1]:.1f}]"
    if name == "metric":
        return metric_properties.head(row["metric"])
    value = row["value" if name == "score" else name]
    if value is None:
        return "–"
    if name in ("p", "p_holm"):
        return f"{value:.4f}" if value >= _SMALLEST else f"<{_SMALLEST}"
    return (
        f"{value:+.1f}"
        if name == "difference"
        else f"{value:.1f}"
        if name == "score"
        else str(value)
    )


def scores_table(rows: Sequence[Row]) -> str:
    """Return scores as a table; subsets only if there are any."""
    parts = ("subset",) if {row.get("subset", "all") for row in rows} != {"all"} else ()
    return table(rows, ("metric", *parts, "score", "95% interval", "n"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.epilog = "give files, or --predictions, --run and --output, as the workflow does"
    add = parser.add_argument
    add(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="predictions.jsonl, whose scores are printed; a second one is compared with the first",
    )
    add("--task", metavar="TASK", help="of the files (default: as their lines say)")
    add("--target-lang", metavar="LANG", help="of the files (default: as their lines say)")
    score.add_format(parser)
    score.add_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Score predictions, with bootstrap intervals over items: print the scores of files, or write
    those of a run.
    """
    of_run = any((options.predictions, options.run, options.output))
    if of_run and options.files:
        raise InputError("give files, or --predictions, --run and --output together")
    if of_run and (options.task or options.target_lang):
        raise InputError("--task, --target-lang: those of a run are in --run")
    if options.files:
        _show(options)
    else:
        score.run(options)


def _show(options: argparse.Namespace) -> None:
    """Print the scores of one file, or those of two and their differences."""
    files: list[Path] = options.files
    if len(files) > MOST:
        raise InputError(f"give one file, or two to compare, not {len(files)}")
    normaliser = Normaliser()
    found = [read(path, options, normaliser, f"{n}") for n, path in enumerate(files, start=1)]
    tests = compared(*found) if len(found) == MOST else []
    if options.format == "json":
        document: dict[str, Any] = {
            "files": [
                {"file": str(one.path), "task": one.task, "scores": one.rows} for one in found
            ],
            "normalised": normaliser.changed,
        }
        print_json(document | ({"comparisons": tests} if tests else {}))
    else:
        for one in found:
            print(f"{one.path}: {one.task}, {len(one.items)} items\n{scores_table(one.rows)}\n")
        if tests:
            columns = ("metric", "difference", "95% interval", "p", "p_holm", "test")
            print(f"{files[1]} minus {files[0]}\n{table(tests, columns)}\n")
        print(
            "95% interval: bootstrap over items. p_holm: p, corrected for all metrics."
            if tests
            else "95% interval: bootstrap over items."
        )
    if note := normaliser.note():
        print(note, file=sys.stderr)
