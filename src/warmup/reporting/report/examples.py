"""Examples: what each method generated for the same items."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.common.keys import EvaluationKey, Setting
from warmup.common.languages import parse_pair
from warmup.config.methods import BASELINE, FOCUS
from warmup.data import predictions
from warmup.data.predictions import Prediction
from warmup.evaluation import metric_properties, metrics
from warmup.reporting.display_names import task_label
from warmup.reporting.results import Results

T = TypeVar("T")

LIMIT = 5000
"""Items shown per task, divided equally among its data sets, pairs and models."""
_LONGEST = 1500
"""Characters of a text that are shown."""


def collect(paths: Iterable[Path], results: Results) -> list[dict[str, Any]]:
    """Return one JSON-ready cell for each data set, pair, model and split.

    A cell has the methods and the items, each with its input, its references and the outputs of all
    methods, for the first seed and the first decoding that was scored. If there are more items than
    its part of `LIMIT`, those shown are evenly spaced over the file.

    Raises:
        InputError: a path or a file is not in the form of predictions, or was not scored.
    """
    files = sorted((EvaluationKey.from_path(path), path) for path in paths)
    groups = group(files, lambda file: _place(file[0]))
    tasks = {place: _task(results, *of_cell[0]) for place, of_cell in groups.items()}
    sharing = Counter(task for task, _ in tasks.values())
    scored = set(results.scores["decoding"]) - set(results.decodings.controls)
    cells = []
    for place, of_cell in groups.items():
        names = {key.decoding for key, _ in of_cell}
        decoding = results.decodings.sort(names & scored or names)[0]
        seed = min(key.seed for key, _ in of_cell)
        chosen = {
            key.method: path
            for key, path in of_cell
            if (key.decoding, key.seed) == (decoding, seed)
        }
        task, metric = tasks[place]
        _, pair, model, _ = place
        lang = parse_pair(pair).target
        order = results.methods.sort(chosen)
        total, items = _items([chosen[n] for n in order], metric, lang, LIMIT // sharing[task])
        cells.append(
            {
                "task": task_label(task),
                "about": _about(task, place[0]),
                "answerOnly": task == "multiple_choice",
                "baseline": results.methods.label(BASELINE),
                "focus": results.methods.label(FOCUS),
                "data": results.names.data(Setting(task, *place)),
                "model": results.names.model(model),
                "decoding": decoding,
                "seed": seed,
                "metric": metric_properties.head(metric),
                "higherIsBetter": metric_properties.of(metric).higher_is_better,
                "methods": [results.methods.label(name) for name in order],
                "total": total,
                "items": items,
            }
        )
    return sorted(cells, key=lambda cell: (cell["task"], cell["data"], cell["model"]))


def _about(task: str, dataset: str) -> str:
    """Return in a sentence what a data set asks for: that of its generator, else of its task."""
    generated = dataset in plugins.names("generator")
    return plugins.summary("generator", dataset) if generated else plugins.summary("task", task)


def _place(key: EvaluationKey) -> tuple[str, str, str, str]:
    return key.dataset, key.pair, key.model, key.split


def _task(results: Results, key: EvaluationKey, path: Path) -> tuple[str, str]:
    """Return the task of a run, which its path does not name, and the task's first metric."""
    scores = results.scores
    rows = scores[
        (scores["dataset"] == key.dataset)
        & (scores["pair"] == key.pair)
        & (scores["model"] == key.model)
        & (scores["split"] == key.split)
        & (scores["subset"] == "all")
    ]
    if rows.empty:
        raise InputError(f"{path}: the scores have no row of this data set, pair and model")
    task = str(rows["task"].iloc[0])
    return task, results.of(task).metric_order(rows["metric"], key.dataset)[0]


def _items(
    paths: Sequence[Path], metric: str, lang: str, most: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return the number of items, and those to show: those of the first method."""
    columns: list[dict[str, _Scored]] = []
    total = 0
    for path in paths:
        rows = predictions.read(path)
        if not columns:
            total, rows = len(rows), spread(rows, most)
        else:
            rows = [row for row in rows if row.id in columns[0]]
        columns.append({row.prediction.id: row for row in _scored(rows, lang, metric)})
    items = [
        {
            "id": name,
            "source": _clip(row.prediction.source),
            "references": [_clip(text) for text in row.prediction.references],
            "lookahead": row.prediction.meta.get("lookahead"),
            "outputs": [_output(column.get(name)) for column in columns],
        }
        for name, row in columns[0].items()
    ]
    return total, items


def spread(rows: Sequence[T], most: int) -> list[T]:
    """Return at most `most` rows, evenly spaced, with the first one."""
    count = min(len(rows), max(most, 1))
    return [rows[i * len(rows) // count] for i in range(count)]


class _Scored(NamedTuple):
    prediction: Prediction
    score: float
    """Score of this item."""
    right: bool


def _scored(rows: Sequence[Prediction], lang: str, metric: str) -> list[_Scored]:
    """Return predictions with the score of each, and whether the output is right."""
    if not rows:
        return []
    module = metrics.load(metric)
    values = module.aggregate(module.statistics(metrics.Corpus.of(rows, lang))).tolist()
    best = metric_properties.of(metric).best
    return [
        _Scored(row, value, _is_best(value, best) or row.output in row.references)
        for row, value in zip(rows, values, strict=True)
    ]


def _is_best(value: float, best: float) -> bool:
    return abs(value - best) < 0.01


def _output(scored: _Scored | None) -> dict[str, Any] | None:
    if scored is None:
        return None
    row = scored.prediction
    warmup_probability = row.warmup_log_probability
    return {
        "warmup": None if warmup_probability is None else _clip(row.warmup),
        "output": _clip(row.output),
        "warmupLogProbability": _round(warmup_probability),
        "outputLogProbability": _round(row.output_log_probability),
        "warmupLength": None if warmup_probability is None else row.warmup_tokens,
        "warmupByToken": row.warmup_by_token,
        "outputByToken": row.output_by_token,
        "score": _round(scored.score),
        "right": bool(scored.right),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _clip(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]} […] ({len(text) - _LONGEST:,} more characters)"
