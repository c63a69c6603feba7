"""The main results in the terminal: `warmup show`."""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.config import experiment_summary
from warmup.config.decodings import Decodings
from warmup.config.methods import FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import COMPARISONS, SCORES, add_comparisons
from warmup.reporting import missing_scores
from warmup.reporting.costs import costs_of
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import (
    CROSSED,
    ITEMS,
    NONE,
    PAIRED,
    SEEDS,
    Estimate,
    ordered,
    primary,
    scores_of,
    separated,
)
from warmup.reporting.gains import gains as gains_of
from warmup.reporting.gains import is_tested, mark
from warmup.reporting.table import interval, number
from warmup.reporting.tables.comparisons import significance_note

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
_INTERVAL = {
    SEEDS: "mean over seeds [95% interval, Student t]",
    ITEMS: "one seed [95% interval, bootstrap over items]",
    NONE: "one seed, no interval",
}
_TESTED = {
    CROSSED: "hierarchical bootstrap over seeds and items",
    PAIRED: "one seed, paired bootstrap over items",
}


def main_tables(
    scores: "pd.DataFrame",
    methods: Methods,
    decodings: Decodings,
    tested: "pd.DataFrame | None" = None,
) -> Iterator[Table]:
    """Yield a table per task: its first metric per data set, pair, model and method."""
    estimates = ordered(primary(scores_of(scores), decodings), methods)
    gains = {
        (item.setting, item.method): item for item in primary(gains_of(scores, tested), decodings)
    }
    costs = {
        (item.setting._replace(split=""), item.method): item.relative
        for item in costs_of(scores, methods)
    }
    best = set(separated(estimates))
    for task, of_task in group(estimates, lambda item: item.setting.task).items():
        title = f"{label(TASKS, task)}, {metric_properties.head(of_task[0].metric)}"
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(title, style="", header_style="bold", overflow="fold")
        for name in ("score", "gain over SFT", "seeds", "n", "compute"):
            table.add_column(name, justify="right", no_wrap=True)
        for setting, found in group(of_task, lambda item: item.setting).items():
            table.add_row(f"{setting.data}, {setting.model}")
            for item in found:
                compute = costs.get((setting._replace(split=""), item.method), math.nan)
                table.add_row(
                    f"  {label(METHODS, item.method)}",
                    Text(_shown(item), style="bold" if item in best else ""),
                    _shown(gains.get((setting, item.method)), sign=True),
                    number(item.seeds, 0),
                    number(item.n, 0),
                    number(compute, 2) + ("" if math.isnan(compute) else "×"),
                    style="green" if item.method == FOCUS else "",
                )
        yield table


def _shown(item: Estimate | None, sign: bool = False) -> str:
    if item is None:
        return ""
    return f"{number(item.mean, 1, sign)}{mark(item)} {interval(item.low, item.high, 1, sign)}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--report", type=Path, help="report.html, to say where it lies once it is there")
    add_comparisons(parser)
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Print the main results and where the report lies."""
    scores, tested = SCORES.read(options.scores), COMPARISONS.read_given(options.comparisons)
    if scores.empty:
        raise InputError(f"{options.scores}: no scores")
    experiment = experiment_summary.read(options.experiment)
    decodings = experiment.decodings
    scores = decodings.without_controls(scores)
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    for table in main_tables(scores, experiment.methods, decodings, tested):
        console.print(table)
        console.print()
    estimates = scores_of(scores)
    kinds = {item.interval for item in estimates}
    words = "; ".join(text for kind, text in _INTERVAL.items() if kind in kinds)
    directions = metric_properties.directions(item.metric for item in primary(estimates, decodings))
    console.print(
        f"Score ({directions}): {words}. Compute: of training, relative to SFT.", style="dim"
    )
    if is_tested(gains := gains_of(scores, tested)):
        kinds = {item.interval for item in gains}
        words = "; ".join(text for kind, text in _TESTED.items() if kind in kinds)
        console.print(f"Gain: [95% interval, {words}]; {significance_note()}", style="dim")
    for note in missing_scores.notes(missing_scores.gaps_of(scores)):
        console.print(escape(note), style="dim")
    if options.report and options.report.exists():
        console.print(f"Report: {options.report.resolve()}", soft_wrap=True)
