"""Write the report of an experiment: `warmup report`."""

import argparse
from pathlib import Path

from warmup.common.files import write_text
from warmup.config import experiment_summary
from warmup.evaluation.result_tables import (
    COMPARISONS,
    CURVES,
    SCORES,
    WARMUPS,
    add_comparisons,
    add_warmups,
)
from warmup.reporting.paper import reported
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--curves", type=Path, required=True, help="curves.tsv")
    add("--figures-dir", type=Path, required=True, help="folder of `warmup figures`")
    add("--tables-dir", type=Path, required=True, help="folder of `warmup tables`")
    for name in ("predictions", "provenance"):
        add(f"--{name}", type=Path, nargs="*", metavar="FILE", help=experiment_summary.DEFAULT)
    add("--output", type=Path, required=True, help="report.html")
    add_comparisons(parser)
    add_warmups(parser)
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Write one self-contained HTML page with results, tables, figures and examples."""
    scores = SCORES.read(options.scores)
    experiment = experiment_summary.read(options.experiment)
    methods, decodings = experiment.methods, experiment.decodings
    predictions = options.predictions or experiment.evaluation_files("predictions.jsonl")
    provenance = options.provenance or experiment.run_files("provenance.json")
    html = page(
        scores,
        CURVES.read(options.curves),
        reported.read(),
        methods,
        cells=examples.collect(predictions, scores, methods, decodings),
        origin=provenance_tables.tables(provenance_tables.read(provenance), scores),
        figures_dir=options.figures_dir,
        tables_dir=options.tables_dir,
        tested=COMPARISONS.read_given(options.comparisons),
        decodings=decodings,
        warmups=WARMUPS.read_given(options.warmups),
    )
    write_text(options.output, html)
