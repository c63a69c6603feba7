"""Draw the figures of an experiment: `warmup figures`.

Each figure is written as .svg, .pdf and .png, and its caption as .rst.
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
from warmup.reporting import figures, results
from warmup.reporting.figures import FigureModule
from warmup.reporting.figures._style import RC

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_STAMPS = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
    "png": ("Software",),
}
"""Kind of file -> dates and versions that matplotlib would write into it."""


def save(figure: "Figure", name: str, folder: Path) -> None:
    """Write a figure as `{name}.svg`, `{name}.pdf` and `{name}.png`.

    The same data give the same bytes.
    """
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # lay out once for all three files
        figure.set_layout_engine("none")
    # `figure.savefig` would draw everything twice
    canvases: dict[str, Any] = {
        "png": FigureCanvasAgg(figure).print_png,  # first, because the others change the resolution
        "svg": FigureCanvasSVG(figure).print_svg,
        "pdf": FigureCanvasPdf(figure).print_pdf,
    }
    for suffix, draw in canvases.items():
        buffer = io.BytesIO()
        draw(buffer, metadata=dict.fromkeys(_STAMPS[suffix]))
        with atomic(folder / f"{name}.{suffix}") as temporary:
            temporary.write_bytes(buffer.getvalue())


def caption(module: FigureModule) -> str:
    """Return title and caption as reStructuredText for Snakemake's report.

    Snakemake also reads it as a Jinja template. Marks of both languages are escaped.
    """
    title, text = (
        re.sub(r"[\\`*_|{]|(?<={)[%#]", r"\\\g<0>", text) for text in (module.TITLE, module.CAPTION)
    )
    return f"**{title}.** {text}\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--output-dir", type=Path, required=True, help="folder for {name}.svg, .pdf, .png, .rst")
    add("--only", metavar="NAME", help=f"draw one figure: {', '.join(figures.names())}")
    results.add_options(parser)


def run(options: argparse.Namespace) -> None:
    """Draw the figures of an experiment, each as SVG, PDF and PNG, and write their captions."""
    names = figures.names() if options.only is None else [options.only]
    modules = {name: figures.load(name) for name in names}
    shown = results.read(options)
    with mpl.rc_context(RC):
        for name, module in modules.items():
            save(module.draw(shown), name, options.output_dir)
            write_text(options.output_dir / f"{name}.rst", caption(module))
