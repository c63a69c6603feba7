"""Figures of several panels: a grid of them, and one legend for all."""

from collections.abc import Iterable, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from warmup.figures._style import WIDTH, look
from warmup.labels import METHODS, label
from warmup.methods import Methods
from warmup.summary import Setting

COLUMNS = 4
_LONG = 20  # characters


def grid(settings: Sequence[Setting], height: float = 1.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with one titled panel a setting, `COLUMNS` in a row; height in inches."""
    columns = min(COLUMNS, len(settings))
    rows = -(-len(settings) // columns)
    width = WIDTH * max(columns, 2) / COLUMNS
    figure = Figure(figsize=(width, height * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for spare in axes[len(settings) :]:
        spare.remove()
    for axis, setting in zip(axes, settings, strict=False):
        axis.set_title(f"{two_lines(setting)}\n{setting.model}")
    return figure, axes[: len(settings)]


def lowest(axes: list[Axes]) -> list[Axes]:
    """Return the panels that name their axis: those of the last full row and of one below it.

    Where a row is not full, panels above its gap are lowest, and their neighbours go with them.
    """
    return axes[COLUMNS * max(len(axes) // COLUMNS - 1, 0) :]


def legend(
    figure: Figure,
    methods: Methods,
    names: Iterable[str],
    style: Literal["-", "none"] = "-",
    extra: Sequence[Line2D] = (),
) -> None:
    """Put the methods' marks, joined by lines of `style`, and then `extra` under the panels."""
    handles = []
    for name in methods.sort(names):
        colour, marker = look(name)
        words = label(METHODS, name)
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle=style, label=words))
    handles += extra
    columns = len(handles) if len(handles) <= COLUMNS else 3
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def two_lines(setting: Setting) -> str:
    """Return the name of the data, in two lines if it is long."""
    return setting.data if len(setting.data) <= _LONG else setting.data.replace(" ", "\n", 1)


def plain_log_ticks(axis: Axis) -> None:
    """Put ticks on a logarithmic axis at 1, 2, 5, 10, …, written as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def count_ticks(axis: Axis) -> None:
    """Put few ticks on an axis of counts, written as 500, 2k, 1M."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(EngFormatter(sep=""))


def message(text: str) -> Figure:
    """Return a figure that says in words what there is not to be seen."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True, color="#555555")
    return figure
