"""Quality against how far the target has to look ahead."""

from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.evaluation import metric_properties
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
    "seeds; bands are 95% intervals as in the tables. The arrow says which scores are better. A "
    "line that gets worse shows what a method cannot work out before it begins its output." + MANY
)


def draw(results: Results) -> Figure:
    """Return the figure: one line per method."""
    estimates = results.primary(results.lookahead)
    if not estimates:
        return message("No look-ahead to show: the items of these data sets have none.")
    panels = split(estimates, results.methods, lambda item: (item.setting, item.method))
    grid = of_panels(TITLE, panels, results)
    for axis, of_panel in zip(grid.axes, panels.values(), strict=True):
        for method, points in group(of_panel, lambda item: item.method).items():
            points.sort(key=lambda item: item.lookahead or 0)
            with_band(axis, points, look(method, results.methods))
        axis.set_xticks(sorted({item.lookahead or 0 for item in of_panel}))
        axis.set_ylabel(metric_properties.head(of_panel[0].metric))
    grid.name_x("look-ahead (steps)")
    legends(grid, panels, {item.method for item in estimates}, results, "both")
    return grid.figure
