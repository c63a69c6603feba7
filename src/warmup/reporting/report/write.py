"""Write the report of an experiment: `warmup report`."""

import argparse
from pathlib import Path

from warmup.common.arguments import add_inputs, inputs
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

INPUTS = {"predictions": ".predictions.jsonl", "provenance": "provenance.json"}
"""What the page tells of, beside scores; and how the names of the files end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--curves", type=Path, required=True, help="curves.tsv")
    add("--figures-dir", type=Path, required=True, help="folder of `warmup figures`")
    add("--tables-dir", type=Path, required=True, help="folder of `warmup tables`")
    add_inputs(parser, INPUTS)
    add("--output", type=Path, required=True, help="report.html")
    add_comparisons(parser)
    add_warmups(parser)
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Write one self-contained HTML page with results, tables, figures and examples."""
    predictions, provenance = inputs(options, INPUTS).values()
    scores = SCORES.read(options.scores)
    experiment = experiment_summary.read(options.experiment)
    methods, decodings = experiment.methods, experiment.decodings
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
