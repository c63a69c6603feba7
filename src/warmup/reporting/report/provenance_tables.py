"""Tables of the provenance of results: code, packages, data and machine of the runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.errors import InputError
from warmup.common.files import read_json
from warmup.common.keys import run_of
from warmup.evaluation import metric_properties
from warmup.reporting.display_names import task_label
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, number

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ("git", "python", "packages", "device", "machine", "started", "seconds")


def read(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Return the content of provenance files by the path of their run.

    Raises:
        InputError: a file is missing, lacks a key, or is not in the folder of a run.
    """
    runs = {}
    for path in paths:
        content = read_json(path)
        missing = [key for key in _KEYS if not isinstance(content, dict) or key not in content]
        if missing:
            raise InputError(f"{path}: missing key {missing[0]!r}")
        runs[run_of(path.parent).path] = content
    return dict(sorted(runs.items()))


def tables(runs: dict[str, dict[str, Any]], results: Results) -> list[Table]:
    """Return tables of what all runs share, of each run, and of the signatures of metrics."""
    of_runs = [_shared(list(runs.values()), results.scores), _each(runs)] if runs else []
    return [*of_runs, _signatures(results.scores)]


def _shared(runs: Sequence[dict[str, Any]], scores: "pd.DataFrame") -> Table:
    revisions = (
        (run["git"].get("revision") or "no git revision")
        + (" (with uncommitted changes)" if run["git"].get("dirty") else "")
        for run in runs
    )
    packages = (
        f"{name} {version}" for run in runs for name, version in sorted(run["packages"].items())
    )
    rows = {
        "code": _distinct(revisions),
        "Python": _distinct(run["python"] for run in runs),
        "packages": _distinct(packages),
        "device": _distinct(run["device"] for run in runs),
        "machine": _distinct(run["machine"] for run in runs),
        "seeds": _distinct(str(seed) for seed in sorted(set(scores["seed"]))),
        "runs": f"{len(runs)}, {number(sum(run['seconds'] for run in runs), 0)} s in all",
        "first started": min(run["started"] for run in runs),
        "last started": max(run["started"] for run in runs),
    }
    cells = [[Cell(name), Cell(text)] for name, text in rows.items()]
    return Table("All runs", ["what", "value"], cells, 2, name="provenance")


def _each(runs: dict[str, dict[str, Any]]) -> Table:
    rows = []
    for name, run in runs.items():
        data = ", ".join(f"{role} {h[:12]}" for role, h in run.get("data_sha256", {}).items())
        code, config = (run.get(f"{key}_sha256", "")[:12] for key in ("code", "config"))
        seconds = Cell(number(run["seconds"], 1), run["seconds"])
        rows.append([Cell(name), Cell(config), Cell(code), Cell(data), seconds])
    header = ["run", "configuration", "code", "data", "seconds"]
    notes = ["First 12 digits of each SHA-256; provenance.json of each run has all digits."]
    return Table("Each run", header, rows, 4, notes, "provenance-runs")


def _signatures(scores: "pd.DataFrame") -> Table:
    scored = (scores["signature"] != "") & (scores["split"] != "train")
    rows = scores[scored][["task", "pair", "metric", "signature"]]
    unique = rows.drop_duplicates().sort_values(["task", "metric", "pair", "signature"])
    cells = [
        [
            Cell(task_label(row["task"])),
            Cell(row["pair"]),
            Cell(metric_properties.head(row["metric"])),
            Cell(row["signature"]),
        ]
        for row in unique.to_dict("records")
    ]
    return Table("Metrics", ["task", "pair", "metric", "signature"], cells, 4, name="signatures")


def _distinct(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
