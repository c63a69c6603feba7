"""Quality against how far the target has to look ahead."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.evaluation import metric_properties
from warmup.reporting.estimates import Estimate
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import legends, of_panels
from warmup.reporting.figures._panels import message, with_band
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "The score by the look-ahead that an item needs"
CAPTION = (
    "The task's first metric on the test items of each look-ahead: the number of steps that the "
    "beginning of the target depends on and that are only worked out after it (swaps in the shell "
    "game, words that change the state in agreement, reports that count in tally). Mean over "
    "seeds; bands are 95% intervals as in the tables. The dotted line is the accuracy of guessing, "
    "where it is known. The arrow says which scores are better. A line that gets worse shows "
    "what a method cannot work out before it begins its output." + MANY
)
_CHANCE: dict[str, Any] = {"color": "#333333", "linewidth": 0.8, "linestyle": ":"}


def draw(results: Results) -> Figure:
    """Return the figure: one line per method."""
    estimates = results.primary(results.lookahead)
    if not estimates:
        return message("No look-ahead to show: the items of these data sets have none.")
    panels = split(estimates, results.methods, lambda item: (item.setting, item.method))
    grid = of_panels(TITLE, panels, results)
    guessed = False
    for axis, of_panel in zip(grid.axes, panels.values(), strict=True):
        for method, points in group(of_panel, lambda item: item.method).items():
            points.sort(key=lambda item: item.lookahead or 0)
            with_band(axis, points, look(method, results.methods))
        if (chance := _chance(of_panel[0], results)) is not None:
            axis.axhline(chance, **_CHANCE)
            guessed = True
        axis.set_xticks(sorted({item.lookahead or 0 for item in of_panel}))
        axis.set_ylabel(metric_properties.head(of_panel[0].metric))
    grid.name_x("look-ahead (steps)")
    extra = [Line2D([], [], **_CHANCE, label="guessing")] if guessed else []
    legends(grid, panels, {item.method for item in estimates}, results, "both", extra=extra)
    return grid.figure


def _chance(item: Estimate, results: Results) -> float | None:
    """Return the score of guessing, if the metric is accuracy and it is known."""
    known = results.experiment.chance if item.metric == "accuracy" else {}
    return known.get(item.setting.dataset)
