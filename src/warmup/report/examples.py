"""Examples to look at: what each method wrote for the same items."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup import metrics, pairs, summary
from warmup.errors import InputError
from warmup.files import read_jsonl
from warmup.labels import METHODS, METRICS, TASKS, label, metric_order
from warmup.methods import Methods
from warmup.prediction_files import Run, parse_path

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 200
"""Items shown of each data set, pair and model: the first ones, not chosen ones."""
_LONGEST = 1500
"""Characters shown of a text."""


def collect(
    paths: Iterable[Path], scores: "pd.DataFrame", methods: Methods
) -> list[dict[str, Any]]:
    """Return one JSON-ready cell for each data set, pair, model and split.

    Of the first seed and the decoding that comes first in the scores: the methods and the first
    `LIMIT` items, each with its input, references and what every method wrote for it.

    Raises:
        InputError: a path or a file not in the form of predictions, or one that was not scored.
    """
    runs = sorted(map(parse_path, paths))
    groups = summary.group(runs, lambda run: (run.dataset, run.pair, run.model, run.split))
    decodings = summary.decoding_order(scores["decoding"])
    cells = []
    for key, found in groups.items():
        names = {run.decoding for run in found}
        decoding = next((name for name in decodings if name in names), min(names))
        seed = min(run.seed for run in found)
        chosen = {r.method: r for r in found if (r.decoding, r.seed) == (decoding, seed)}
        task, metric = _task(scores, found[0])
        order = methods.sort(chosen)
        cells.append(
            {
                "task": label(TASKS, task),
                "data": summary.Setting(task, *key).data,
                "model": key[2],
                "decoding": decoding,
                "seed": seed,
                "metric": label(METRICS, metric),
                "methods": [label(METHODS, name) for name in order],
                "items": _items([chosen[name] for name in order], metric),
            }
        )
    return sorted(cells, key=lambda cell: (cell["task"], cell["data"], cell["model"]))


def _task(scores: "pd.DataFrame", run: Run) -> tuple[str, str]:
    """Return the task of a run, which its path does not name, and the task's first metric."""
    rows = scores[
        (scores["dataset"] == run.dataset)
        & (scores["pair"] == run.pair)
        & (scores["model"] == run.model)
        & (scores["split"] == run.split)
    ]
    if rows.empty:
        raise InputError(f"{run.path}: the scores have no row of this data set, pair and model")
    return str(rows["task"].iloc[0]), metric_order(rows["metric"])[0]


def _items(runs: Sequence[Run], metric: str) -> list[dict[str, Any]]:
    columns = []
    for run in runs:
        rows = list(islice(read_jsonl(run.path), LIMIT))
        columns.append({row["id"]: row for row in _checked(rows, run, metric)})
    first = columns[0]
    return [
        {
            "id": row["id"],
            "source": _clip(row["source"]),
            "references": [_clip(text) for text in row["references"]],
            "lookahead": row.get("meta", {}).get("lookahead"),
            "outputs": [_output(column.get(name)) for column in columns],
        }
        for name, row in first.items()
    ]


_KEYS = ("id", "source", "references", "warmup", "output", "output_log_probability")


def _checked(rows: list[dict[str, Any]], run: Run, metric: str) -> list[dict[str, Any]]:
    """Return the rows with the score of each alone, and whether the output is right."""
    for number, row in enumerate(rows, start=1):
        if missing := [key for key in _KEYS if key not in row]:
            raise InputError(f"{run.path}:{number}: missing key {missing[0]!r}")
    if not rows:
        return []
    module = metrics.load(metric)
    corpus = metrics.Corpus(
        [row["output"] for row in rows],
        [row["references"] for row in rows],
        pairs.parse(run.pair).target,
    )
    values = module.aggregate(module.statistics(corpus)).tolist()
    return [
        row | {"score": value, "right": value > 99.99 or row["output"] in row["references"]}
        for row, value in zip(rows, values, strict=True)
    ]


def _output(row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    warmup_probability = row.get("warmup_log_probability")
    return {
        "warmup": None if warmup_probability is None else _clip(row["warmup"]),
        "output": _clip(row["output"]),
        "warmupLogProbability": _round(warmup_probability),
        "outputLogProbability": _round(row["output_log_probability"]),
        "score": _round(row["score"]),
        "right": bool(row["right"]),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _clip(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} […] ({len(text) - _LONGEST:,} more characters)"
