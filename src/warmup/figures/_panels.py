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
from warmup.summary import Estimate, Setting

COLUMNS = 4
_LONG = 20  # characters


def grid(settings: Sequence[Setting], height: float = 1.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with one titled panel a setting, in rows as equal as can be.

    Args:
        settings: what the panels show; at most `COLUMNS` stand in a row.
        height: of a panel, in inches.
    """
    rows = -(-len(settings) // COLUMNS)
    columns = -(-len(settings) // rows)
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
    place = axes[0].get_subplotspec()
    columns = place.get_gridspec().ncols if place else 1
    return axes[columns * max(len(axes) // columns - 1, 0) :]


def whiskers(axis: Axes, points: Sequence[Estimate], name: str, place: float) -> None:
    """Draw a line against look-ahead, with intervals.

    Args:
        axis: where.
        points: in the order of their look-ahead.
        name: of the method that the line looks like.
        place: of the line among all, above 0 and below 1: intervals do not hide one another.
    """
    colour, marker = look(name)
    shift = 0.24 * (place - 0.5)
    places = [(item.lookahead or 0) + shift for item in points]
    low, high = [item.low for item in points], [item.high for item in points]
    axis.vlines(places, low, high, color=colour, alpha=0.5)
    axis.plot(places, [item.mean for item in points], color=colour, marker=marker)


def legend(
    figure: Figure,
    methods: Methods,
    names: Iterable[str],
    *,
    style: Literal["-", "none"] = "-",
    extra: Sequence[Line2D] = (),
    before: str = "",
) -> None:
    """Put the methods' marks, joined by lines of `style`, and then `extra` under the panels.

    The word `before` stands in front of each name.
    """
    handles = []
    for name in methods.sort(names):
        colour, marker = look(name)
        words = f"{before}{label(METHODS, name)}"
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
