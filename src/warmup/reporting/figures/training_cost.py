"""Quality against training compute."""

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from warmup.evaluation import metric_properties
from warmup.reporting.estimates import Estimate, is_mean
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import message, plain_log_ticks
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "Quality against training cost"
CAPTION = (
    "The task's first metric on the test items against the floating-point operations of training, "
    "counted, relative to those of SFT, on a logarithmic scale (if a method starts from the model "
    "of another one, this includes the operations of that one, if it is known). Bars are 95% "
    "intervals as in the tables; the arrow says which scores are better. Methods at the same place "
    "on the axis cost the same. Marks that would overlap are moved apart by a tenth; the tables "
    "have the numbers." + MANY
)
_APART = 1.09
"""Ratio of two neighbours on the axis whose marks do not touch."""
_MARK = 0.05
"""Height of a mark, as a share of the range."""


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
    grid = Grid(panels, results)
    for axis, of_panel in zip(grid.axes, panels.values(), strict=True):
        places = _side_by_side(of_panel)
        for (item, _), compute in zip(of_panel, places, strict=True):
            colour, marker = look(item.method, results.methods)
            axis.vlines(compute, item.low, item.high, color=colour)
            axis.plot(compute, item.mean, marker, color=colour)
        axis.set_xscale("log")
        axis.margins(x=0.15, y=0.1)
        grid.name_y(axis, metric_properties.head(of_panel[0][0].metric))
    for axis in grid.axes:
        plain_log_ticks(axis.xaxis)
    grid.name_x("compute (× SFT)")
    grid.legend((item.method for item, _ in points), style="none")
    return grid.figure


def _side_by_side(points: Sequence[tuple[Estimate, float]]) -> list[float]:
    """Return places on the logarithmic axis; marks that would overlap are moved apart."""
    places = [compute for _, compute in points]
    low, high = min(item.low for item, _ in points), max(item.high for item, _ in points)
    room = _MARK * (high - low)
    groups: list[list[int]] = []
    for index in sorted(range(len(points)), key=lambda index: places[index]):
        item, compute = points[index]
        last = groups[-1] if groups else []
        hidden = any(
            compute < _APART * places[other]
            and item.low < points[other][0].high + room
            and item.high > points[other][0].low - room
            for other in last
        )
        groups = [*groups[:-1], [*last, index]] if hidden else [*groups, [index]]
    moved = list(places)
    for group in groups:
        middle = math.prod(places[index] for index in group) ** (1 / len(group))
        for rank, index in enumerate(sorted(group)):
            moved[index] = middle * _APART ** (rank - (len(group) - 1) / 2)
    return moved
