"""Examples to look at: what each method wrote for the same items."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from warmup.common import pairs
from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.data.predictions import Run, parse_path, read_rows
from warmup.evaluation import metric_properties, metrics
from warmup.reporting import estimates
from warmup.reporting.display_names import METHODS, TASKS, label

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

LIMIT = 5000
"""Items shown of each task; its data sets, pairs and models get equal parts of them."""
_LONGEST = 1500
"""Characters shown of a text."""


def collect(
    paths: Iterable[Path],
    scores: "pd.DataFrame",
    methods: Methods,
    decodings: Decodings,
) -> list[dict[str, Any]]:
    """Return one JSON-ready cell for each data set, pair, model and split.

    Of the first seed and the first decoding that was scored: the methods and the items,
    each with its input, references and what every method wrote for it. Where there are more than
    its part of `LIMIT`, they are evenly spaced over the file.

    Raises:
        InputError: a path or a file not in the form of predictions, or one that was not scored.
    """
    runs = sorted(map(parse_path, paths))
    groups = group(runs, lambda run: (run.dataset, run.pair, run.model, run.split))
    known = {key: _task(scores, found[0]) for key, found in groups.items()}
    sharing = Counter(task for task, _ in known.values())
    scored = set(scores["decoding"]) - set(decodings.controls)
    cells = []
    for key, found in groups.items():
        names = {run.decoding for run in found}
        decoding = decodings.sort(names & scored or names)[0]
        seed = min(run.seed for run in found)
        chosen = {r.method: r for r in found if (r.decoding, r.seed) == (decoding, seed)}
        task, metric = known[key]
        order = methods.sort(chosen)
        total, items = _items([chosen[name] for name in order], metric, LIMIT // sharing[task])
        cells.append(
            {
                "task": label(TASKS, task),
                "data": estimates.Setting(task, *key).data,
                "model": key[2],
                "decoding": decoding,
                "seed": seed,
                "metric": metric_properties.head(metric),
                "higherIsBetter": metric_properties.of(metric).higher_is_better,
                "methods": [label(METHODS, name) for name in order],
                "total": total,
                "items": items,
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
        & (scores["subset"] == "all")
    ]
    if rows.empty:
        raise InputError(f"{run.path}: the scores have no row of this data set, pair and model")
    task = str(rows["task"].iloc[0])
    return task, metric_properties.order(task, rows["metric"])[0]


def _items(runs: Sequence[Run], metric: str, most: int) -> tuple[int, list[dict[str, Any]]]:
    """Return how many items there are, and those to show: those of the first method."""
    columns: list[dict[str, dict[str, Any]]] = []
    total = 0
    for run in runs:
        rows = _read(run.path)
        if not columns:
            total, rows = len(rows), spread(rows, most)
        else:
            rows = [row for row in rows if row["id"] in columns[0]]
        columns.append({row["id"]: row for row in _scored(rows, run, metric)})
    items = [
        {
            "id": row["id"],
            "source": _clip(row["source"]),
            "references": [_clip(text) for text in row["references"]],
            "lookahead": row.get("meta", {}).get("lookahead"),
            "outputs": [_output(column.get(name)) for column in columns],
        }
        for name, row in columns[0].items()
    ]
    return total, items


def spread(rows: Sequence[T], most: int) -> list[T]:
    """Return at most `most` rows, evenly spaced and the first one among them."""
    count = min(len(rows), max(most, 1))
    return [rows[i * len(rows) // count] for i in range(count)]


_KEYS = ("id", "source", "references", "warmup", "output", "output_log_probability")


def _read(path: Path) -> list[dict[str, Any]]:
    rows = []
    for where, row in read_rows(path):
        if missing := [key for key in _KEYS if key not in row]:
            raise InputError(f"{where}: missing key {missing[0]!r}")
        rows.append(row)
    return rows


def _scored(rows: list[dict[str, Any]], run: Run, metric: str) -> list[dict[str, Any]]:
    """Return the rows with the score of each alone, and whether the output is right."""
    if not rows:
        return []
    module = metrics.load(metric)
    corpus = metrics.Corpus(
        [row["output"] for row in rows],
        [row["references"] for row in rows],
        pairs.parse(run.pair).target,
    )
    values = module.aggregate(module.statistics(corpus)).tolist()
    best = metric_properties.of(metric).best
    return [
        row | {"score": value, "right": _is_best(value, best) or row["output"] in row["references"]}
        for row, value in zip(rows, values, strict=True)
    ]


def _is_best(value: float, best: float) -> bool:
    return abs(value - best) < 0.01


def _output(row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    warmup_probability = row.get("warmup_log_probability")
    return {
        "warmup": None if warmup_probability is None else _clip(row["warmup"]),
        "output": _clip(row["output"]),
        "warmupLogProbability": _round(warmup_probability),
        "outputLogProbability": _round(row["output_log_probability"]),
        "warmupLength": None if warmup_probability is None else row.get("warmup_tokens"),
        # files written before there were any lack them
        "warmupByToken": row.get("warmup_by_token"),
        "outputByToken": row.get("output_by_token"),
        "score": _round(row["score"]),
        "right": bool(row["right"]),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _clip(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} […] ({len(text) - _LONGEST:,} more characters)"
