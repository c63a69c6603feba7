"""Quality against training compute."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import MEAN
from warmup.reporting import estimates
from warmup.reporting.costs import costs_of
from warmup.reporting.estimates import Estimate
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import message, plain_log_ticks
from warmup.reporting.figures._style import look

TITLE = "Quality against training cost"
CAPTION = (
    "The task's first metric on the test items against the floating-point operations of training, "
    "counted, relative to those of SFT, on a logarithmic scale (a method that starts from another "
    "one's model includes what that one took, where the start is known). Bars are 95% intervals as "
    "in the tables; the arrow says which scores are better. Compare methods at the same place on "
    "the axis: they cost the same. Marks that would hide one another stand side by side, a tenth "
    "apart; the tables have the numbers." + MANY
)
_APART = 1.09
"""Ratio of two neighbours on the axis whose marks do not touch."""
_MARK = 0.05
"""Height of a mark, as a share of the range."""


def draw(data: Data) -> Figure:
    """Return the figure; a mark a method."""
    costs = {
        (item.setting, item.method): item.relative for item in costs_of(data.scores, data.methods)
    }
    points = []
    for item in estimates.ordered(
        estimates.primary(estimates.scores_of(data.scores), data.decodings), data.methods
    ):
        compute = costs.get((item.setting._replace(split="train"), item.method), math.nan)
        if compute > 0 and not item.setting.pair.startswith(MEAN):
            points.append((item, compute))
    if not points:
        return message(
            "No training cost to show: the scores hold no operations counted, or none of SFT."
        )
    panels = split(points, data.methods, lambda point: (point[0].setting, point[0].method))
    grid = Grid(panels, data.methods)
    for axis, found in zip(grid.axes, panels.values(), strict=True):
        places = _side_by_side(found)
        for (item, _), compute in zip(found, places, strict=True):
            colour, marker = look(item.method, data.methods)
            axis.vlines(compute, item.low, item.high, color=colour)
            axis.plot(compute, item.mean, marker, color=colour)
        axis.set_xscale("log")
        axis.margins(x=0.15, y=0.1)
        grid.name_y(axis, metric_properties.head(found[0][0].metric))
    for axis in grid.axes:
        plain_log_ticks(axis.xaxis)
    grid.name_x("compute (× SFT)")
    grid.legend((item.method for item, _ in points), style="none")
    return grid.figure


def _side_by_side(found: Sequence[tuple[Estimate, float]]) -> list[float]:
    """Return places on the logarithmic axis, those of marks that hide one another moved apart."""
    places = [compute for _, compute in found]
    low, high = min(item.low for item, _ in found), max(item.high for item, _ in found)
    room = _MARK * (high - low)
    groups: list[list[int]] = []
    for index in sorted(range(len(found)), key=lambda index: places[index]):
        item, compute = found[index]
        last = groups[-1] if groups else []
        hidden = any(
            compute < _APART * places[other]
            and item.low < found[other][0].high + room
            and item.high > found[other][0].low - room
            for other in last
        )
        groups = [*groups[:-1], [*last, index]] if hidden else [*groups, [index]]
    moved = list(places)
    for group in groups:
        middle = math.prod(places[index] for index in group) ** (1 / len(group))
        for rank, index in enumerate(sorted(group)):
            moved[index] = middle * _APART ** (rank - (len(group) - 1) / 2)
    return moved
