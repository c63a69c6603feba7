"""The main results in the terminal: `warmup show`."""

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from warmup.common.grouping import group
from warmup.config.methods import FOCUS
from warmup.evaluation import metric_properties
from warmup.evaluation.collect import score_rows
from warmup.reporting import cells, missing_scores, notes, results
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import ALL, CROSSED, ITEMS, NONE, PAIRED, SEEDS, Estimate, separated
from warmup.reporting.gains import is_tested
from warmup.reporting.results import Results
from warmup.reporting.table import number

WIDTH = 100
"""Characters per line, at most."""
_INTERVALS = {
    SEEDS: "mean over seeds [95% interval, Student t]",
    ITEMS: "one seed [95% interval, bootstrap over items]",
    NONE: "one seed, no interval",
}
_TESTED = {
    CROSSED: "hierarchical bootstrap over seeds and items",
    PAIRED: "one seed, paired bootstrap over items",
}


def main_tables(shown: Results) -> Iterator[Table]:
    """Yield a table per task and main metric: it per data set, pair, model and method."""
    scores = shown.primary(shown.estimates)
    gains = {(gain.setting, gain.method): gain for gain in shown.primary(shown.gains)}
    costs = {(cost.setting._replace(split=""), cost.method): cost.relative for cost in shown.costs}
    best = set(separated(scores))
    for (task, _), of_task in group(
        scores, lambda score: (score.setting.task, score.metric)
    ).items():
        title = f"{task_label(task)}, {metric_properties.head(of_task[0].metric)}"
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(title, style="", header_style="bold", overflow="fold")
        for name in ("score", "gain over SFT", "seeds", "n", "compute"):
            table.add_column(name, justify="right", no_wrap=True)
        for setting, of_setting in group(of_task, lambda score: score.setting).items():
            table.add_row(shown.names.setting(setting))
            for score in of_setting:
                compute = costs.get((setting._replace(split=""), score.method), math.nan)
                gain = gains.get((setting, score.method))
                table.add_row(
                    f"  {shown.methods.label(score.method)}",
                    Text(cells.estimate(score).text, style="bold" if score in best else ""),
                    cells.estimate(gain, sign=True).text if gain else "",
                    number(score.seeds, 0),
                    number(score.n, 0),
                    cells.times(compute).text,
                    style="green" if score.method == FOCUS else "",
                )
        yield table


def footnotes(shown: Results) -> Iterator[str]:
    """Yield what the columns mean, and which scores were not computed."""
    scores, gains = shown.estimates, shown.gains
    directions = metric_properties.directions(score.metric for score in shown.primary(scores))
    intervals = _listed(_INTERVALS, scores)
    yield f"Score ({directions}): {intervals}. {notes.compute(shown.methods)}"
    if is_tested(gains):
        yield f"Gain: [95% interval, {_listed(_TESTED, gains)}]; {notes.significance()}"
    yield from missing_scores.notes(shown.gaps)


def _listed(kinds: dict[str, str], estimates: Iterable[Estimate]) -> str:
    """Return the descriptions of those kinds of intervals that the estimates have."""
    used = {item.interval for item in estimates}
    return "; ".join(text for kind, text in kinds.items() if kind in used)


def run_lines(name: str, files: Iterable[Path]) -> Iterator[str]:
    """Yield the scores of one run, a line per split and decoding.

    Args:
        name: of the run.
        files: its scores.json.
    """
    for file in files:
        rows = [row for row in score_rows(file) if row["subset"] == ALL]
        values = "  ".join(
            f"{metric_properties.head(row['metric'])} {number(row['value'], 2)} "
            f"[{number(row['low'], 2)}, {number(row['high'], 2)}]"
            for row in rows
            if row["value"] is not None and row["low"] is not None
        )
        where = f"{rows[0]['split']}, {rows[0]['decoding']}, n = {rows[0]['n']}" if rows else "none"
        yield f"{name}  ({where})  {values}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--report", type=Path, help="report.html: if it is there, say where")
    results.add_options(parser)


def run(options: argparse.Namespace) -> None:
    """Print the main results and the path of the report."""
    shown = results.read(options)
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    for table in main_tables(shown):
        console.print(table)
        console.print()
    for note in footnotes(shown):
        console.print(escape(note), style="dim")
    if options.report and options.report.exists():
        folder = options.report.parent
        for line in (
            f"Report: {options.report.resolve()}",
            f"Tables and figures: {folder}/tables, {folder}/figures",
            "To go on: more seeds with --config 'seeds=[1,2,3]'; "
            f"keep the results with `warmup snapshot {folder} FOLDER`",
        ):
            console.print(escape(line), soft_wrap=True)
