"""Draw the figures of an experiment: `warmup figures`.

Each becomes a .svg, a .pdf and a .png, with its caption in a .rst.
"""

import argparse
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

from warmup.common.files import atomic, write_text
from warmup.config import experiment_summary
from warmup.config.methods import Methods
from warmup.evaluation.result_tables import (
    COMPARISONS,
    CURVES,
    SCORES,
    WARMUPS,
    add_comparisons,
    add_warmups,
)
from warmup.reporting import figures
from warmup.reporting.figures import Data, FigureModule
from warmup.reporting.figures._style import RC
from warmup.reporting.paper import reported

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_STAMPS = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
    "png": ("Software",),
}
"""Dates and versions that matplotlib would write into a file."""


def save(figure: "Figure", name: str, folder: Path) -> None:
    """Write a figure as `{name}.svg`, `{name}.pdf` and `{name}.png`.

    The same data give the same bytes.
    """
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # once for all three
        figure.set_layout_engine("none")
    # not `figure.savefig`, which draws everything twice
    canvases: dict[str, Any] = {
        "png": FigureCanvasAgg(figure).print_png,  # first: the others leave another resolution
        "svg": FigureCanvasSVG(figure).print_svg,
        "pdf": FigureCanvasPdf(figure).print_pdf,
    }
    for suffix, draw in canvases.items():
        buffer = io.BytesIO()
        draw(buffer, metadata=dict.fromkeys(_STAMPS[suffix]))
        with atomic(folder / f"{name}.{suffix}") as temporary:
            temporary.write_bytes(buffer.getvalue())


def caption(module: FigureModule) -> str:
    """Return title and caption as reStructuredText that is a Jinja template, too.

    Snakemake's report takes it so. Marks of either stand for themselves.
    """
    title, text = (
        re.sub(r"[\\`*_|{]|(?<={)[%#]", r"\\\g<0>", words)
        for words in (module.TITLE, module.CAPTION)
    )
    return f"**{title}.** {text}\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, help="scores.tsv")
    add("--curves", type=Path, required=True, help="curves.tsv")
    add("--output-dir", type=Path, required=True, help="folder for {name}.svg, .pdf, .png, .rst")
    add("--only", metavar="NAME", help=f"draw one figure: {', '.join(figures.names())}")
    add_comparisons(parser)
    add_warmups(parser)
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Draw the figures of an experiment, each as SVG, PDF and PNG, and write their captions."""
    names = [options.only] if options.only else figures.names()
    modules = {name: figures.load(name) for name in names}
    experiment = experiment_summary.read(options.experiment)
    methods, decodings = experiment.methods, experiment.decodings
    said = WARMUPS.read_given(options.warmups)
    scores = SCORES.read(options.scores)
    if not methods.order:  # colours go by the order
        methods = Methods(tuple(sorted(set(scores["method"]))))
    data = Data(
        decodings.without_controls(scores),
        CURVES.read(options.curves),
        reported.read(),
        methods,
        COMPARISONS.read_given(options.comparisons),
        None if said is None else decodings.without_controls(said),
        decodings,
    )
    with mpl.rc_context(RC):
        for name, module in modules.items():
            save(module.draw(data), name, options.output_dir)
            write_text(options.output_dir / f"{name}.rst", caption(module))
