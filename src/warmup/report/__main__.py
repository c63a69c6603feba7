"""Write the report of an experiment: `python -m warmup.report`."""

import argparse
from pathlib import Path

from warmup import comparisons, decoding_order, errors, reported, warmups
from warmup.aggregate import read_curves, read_scores
from warmup.errors import InputError
from warmup.files import read_lines, write_text
from warmup.methods import add_option, parse
from warmup.report import examples, origin
from warmup.report.page import page


def main() -> None:
    """Write one self-contained HTML page with results, tables, figures and examples."""
    parser = argparse.ArgumentParser(prog="python -m warmup.report", description=main.__doc__)
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--curves", type=Path, required=True, help="curves.tsv")
    add("--figures-dir", type=Path, required=True, help="folder of warmup.figures")
    add("--tables-dir", type=Path, required=True, help="folder of warmup.tables")
    add(
        "--predictions",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="*.predictions.jsonl",
    )
    add("--provenance", type=Path, nargs="*", default=[], metavar="FILE", help="provenance.json")
    add(
        "--inputs-from",
        type=Path,
        metavar="FILE",
        help="more of these files, one path a line (- is standard input)",
    )
    add("--output", type=Path, required=True, help="report.html")
    comparisons.add_option(parser)
    warmups.add_option(parser)
    add_option(parser)
    decoding_order.add_option(parser)
    options = parser.parse_args()
    predictions, provenance = list(options.predictions), list(options.provenance)
    for line in read_lines(options.inputs_from) if options.inputs_from else ():
        if line.endswith(".predictions.jsonl"):
            predictions.append(Path(line))
        elif line.endswith("provenance.json"):
            provenance.append(Path(line))
        elif line.strip():
            raise InputError(
                f"{options.inputs_from}: {line!r} ends neither in .predictions.jsonl "
                "nor in provenance.json"
            )
    scores, methods = read_scores(options.scores), parse(options.methods)
    decodings = decoding_order.parse(options.decodings)
    html = page(
        scores,
        read_curves(options.curves),
        reported.read(),
        methods,
        cells=examples.collect(predictions, decodings.without_controls(scores), methods),
        origin=origin.tables(origin.read(provenance), scores),
        figures_dir=options.figures_dir,
        tables_dir=options.tables_dir,
        tested=comparisons.read(options.comparisons),
        decodings=decodings,
        warmups=warmups.read(options.warmups),
    )
    write_text(options.output, html)


if __name__ == "__main__":
    errors.run(main)
