"""How quantities of warmups change while they are learned, one line a run."""

import itertools
import textwrap
from collections.abc import Mapping
from typing import Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.reporting.figures import Data
from warmup.reporting.figures._curves import Curve, runs
from warmup.reporting.figures._facets import belongs, crowded, split
from warmup.reporting.figures._grid import Grid, legend
from warmup.reporting.figures._panels import count_ticks, message, two_lines
from warmup.reporting.figures._style import WIDTH, look

_OF_MANY = 3
"""Quantities that are shown, the first ones, where there are many methods."""
_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


class Quantities(NamedTuple):
    """What a figure shows."""

    labels: Mapping[str, str]
    """By their names in the training logs."""
    limits: tuple[float, float] | None = None
    """Of the vertical axes; None for those that fit."""


def draw(data: Data, quantities: Quantities) -> Figure:
    """Return the figure; a column a quantity, or of many methods a column what they vary."""
    curves = {name: found for name in quantities.labels if (found := runs(data, name))}
    everything = [curve for found in curves.values() for curve in found]
    if not everything:
        return message("No warmups to show: none of the methods has logged any.")
    models = sorted({curve.setting.model for curve in everything})
    if crowded((curve.method for curve in everything), data.methods):
        return _by_aspect(everything, curves, models, data, quantities)
    rows = list(dict.fromkeys(two_lines(curve.setting) for curve in everything))
    figure = Figure(figsize=(WIDTH, 1.35 * len(rows) + 0.7), layout="constrained")
    axes = figure.subplots(
        len(rows), len(curves), squeeze=False, sharex="row", sharey=quantities.limits is not None
    )
    for column, (quantity, found) in enumerate(curves.items()):
        axes[0, column].set_title(textwrap.fill(quantities.labels[quantity], 16))
        axes[-1, column].set_xlabel("updates")
        for curve in found:
            _line(axes[rows.index(two_lines(curve.setting)), column], curve, models, data)
    for axis in axes.flat:
        count_ticks(axis.xaxis)
        _limit(axis, quantities)
    for row, name in enumerate(rows):
        axes[row, 0].set_ylabel(name)
    names = (curve.method for curve in everything)
    legend(figure, data.methods, names, extra=_of_models(models))
    return figure


def _by_aspect(
    everything: list[Curve],
    curves: dict[str, list[Curve]],
    models: list[str],
    data: Data,
    quantities: Quantities,
) -> Figure:
    """Return a figure with a row a setting and quantity, and a column what is varied."""
    panels = list(split(everything, data.methods, lambda curve: (curve.setting, curve.method)))
    by_setting = group(panels, lambda panel: panel.setting)
    rows = [
        (quantity, panel)
        for found in by_setting.values()
        for quantity in list(curves)[:_OF_MANY]
        for panel in found
    ]
    grid = Grid((panel for _, panel in rows), data.methods, height=1.15)
    for axis, (quantity, (setting, aspect)) in zip(grid.axes, rows, strict=True):
        for curve in curves[quantity]:
            if curve.setting == setting and belongs(curve.method, aspect, data.methods):
                _line(axis, curve, models, data)
        grid.name_y(axis, quantities.labels[quantity].replace(" (", "\n("))
        count_ticks(axis.xaxis)
        _limit(axis, quantities)
    grid.name_x("updates")
    grid.legend((curve.method for curve in everything), extra=_of_models(models))
    return grid.figure


def _line(axis: Axes, curve: Curve, models: list[str], data: Data) -> None:
    style = _STYLES[models.index(curve.setting.model) % len(_STYLES)]
    colour, _ = look(curve.method, data.methods)
    axis.plot(curve.updates, curve.values, style, color=colour, linewidth=0.9)


def _limit(axis: Axes, quantities: Quantities) -> None:
    if quantities.limits:
        axis.set_ylim(*quantities.limits)


def _of_models(models: list[str]) -> list[Line2D]:
    """Return what the legend says of the styles of lines."""
    return [
        Line2D([], [], color="#333333", linestyle=style, label=model)
        for model, style in zip(models, itertools.cycle(_STYLES), strict=False)
    ]
