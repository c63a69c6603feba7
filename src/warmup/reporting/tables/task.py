"""The tables of an experiment: `warmup tables`, one per task, as .md, .tex and .csv.

What was measured and what the paper reports stand in separate tables, and in the CSV file in
separate columns.
"""

import argparse
import math
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from warmup.common.errors import InputError
from warmup.common.files import write_text
from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config import experiment_summary
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import BASELINE, Methods
from warmup.data import text_counts
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import (
    COMPARISONS,
    MEAN,
    SCORES,
    WARMUPS,
    add_comparisons,
    add_warmups,
)
from warmup.reporting import missing_scores
from warmup.reporting.costs import Cost, costs_of
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import ITEMS, Estimate, ordered, scores_of, separated
from warmup.reporting.gains import gains as gains_of
from warmup.reporting.gains import is_tested, mark
from warmup.reporting.missing_scores import Gap
from warmup.reporting.paper import reported
from warmup.reporting.table import Cell, Table, interval, latex, markdown, number
from warmup.reporting.tables import long_form
from warmup.reporting.tables import notes as interval_notes
from warmup.reporting.tables import warmups as warmup_tables
from warmup.reporting.tables.comparisons import INTERVAL_NOTE, comparison_table, significance_note
from warmup.reporting.tables.controls import ablations, controls
from warmup.reporting.tables.cost import compute_note, cost_table, times
from warmup.reporting.tables.decoding_controls import control_table
from warmup.reporting.tables.paper import reported_table
from warmup.reporting.tables.words_vs_meaning import lexical_table

if TYPE_CHECKING:
    import pandas as pd

_BOLD = (
    "Bold: the interval lies wholly on the better side of those of all other methods on the same "
    "data and model, and no other score is printed alike; {}."
)
_GAIN = (
    "Score less that of SFT of the same seed, in points; an interval that leaves out 0 speaks for "
    "a difference; {}."
)
_ONE_SEED_GAIN = (
    "With one seed the two bootstrap intervals are taken as independent; both methods answered "
    "the same items, so the interval of the gain is rather too wide than too narrow."
)
_MEAN = "“mean of k”: mean of the scores of the k pairs; its n is their sum."
_LABELS = ["data", "model", "method"]


class TaskTables(NamedTuple):
    """The tables of one task."""

    main: list[Table]
    """Scores and gains, measured, with the first decoding."""
    controls: list[Table]
    """All controls beside warmup; the same models behind other warmups than their own."""
    ablations: list[Table]
    """Ablations by what they vary, if there are any."""
    others: list[Table]
    """The same with other decodings, if there are any."""
    comparisons: list[Table]
    """Tests of the differences, where they were made."""
    cost: list[Table]
    """Training cost."""
    reported: list[Table]
    """What the paper reports."""


def task_tables(
    scores: "pd.DataFrame",
    claims: "pd.DataFrame",
    methods: Methods,
    task: str,
    tested: "pd.DataFrame | None" = None,
    *,
    decodings: Decodings = UNKNOWN,
) -> TaskTables:
    """Return the tables of one task.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
        claims: as `warmup.reporting.paper.reported.read` returns them.
        methods: order of the methods, and which starts from which.
        task: name of the task.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
        decodings: their order, and which are controls of which.
    """
    everything = scores[scores["task"] == task]
    scores = decodings.without_controls(everything)
    tested = tested[tested["task"] == task] if tested is not None else None
    estimates = ordered(scores_of(scores), methods)
    gains = ordered(gains_of(scores, tested), methods)
    costs = ordered(costs_of(scores, methods), methods)
    missing = missing_scores.gaps_of(scores)
    title, found = label(TASKS, task), TaskTables([], [], [], [], [], [], [])
    for decoding in decodings.sort(item.decoding for item in estimates):
        tables = found.others if found.main else found.main
        name, words = f"{task}-{decoding}", f"{decoding} decoding"
        gaps = [gap for gap in missing if gap.decoding == decoding]
        here = [item for item in estimates if item.decoding == decoding]
        titles = {"name": f"{name}-scores", "title": f"{title}: scores, {words}"}
        tables.append(_scores(here, gaps, costs, methods, **titles))
        if here := [item for item in gains if item.decoding == decoding]:
            heading = f"{title}: gain over SFT (measured), {words}"
            tables.append(_gains(here, gaps, f"{name}-gains", heading))
        if tested is not None:
            here_too = tested[tested["decoding"] == decoding]
            heading = f"{title}: comparisons (measured), {words}"
            if table := comparison_table(here_too, methods, f"{name}-comparisons", heading):
                found.comparisons.append(table)
            heading = f"{title}: is the gain one of words? (measured), {words}"
            if table := lexical_table(here_too, methods, f"{name}-lexical", heading):
                found.comparisons.append(table)
    for table, part in (
        (controls(everything, decodings, methods, task, tested), found.controls),
        (control_table(everything, decodings, methods, task, tested), found.controls),
        (ablations(everything, decodings, methods, task, tested), found.ablations),
    ):
        part.extend([table] if table else [])
    if costs:
        found.cost.append(cost_table(costs, methods, task))
    claims = claims[claims["task"] == task]
    for quantity, words in (("gain", "gain over SFT"), ("absolute", "scores of warmup")):
        rows = claims[claims["quantity"] == quantity].to_dict("records")
        if rows:
            heading = f"{title}: {words} (reported in the paper)"
            name = f"{task}-reported-{quantity}"
            found.reported.append(reported_table(rows, tested, name, heading))
    said = text_counts.notes(everything)
    for part in (found.main, found.controls, found.ablations, found.others, found.comparisons):
        part[:] = [replace(table, notes=[*table.notes, *said]) for table in part]
    return found


def _scores(
    estimates: list[Estimate],
    gaps: list[Gap],
    costs: list[Cost],
    methods: Methods,
    *,
    name: str,
    title: str,
) -> Table:
    metrics = _metrics(estimates, gaps)
    cost = {(item.setting, item.method): item for item in costs}
    best = set(separated(estimates))
    rows = []
    for setting, method, found in _rows(estimates):
        spent = cost.get((setting._replace(split="train"), method))
        missing = missing_scores.metrics_of(gaps, setting, method)
        rows.append(
            [
                *_names(setting, method),
                *_measured(found, metrics, estimates, missing, best=best),
                _count(spent.updates if spent else math.nan),
                times(spent.relative if spent else math.nan),
            ]
        )
    bold = _BOLD.format(metric_properties.directions(metrics))
    notes = [*interval_notes.of(estimates), bold, compute_note(methods), *_mean_note(estimates)]
    notes += missing_scores.notes(gaps)
    header = [*_header(metrics), "updates", "compute"]
    return Table(name, title, header, rows, len(_LABELS), notes)


def _gains(gains: list[Estimate], gaps: list[Gap], name: str, title: str) -> Table:
    metrics = _metrics(gains, gaps)
    rows = []
    for setting, method, found in _rows(gains):
        missing = missing_scores.metrics_of(gaps, setting, method, BASELINE)
        rows.append(
            [*_names(setting, method), *_measured(found, metrics, gains, missing, sign=True)]
        )
    notes = [*interval_notes.of(gains), _GAIN.format(metric_properties.directions(metrics))]
    if is_tested(gains):
        notes += [significance_note(), INTERVAL_NOTE]
    if any(item.interval == ITEMS for item in gains):
        notes.append(_ONE_SEED_GAIN)
    notes += [*_mean_note(gains), *missing_scores.notes(gaps)]
    return Table(name, title, _header(metrics), rows, len(_LABELS), notes)


def _metrics(estimates: list[Estimate], gaps: list[Gap]) -> list[str]:
    """Return the metrics of a table, in order; there is at least one estimate."""
    names = [item.metric for item in estimates] + [gap.metric for gap in gaps]
    return metric_properties.order(estimates[0].setting.task, names)


def _rows(estimates: list[Estimate]) -> Iterator[tuple[Setting, str, dict[str, Estimate]]]:
    groups = group(estimates, lambda item: (item.setting, item.method))
    for (setting, method), found in groups.items():
        yield setting, method, {item.metric: item for item in found}


def _names(setting: Setting, method: str) -> list[Cell]:
    return [Cell(setting.data), Cell(setting.model), Cell(label(METHODS, method))]


def _header(metrics: Sequence[str]) -> list[str]:
    return [*_LABELS, *map(metric_properties.head, metrics), "seeds", "n items"]


def _measured(
    found: dict[str, Estimate],
    metrics: Sequence[str],
    table: Sequence[Estimate],
    missing: Container[str],
    *,
    best: Container[Estimate] = (),
    sign: bool = False,
) -> list[Cell]:
    """Return the cells of the metrics, and how many seeds and items they rest on."""
    mixed = len({item.interval for item in table}) > 1
    cells = []
    for metric in metrics:
        if item := found.get(metric):
            bounds = interval(item.low, item.high, 1, sign)
            text = f"{number(item.mean, 1, sign)}{mark(item)} {bounds}"
            kind = interval_notes.MARKS[item.interval] if mixed else ""
            cells.append(Cell(text + kind, item.mean, item in best))
        else:
            cells.append(Cell(missing_scores.TEXT if metric in missing else "–"))
    seeds, n = (max(getattr(item, name) for item in found.values()) for name in ("seeds", "n"))
    return [*cells, _count(seeds), _count(n)]


def _count(value: float) -> Cell:
    return Cell(number(value, 0), value)


def _mean_note(estimates: Iterable[Estimate]) -> list[str]:
    return [_MEAN] if any(item.setting.pair.startswith(MEAN) for item in estimates) else []


def write(
    scores: "pd.DataFrame",
    claims: "pd.DataFrame",
    methods: Methods,
    folder: Path,
    tested: "pd.DataFrame | None" = None,
    *,
    decodings: Decodings = UNKNOWN,
) -> None:
    """Write `{task}.md`, `{task}.tex` and `{task}.csv` for each task of the scores."""
    for task in sorted(set(scores["task"])):
        parts = task_tables(scores, claims, methods, task, tested, decodings=decodings)
        tables = [table for part in parts for table in part]
        heading = f"# {label(TASKS, task)}\n\n"
        write_text(folder / f"{task}.md", heading + "\n".join(map(markdown, tables)))
        needs = "% needs \\usepackage{booktabs,graphicx}; include with \\input\n"
        write_text(folder / f"{task}.tex", needs + "\n".join(map(latex, tables)))
        numbers = long_form.rows(scores, claims, methods, task, tested, decodings=decodings)
        write_text(folder / f"{task}.csv", long_form.to_csv(numbers))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--output-dir", type=Path, required=True, help="folder for {task}.md, .tex and .csv")
    add_comparisons(parser)
    add_warmups(parser)
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Write one table per task, and one of what warmups say, as Markdown, LaTeX and CSV."""
    scores = SCORES.read(options.scores)
    if scores.empty:
        raise InputError(f"{options.scores}: no scores")
    tested = COMPARISONS.read_given(options.comparisons)
    experiment = experiment_summary.read(options.experiment)
    methods, decodings = experiment.methods, experiment.decodings
    said = WARMUPS.read_given(options.warmups)
    write(scores, reported.read(), methods, options.output_dir, tested, decodings=decodings)
    if said is not None:
        warmup_tables.write(said, methods, options.output_dir, decodings)
