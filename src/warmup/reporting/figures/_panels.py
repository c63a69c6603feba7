"""Parts of panels that several figures share: lines with bands, ticks, messages."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from warmup.reporting.estimates import Estimate
from warmup.reporting.figures._curves import Curve, over_seeds
from warmup.reporting.figures._style import WIDTH

NOTHING = "nothing-to-show"
"""Marks, as `id` in the SVG, a figure that only says why there is nothing to show."""
SEEDS = " Lines are means over the seeds, bands reach from the lowest seed to the highest."
"""Sentence for the caption of a figure of `curve`."""
_BAND: dict[str, Any] = {"alpha": 0.18, "linewidth": 0}


def with_band(axis: Axes, points: Sequence[Estimate], look: tuple[str, str]) -> None:
    """Draw a line against look-ahead, with the intervals as a band.

    Args:
        axis: of the panel.
        points: in the order of their look-ahead.
        look: colour and marker.
    """
    colour, marker = look
    places = [item.lookahead or 0 for item in points]
    low, high = [item.low for item in points], [item.high for item in points]
    axis.fill_between(places, low, high, color=colour, **_BAND)
    axis.plot(places, [item.mean for item in points], color=colour, marker=marker)


def curve(
    axis: Axes, of_seeds: Iterable[Curve], colour: str, *, style: str = "-", begin: float = 0
) -> None:
    """Draw the curves of one method as a line and a band.

    Args:
        axis: of the panel.
        of_seeds: the curve of each seed.
        colour: of the method.
        style: of the line.
        begin: the update at which the curves begin.
    """
    updates, mean, low, high = over_seeds(of_seeds)
    places = [begin + update for update in updates]
    axis.fill_between(places, low, high, color=colour, **_BAND)
    axis.plot(places, mean, style, color=colour)


def plain_log_ticks(axis: Axis) -> None:
    """Put ticks on a logarithmic axis, written as plain numbers; call it after drawing.

    Ticks are at 1, 2, 3, 4, 6, 10, …; on an axis of more than a decade at 1, 2, 5, of more than two
    at powers of ten only.
    """
    low, high = axis.get_view_interval()
    subs = (1, 2, 3, 4, 6) if high < 10 * low else (1, 2, 5) if high < 100 * low else (1,)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def count_ticks(axis: Axis) -> None:
    """Put few ticks on an axis of counts, written as 500, 2k, 1M."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(EngFormatter(sep=""))


def message(text: str) -> Figure:
    """Return a figure that only says why there is nothing to show."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True, color="#555555", gid=NOTHING)
    return figure
