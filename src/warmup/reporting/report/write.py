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
    shown = results.read(options)
    predictions = options.predictions or shown.experiment.evaluation_files("predictions.jsonl")
    provenance = options.provenance or shown.experiment.run_files("provenance.json")
    html = page(
        shown,
        examples=examples.collect(predictions, shown),
        provenance=provenance_tables.tables(provenance_tables.read(provenance), shown),
        figures_dir=options.figures_dir,
        tables_dir=options.tables_dir,
    )
    write_text(options.output, html)
