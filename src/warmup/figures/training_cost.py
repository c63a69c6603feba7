"""Quality against training compute."""

import math

from matplotlib.figure import Figure

from warmup import summary
from warmup.figures import Data
from warmup.figures._panels import grid, legend, lowest, message, plain_log_ticks
from warmup.figures._style import look
from warmup.labels import METRICS, label

TITLE = "Quality against training cost"
CAPTION = (
    "The task's first metric on the test items against the floating-point operations of training, "
    "counted, relative to those of SFT, on a logarithmic scale (a method that starts from another "
    "one's model includes what that one took, where the start is known). Bars are 95% intervals as "
    "in the tables. Compare methods at the same place on the axis: they cost the same."
)


def draw(data: Data) -> Figure:
    """Return the figure; a panel a setting, a mark a method."""
    costs = {
        (item.setting, item.method): item.relative
        for item in summary.costs_of(data.scores, data.methods)
    }
    points = []
    for item in summary.ordered(summary.primary(summary.scores_of(data.scores)), data.methods):
        compute = costs.get((item.setting._replace(split="train"), item.method), math.nan)
        if compute > 0 and not item.setting.pair.startswith(summary.MEAN):
            points.append((item, compute))
    if not points:
        return message(
            "No training cost to show: the scores hold no operations counted, or none of SFT."
        )
    settings = summary.group(points, lambda point: point[0].setting)
    figure, axes = grid(list(settings))
    for axis, found in zip(axes, settings.values(), strict=True):
        for item, compute in found:
            colour, marker = look(item.method)
            axis.vlines(compute, item.low, item.high, color=colour)
            axis.plot(compute, item.mean, marker, color=colour)
        axis.set_xscale("log")
        plain_log_ticks(axis.xaxis)
        axis.margins(x=0.15, y=0.1)
        axis.set_ylabel(label(METRICS, found[0][0].metric))
    for axis in lowest(axes):
        axis.set_xlabel("compute (× SFT)")
    legend(figure, data.methods, (item.method for item, _ in points), style="none")
    return figure
