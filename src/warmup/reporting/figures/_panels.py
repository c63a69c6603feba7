"""Parts of panels that several figures share: lines with intervals, ticks, messages."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from warmup.common.keys import Setting
from warmup.config.names import Names
from warmup.reporting.estimates import Estimate
from warmup.reporting.figures._style import WIDTH

_LONG = 20  # characters


def whiskers(axis: Axes, points: Sequence[Estimate], look: tuple[str, str], place: float) -> None:
    """Draw a line against look-ahead, with intervals.

    Args:
        axis: of the panel.
        points: in the order of their look-ahead.
        look: colour and marker.
        place: of the line among all lines, between 0 and 1, so that intervals do not overlap.
    """
    colour, marker = look
    shift = 0.24 * (place - 0.5)
    places = [(item.lookahead or 0) + shift for item in points]
    low, high = [item.low for item in points], [item.high for item in points]
    axis.vlines(places, low, high, color=colour, alpha=0.5)
    axis.plot(places, [item.mean for item in points], color=colour, marker=marker)


def two_lines(setting: Setting, names: Names) -> str:
    """Return the name of the data, in two lines if it is long."""
    data = names.data(setting)
    return data if len(data) <= _LONG else data.replace(" ", "\n", 1)


def title(setting: Setting, names: Names) -> str:
    """Return the title of a setting's panel: data and model, on lines of their own."""
    return f"{two_lines(setting, names)}\n{names.model(setting.model)}"


def plain_log_ticks(axis: Axis) -> None:
    """Put ticks on a logarithmic axis, written as plain numbers; call it after drawing.

    Ticks are at 1, 2, 5, 10, …; on an axis of more than two decades at powers of ten only.
    """
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def count_ticks(axis: Axis) -> None:
    """Put few ticks on an axis of counts, written as 500, 2k, 1M."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(EngFormatter(sep=""))


def message(text: str) -> Figure:
    """Return a figure that only says why there is nothing to show."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True, color="#555555")
    return figure
