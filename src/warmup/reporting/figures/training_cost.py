"""Quality against training compute."""

import math

from matplotlib.figure import Figure

from warmup.evaluation import metric_properties
from warmup.reporting.estimates import is_mean
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import legends, of_panels
from warmup.reporting.figures._panels import message, plain_log_ticks
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "What each method's score costs in training"
CAPTION = (
    "The task's first metric on the test items against the floating-point operations of training, "
    "counted, relative to those of SFT, on a logarithmic scale (if a method starts from the model "
    "of another one, this includes the operations of that one, if it is known). Bars are 95% "
    "intervals as in the tables; the arrow says which scores are better. Methods at the same place "
    "on the axis cost the same; marks are hollow, so that those at one place remain visible." + MANY
)


def draw(results: Results) -> Figure:
    """Return the figure: one mark per method."""
    costs = {(cost.setting, cost.method): cost.relative for cost in results.costs}
    points = []
    for item in results.primary(results.estimates):
        compute = costs.get((item.setting._replace(split="train"), item.method), math.nan)
        if compute > 0 and not is_mean(item.setting):
            points.append((item, compute))
    if not points:
        return message(
            "No training cost to show: the scores have no counted operations, or none of SFT."
        )
    panels = split(points, results.methods, lambda point: (point[0].setting, point[0].method))
    grid = of_panels(TITLE, panels, results)
    for axis, of_panel in zip(grid.axes, panels.values(), strict=True):
        for item, compute in of_panel:
            colour, marker = look(item.method, results.methods)
            axis.vlines(compute, item.low, item.high, color=colour, alpha=0.6)
            axis.plot(
                compute, item.mean, marker, color=colour, markerfacecolor="none",
                markersize=6, markeredgewidth=1.4,
            )  # fmt: skip
        axis.set_xscale("log")
        axis.margins(x=0.12, y=0.1)
        axis.set_ylabel(metric_properties.head(of_panel[0][0].metric))
    for axis in grid.axes:
        plain_log_ticks(axis.xaxis)
    grid.name_x("compute (× SFT, log)")
    legends(grid, panels, {item.method for item, _ in points}, results, "hollow")
    return grid.figure
