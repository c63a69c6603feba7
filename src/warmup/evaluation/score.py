"""Score the predictions of a run against their references, for the workflow.

`warmup.evaluation.score_files` has the command `warmup score`, which also prints scores of files.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from warmup.common import plugins
from warmup.common.arguments import read_object
from warmup.common.errors import InputError
from warmup.common.files import sha256_text, write_json
from warmup.common.json_values import check_object
from warmup.common.texts import Normaliser
from warmup.data import text_counts
from warmup.data.predictions import Prediction, read, subsets_of
from warmup.evaluation import item_statistics, metric_properties, metrics, segment_scores
from warmup.evaluation.intervals import bootstrap_interval
from warmup.evaluation.metrics import Corpus, FloatArray, Scoring
from warmup.evaluation.result_tables import EVALUATION_COLUMNS, Row
from warmup.evaluation.segment_scores import NotComputed, SegmentScores

_ROUNDING = 1e-6


def statistics_of(corpus: Corpus, names: Iterable[str]) -> dict[str, FloatArray]:
    """Return metric -> sufficient statistics of each item, [n, k].

    Raises:
        InputError: a metric is unknown, or cannot score these outputs or references.
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

    A row has value, 95% bootstrap interval (None for a single item), n, signature and hashes.

    Args:
        corpus: outputs and references.
        names: the metrics.
        subsets: name -> indices of its items; a metric is computed over these as over a corpus.
        statistics: as `statistics_of` returns them, if they are already known.
        more: further metrics, which are not modules.

    Raises:
        InputError: a metric is unknown, cannot score these outputs or references, or gives a score
            outside its `RANGE`.
    """
    parts = {"all": range(len(corpus.hypotheses)), **(subsets or {})}
    corpora = {subset: corpus.take(items) for subset, items in parts.items()}
    hashes = {subset: _hashes(part) for subset, part in corpora.items()}
    rows = []
    for metric in [*map(metrics.load, names), *more]:
        computed = (statistics or {}).get(metric.NAME)
        of_items = metric.statistics(corpus) if computed is None else computed
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
            f"{metric}: the score {value:g} lies outside the RANGE that the metric states, "
            f"{properties.low:g} to {properties.high:g}"
        )
    return value


def choose_metrics(task: str | None, wanted: Sequence[str] | None) -> list[str]:
    """Return the wanted metrics, or all metrics of the task, each once.

    Raises:
        InputError: the task or a metric is unknown, or neither is given.
    """
    if task is None and not wanted:
        raise InputError("give --task, or --metrics")
    own: tuple[str, ...] = plugins.load("task", task).METRICS if task else ()
    for name in wanted or ():
        metrics.load(name)
    return list(dict.fromkeys(wanted or own))


def _hashes(corpus: Corpus) -> dict[str, str]:
    """Return the SHA-256 of outputs and of references, one line per item.

    References of an item are separated by tabs. With one reference per item, the hash is that of
    a plain text file.
    """
    references = ("\t".join(texts) for texts in corpus.references)
    return {
        "hypotheses_sha256": sha256_text(corpus.hypotheses),
        "references_sha256": sha256_text(references),
    }


def _without_value(corpus: Corpus, owed: NotComputed) -> Row:
    """Return the row of a metric that was not computed; its signature is the reason."""
    row = {"metric": owed.metric, "subset": "all", **dict.fromkeys(("value", "low", "high"))}
    signature = segment_scores.signature_without(owed.reason)
    return row | {"n": len(corpus.hypotheses), "signature": signature} | _hashes(corpus)


def _text_rows(predictions: Sequence[Prediction], normaliser: Normaliser) -> list[Row]:
    """Return rows that count the texts that were normalised, cut or have unknown tokens."""
    losses = [prediction.as_tokens for prediction in predictions]
    rows = text_counts.rows_of_predictions(losses, normaliser)
    return [row | text_counts.NO_SCORE for row in rows]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--predictions", type=Path, metavar="FILE", help="predictions.jsonl")
    keys = ", ".join([*EVALUATION_COLUMNS, "target_lang"])
    add("--run", metavar="JSON", help=f"JSON or file: {keys}")
    add("--output", type=Path, metavar="FILE", help="scores.json to write")
    add("--statistics", type=Path, metavar="FILE", help="statistics.json to write, for tests")
    add(
        "--segments",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="scores of neural metrics, as `warmup score-neural` writes them",
    )
    add_metrics(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add `--format`."""
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        help="what is printed: a table with rounded numbers (default), or JSON with all digits",
    )


def add_metrics(parser: argparse.ArgumentParser) -> None:
    """Add `--metrics`, for `choose_metrics`."""
    names = ", ".join(metrics.names())
    parser.add_argument(
        "--metrics", nargs="+", metavar="NAME", help=f"default: all of the task. One of: {names}"
    )


def run(options: argparse.Namespace) -> None:
    """Score a run's predictions, with bootstrap intervals over items, and write the scores."""
    if not all((options.predictions, options.run, options.output)):
        raise InputError("give files, or --predictions, --run and --output together")
    kinds = EVALUATION_COLUMNS | {"target_lang": str}
    run = check_object(read_object(options.run, "--run"), kinds, "--run")
    normaliser = Normaliser()
    predictions = read(options.predictions, normaliser)
    corpus = Corpus.of(predictions, run["target_lang"])
    names = choose_metrics(run["task"], options.metrics)
    segments = [segment_scores.read(path, corpus) for path in options.segments]
    neural = [scores for scores in segments if isinstance(scores, SegmentScores)]
    statistics = statistics_of(corpus, names)
    statistics |= {metric.NAME: metric.statistics(corpus) for metric in neural}
    rows = score(corpus, names, subsets_of(predictions), statistics, neural)
    rows += [_without_value(corpus, owed) for owed in segments if isinstance(owed, NotComputed)]
    rows += _text_rows(predictions, normaliser)
    identity = {key: run[key] for key in EVALUATION_COLUMNS}
    document = {"run": identity, "normalised": normaliser.changed, "scores": rows}
    write_json(options.output, document)
    if note := normaliser.note():
        print(note, file=sys.stderr)
    if options.statistics:
        whole = {row["metric"]: row for row in rows if row["subset"] == "all"}
        signatures = {name: whole[name]["signature"] for name in statistics}
        references = whole[names[0]]["references_sha256"]
        item_statistics.write(options.statistics, identity, references, signatures, statistics)
