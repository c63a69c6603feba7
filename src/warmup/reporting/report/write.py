"""Write the report of an experiment: `warmup report`."""

import argparse
from pathlib import Path

from warmup.common.files import write_text
from warmup.config import experiment_summary
from warmup.reporting import results
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--figures-dir", type=Path, required=True, help="folder of `warmup figures`")
    add("--tables-dir", type=Path, required=True, help="folder of `warmup tables`")
    for name in ("predictions", "provenance"):
        add(f"--{name}", type=Path, nargs="*", metavar="FILE", help=experiment_summary.DEFAULT)
    add("--output", type=Path, required=True, help="report.html")
    results.add_options(parser)


def run(options: argparse.Namespace) -> None:
    """Write one self-contained HTML page with results, tables, figures and examples."""
    # an experiment.json that is only next to the scores may be there without its runs
    with_runs = options.experiment is not None
    shown = results.read(options)
    files, runs = [], []
    if with_runs:
        files = shown.experiment.evaluation_files("predictions.jsonl")
        runs = shown.experiment.run_files("provenance.json")
    predictions, provenance = options.predictions or files, options.provenance or runs
    html = page(
        shown,
        examples=examples.collect(predictions, shown),
        provenance=provenance_tables.tables(provenance_tables.read(provenance), shown),
        figures_dir=options.figures_dir,
        tables_dir=options.tables_dir,
    )
    write_text(options.output, html)
