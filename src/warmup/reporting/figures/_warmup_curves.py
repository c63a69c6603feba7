"""Quantities of warmups during training, one line per run."""

import itertools
import textwrap
from collections.abc import Mapping
from typing import Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.config.names import Names
from warmup.reporting.figures._curves import Curve, runs
from warmup.reporting.figures._facets import belongs, crowded, split
from warmup.reporting.figures._grid import Grid, legend
from warmup.reporting.figures._panels import count_ticks, message, two_lines
from warmup.reporting.figures._style import WIDTH, look
from warmup.reporting.results import Results

_OF_MANY = 3
"""Number of quantities that are shown if there are many methods: the first ones."""
_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


class Quantities(NamedTuple):
    """The quantities of a figure, with their names."""

    labels: Mapping[str, str]
    """Name in the training logs -> name in the figure."""
    limits: tuple[float, float] | None = None
    """Limits of the vertical axes; None to fit the values."""


def figure_of(results: Results, quantities: Quantities) -> Figure:
    """Return the figure: one column per quantity, or with many methods per varied setting."""
    curves = {name: of_runs for name in quantities.labels if (of_runs := runs(results, name))}
    everything = [curve for of_runs in curves.values() for curve in of_runs]
    if not everything:
        return message("No warmups to show: none of the methods has logged any.")
    models = sorted({curve.setting.model for curve in everything})
    if crowded((curve.method for curve in everything), results.methods):
        return _by_aspect(everything, curves, models, results, quantities)
    rows = list(dict.fromkeys(two_lines(curve.setting, results.names) for curve in everything))
    figure = Figure(figsize=(WIDTH, 1.35 * len(rows) + 0.7), layout="constrained")
    axes = figure.subplots(
        len(rows), len(curves), squeeze=False, sharex="row", sharey=quantities.limits is not None
    )
    for column, (quantity, of_runs) in enumerate(curves.items()):
        axes[0, column].set_title(textwrap.fill(quantities.labels[quantity], 16))
        axes[-1, column].set_xlabel("updates")
        for curve in of_runs:
            _line(
                axes[rows.index(two_lines(curve.setting, results.names)), column],
                curve,
                models,
                results,
            )
    for axis in axes.flat:
        count_ticks(axis.xaxis)
        _limit(axis, quantities)
    for row, name in enumerate(rows):
        axes[row, 0].set_ylabel(name)
    names = (curve.method for curve in everything)
    legend(figure, results, names, extra=_of_models(models, results.names))
    return figure


def _by_aspect(
    everything: list[Curve],
    curves: dict[str, list[Curve]],
    models: list[str],
    results: Results,
    quantities: Quantities,
) -> Figure:
    """Return a figure with one row per setting and quantity, one column per varied setting."""
    panels = list(split(everything, results.methods, lambda curve: (curve.setting, curve.method)))
    by_setting = group(panels, lambda panel: panel.setting)
    rows = [
        (quantity, panel)
        for of_setting in by_setting.values()
        for quantity in list(curves)[:_OF_MANY]
        for panel in of_setting
    ]
    grid = Grid((panel for _, panel in rows), results, height=1.15)
    for axis, (quantity, (setting, aspect)) in zip(grid.axes, rows, strict=True):
        for curve in curves[quantity]:
            if curve.setting == setting and belongs(curve.method, aspect, results.methods):
                _line(axis, curve, models, results)
        grid.name_y(axis, quantities.labels[quantity].replace(" (", "\n("))
        count_ticks(axis.xaxis)
        _limit(axis, quantities)
    grid.name_x("updates")
    grid.legend((curve.method for curve in everything), extra=_of_models(models, results.names))
    return grid.figure


def _line(axis: Axes, curve: Curve, models: list[str], results: Results) -> None:
    style = _STYLES[models.index(curve.setting.model) % len(_STYLES)]
    colour, _ = look(curve.method, results.methods)
    axis.plot(curve.updates, curve.values, style, color=colour, linewidth=0.9)


def _limit(axis: Axes, quantities: Quantities) -> None:
    if quantities.limits:
        axis.set_ylim(*quantities.limits)


def _of_models(models: list[str], names: Names) -> list[Line2D]:
    """Return the entries of the legend for the line styles of models."""
    return [
        Line2D([], [], color="#333333", linestyle=style, label=names.model(model))
        for model, style in zip(models, itertools.cycle(_STYLES), strict=False)
    ]
