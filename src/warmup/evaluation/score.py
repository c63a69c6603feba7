"""Score outputs against references: `python -m warmup.evaluation.score`.

Either plain text files, whose scores are printed as one JSON object, or a run's predictions, whose
scores are written to a file.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from warmup.common import errors, plugins
from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import read_lines, read_places, sha256_text, to_json, write_json
from warmup.common.texts import Normaliser, is_blank, nfc
from warmup.data import text_counts
from warmup.data.predictions import read_rows
from warmup.evaluation import item_statistics, metric_properties, metrics, segment_scores
from warmup.evaluation.intervals import bootstrap_interval
from warmup.evaluation.metrics import Corpus, FloatArray, Scoring
from warmup.evaluation.segment_scores import NotComputed, SegmentScores

Row = dict[str, Any]

RUN = ("experiment", "task", "dataset", "pair", "model", "method", "seed", "split", "decoding")
"""What identifies a file of predictions."""
_ROUNDING = 1e-6
SUBSETS = ("lookahead",)
"""Keys of `meta` whose values each make a subset of the items."""


def statistics_of(corpus: Corpus, names: Iterable[str]) -> dict[str, FloatArray]:
    """Return metric -> sufficient statistics of each item, [n, k].

    Raises:
        InputError: an unknown metric, or outputs or references which it cannot score.
    """
    return {name: metrics.load(name).statistics(corpus) for name in names}


def score(
    corpus: Corpus,
    names: Iterable[str],
    subsets: Mapping[str, Sequence[int]] | None = None,
    statistics: Mapping[str, FloatArray] | None = None,
    more: Sequence[Scoring] = (),
) -> list[Row]:
    """Return one row for each metric and subset, `all` first.

    A row has value and 95% bootstrap interval (None for a single item), n, signature and hashes.

    Args:
        corpus: outputs and references.
        names: metrics.
        subsets: name -> indices of its items; metrics are corpus metrics over these.
        statistics: as `statistics_of` returns them, where they are already known.
        more: further metrics, which are found by no name.

    Raises:
        InputError: an unknown metric, outputs or references which it cannot score, or a score
            outside of the range that the metric states.
    """
    parts = {"all": range(len(corpus.hypotheses)), **(subsets or {})}
    corpora = {subset: corpus.take(items) for subset, items in parts.items()}
    hashes = {subset: _hashes(part) for subset, part in corpora.items()}
    rows = []
    for metric in [*map(metrics.load, names), *more]:
        known = (statistics or {}).get(metric.NAME)
        of_items = metric.statistics(corpus) if known is None else known
        for subset, items in parts.items():
            chosen = of_items[list(items)]
            low, high = None, None
            if len(chosen) > 1:
                low, high = bootstrap_interval(chosen, metric.aggregate)
            row = {
                "metric": metric.NAME,
                "subset": subset,
                "value": _in_range(metric.NAME, float(metric.aggregate(chosen.sum(axis=0)))),
                "low": low,
                "high": high,
                "n": len(chosen),
                "signature": metric.signature(corpora[subset]),
            }
            rows.append(row | hashes[subset])
    return rows


def _in_range(metric: str, value: float) -> float:
    properties = metric_properties.of(metric)
    if not properties.low - _ROUNDING <= value <= properties.high + _ROUNDING:
        raise InputError(
            f"{metric}: the score {value:g} lies outside of the RANGE that the metric states, "
            f"{properties.low:g} to {properties.high:g}"
        )
    return value


def choose_metrics(task: str, wanted: Sequence[str] | None) -> list[str]:
    """Return the wanted metrics, or all of the task, each once.

    Raises:
        InputError: an unknown task or metric, or a metric that is none of the task's.
    """
    own: tuple[str, ...] = plugins.load("task", task).METRICS
    for name in wanted or ():
        metrics.load(name)
        if name not in own:
            raise InputError(f"{name} is no metric for {task}; choose from: {', '.join(own)}")
    return list(dict.fromkeys(wanted or own))


def read_texts(
    hypotheses: Path,
    references: Sequence[Path],
    sources: Path | None,
    target_lang: str,
    normalise: Callable[[str], str] = nfc,
) -> Corpus:
    """Read line-aligned text files in NFC; an empty line in a reference file is not a reference.

    Raises:
        InputError: missing file, differing numbers of lines, an item without any reference.
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


def read_predictions(
    path: Path, target_lang: str, normalise: Callable[[str], str] = nfc
) -> tuple[Corpus, dict[str, list[int]]]:
    """Read predictions.jsonl in NFC; return outputs with references, and subsets of their items.

    Raises:
        InputError: naming the line with a missing key or a value of the wrong type.
    """
    rows = []
    wanted = {"source": str, "references": list, "output": str, "meta": dict}
    for where, row in read_rows(path, normalise):
        for key, kind in wanted.items():
            if not isinstance(row.get(key), kind):
                raise InputError(f"{where}: {key} must be a {kind.__name__}")
        texts = row["references"]
        if not texts or not all(isinstance(text, str) and not is_blank(text) for text in texts):
            raise InputError(f"{where}: references must be non-empty strings")
        rows.append(row)
    if not rows:
        raise InputError(f"{path}: no predictions")
    corpus = Corpus(
        hypotheses=[row["output"] for row in rows],
        references=[row["references"] for row in rows],
        target_lang=target_lang,
        sources=[row["source"] for row in rows],
    )
    return corpus, subsets_of([row["meta"] for row in rows])


def subsets_of(metas: Sequence[Row]) -> dict[str, list[int]]:
    """Return such as `lookahead=3` -> indices of the items with that value, in order of values.

    Items without such a number are in no subset.
    """
    subsets: dict[str, list[int]] = {}
    for key in SUBSETS:
        values = [meta.get(key) for meta in metas]
        found = {value for value in values if _is_number(value)}
        for value in sorted(found):
            subsets[f"{key}={value}"] = [i for i, other in enumerate(values) if other == value]
    return subsets


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _hashes(corpus: Corpus) -> dict[str, str]:
    """Return the hashes of the texts, a line an item; for one reference that of its plain file."""
    references = ("\t".join(texts) for texts in corpus.references)
    return {
        "hypotheses_sha256": sha256_text(corpus.hypotheses),
        "references_sha256": sha256_text(references),
    }


def _without_value(corpus: Corpus, found: NotComputed) -> Row:
    """Return the row of a metric that was not computed; its signature says why."""
    row = {"metric": found.metric, "subset": "all", **dict.fromkeys(("value", "low", "high"))}
    said = segment_scores.signature_without(found.reason)
    return row | {"n": len(corpus.hypotheses), "signature": said} | _hashes(corpus)


def _text_rows(predictions: Path, normaliser: Normaliser) -> list[Row]:
    """Return rows that count the texts that were normalised, cut or have unknown tokens."""
    lost = []
    for where, row in read_places(predictions):
        found = row.get("as_tokens", {})
        if not isinstance(found, dict) or not all(map(_is_number, found.values())):
            raise InputError(f"{where}: as_tokens must be an object of numbers")
        lost.append(found)
    rows = text_counts.rows_of_predictions(lost, normaliser)
    return [row | text_counts.NO_SCORE for row in rows]


def _score_predictions(options: argparse.Namespace) -> None:
    """Write {run, scores} of a file of predictions and, where wanted, the items' statistics."""
    run = read_object(options.run, "--run")
    expected = {*RUN, "target_lang"}
    if wrong := sorted(expected ^ run.keys()):
        problem = "missing" if wrong[0] in expected else "unknown"
        raise InputError(
            f"--run: {problem} key {wrong[0]!r}; it has exactly: {', '.join(sorted(expected))}"
        )
    for key, value in run.items():
        kind = int if key == "seed" else str
        if not isinstance(value, kind) or isinstance(value, bool):
            raise InputError(f"--run: {key} must be {kind.__name__}, not {type(value).__name__}")
    normaliser = Normaliser()
    corpus, subsets = read_predictions(options.predictions, run["target_lang"], normaliser)
    names = choose_metrics(run["task"], options.metrics)
    segments = [segment_scores.read(path, corpus) for path in options.segments]
    more = [one for one in segments if isinstance(one, SegmentScores)]
    statistics = statistics_of(corpus, names)
    statistics |= {metric.NAME: metric.statistics(corpus) for metric in more}
    rows = score(corpus, names, subsets, statistics, more)
    rows += [_without_value(corpus, one) for one in segments if isinstance(one, NotComputed)]
    rows += _text_rows(options.predictions, normaliser)
    identity = {key: run[key] for key in RUN}
    document = {"run": identity, "normalised": normaliser.changed, "scores": rows}
    write_json(options.output, document)
    _say(normaliser)
    if options.statistics:
        whole = {row["metric"]: row for row in rows if row["subset"] == "all"}
        signatures = {name: whole[name]["signature"] for name in statistics}
        references = whole[names[0]]["references_sha256"]
        item_statistics.write(options.statistics, identity, references, signatures, statistics)


def _score_texts(options: argparse.Namespace) -> None:
    """Print {task, scores} of plain text files."""
    for name in ("task", "hyp", "ref"):
        if not getattr(options, name):
            raise InputError(f"--{name} is needed (or --predictions, --run and --output)")
    names = choose_metrics(options.task, options.metrics)
    normaliser = Normaliser()
    corpus = read_texts(options.hyp, options.ref, options.src, options.target_lang, normaliser)
    rows = score(corpus, names)
    for row in rows:
        del row["subset"]
    document = {"task": options.task, "normalised": normaliser.changed, "scores": rows}
    print(to_json(document, "standard output"))
    _say(normaliser)


def _say(normaliser: Normaliser) -> None:
    if note := normaliser.note():
        print(note, file=sys.stderr)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    names = ", ".join(metrics.names())
    parser.epilog = f"metrics: {names}; files may be .gz, - is standard input"
    texts = parser.add_argument_group("text files, scores printed as JSON").add_argument
    texts("--task", metavar="TASK", help=", ".join(plugins.names("task")))
    texts("--hyp", type=Path, metavar="FILE", help="outputs, one a line")
    texts(
        "--ref",
        type=Path,
        metavar="FILE",
        action="append",
        help="references, aligned; repeat for more; an empty line is no reference",
    )
    texts("--src", type=Path, metavar="FILE", help="inputs, aligned; for metrics that look at them")
    texts("--target-lang", default="", metavar="LANG", help="language of the outputs, such as de")
    of_run = parser.add_argument_group("a run's predictions, scores written").add_argument
    of_run("--predictions", type=Path, metavar="FILE", help="predictions.jsonl")
    of_run("--run", metavar="JSON", help=f"JSON or file: {', '.join(RUN)}, target_lang")
    of_run("--output", type=Path, metavar="FILE", help="scores.json to write")
    of_run("--statistics", type=Path, metavar="FILE", help="statistics.json to write, for tests")
    of_run(
        "--segments",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="of warmup.evaluation.neural_metrics",
    )
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help="default: all of the task")


def run(options: argparse.Namespace) -> None:
    """Score outputs against references, with bootstrap intervals over items."""
    pipeline = (options.predictions, options.run, options.output)
    if all(pipeline) and not (options.task or options.hyp or options.ref or options.src):
        _score_predictions(options)
    elif any(pipeline) or options.statistics or options.segments:
        raise InputError("--predictions, --run and --output go together, without text files")
    else:
        _score_texts(options)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m warmup.evaluation.score", description=run.__doc__
    )
    add_arguments(parser)
    run(parser.parse_args(argv))


if __name__ == "__main__":
    errors.run(main)
