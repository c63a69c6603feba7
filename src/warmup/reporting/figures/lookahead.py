"""Quality against how far the target has to look ahead."""

from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.evaluation import metric_properties
from warmup.reporting.estimates import lookahead_of, ordered, primary
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import message, whiskers
from warmup.reporting.figures._style import look

TITLE = "Quality against look-ahead"
CAPTION = (
    "The task's first metric on the test items of each look-ahead: the number of steps that the "
    "beginning of the target depends on and that are only worked out after it (swaps in the shell "
    "game, words that change the state in agreement, reports that count in tally). Mean over "
    "seeds; bars are 95% intervals as in the tables. The arrow says which scores are better. A "
    "line that gets worse shows what a method cannot work out before it begins to write." + MANY
)


def draw(data: Data) -> Figure:
    """Return the figure; a line a method."""
    estimates = primary(lookahead_of(data.scores), data.decodings)
    if not estimates:
        return message("No look-ahead to show: the items of these data sets carry none.")
    estimates = ordered(estimates, data.methods)
    panels = split(estimates, data.methods, lambda item: (item.setting, item.method))
    grid = Grid(panels, data.methods)
    for axis, found in zip(grid.axes, panels.values(), strict=True):
        methods = group(found, lambda item: item.method)
        for index, (method, points) in enumerate(methods.items()):
            points.sort(key=lambda item: item.lookahead or 0)
            whiskers(axis, points, look(method, data.methods), (index + 0.5) / len(methods))
        axis.set_xticks(sorted({item.lookahead or 0 for item in found}))
        grid.name_y(axis, metric_properties.head(found[0].metric))
    grid.name_x("look-ahead (steps)")
    grid.legend(item.method for item in estimates)
    return grid.figure
