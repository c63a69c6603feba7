"""Quantities of warmups during training, a line and a band per method."""

import itertools
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.evaluation.result_tables import VALIDATION
from warmup.reporting.figures._curves import Curve, runs
from warmup.reporting.figures._facets import Panel, belongs, crowded, split
from warmup.reporting.figures._grid import NARROW, Block, Grid, legends, of_panels
from warmup.reporting.figures._panels import count_ticks, curve, message
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results
from warmup.reporting.warmup_quantities import head, is_share

ONE = " There is then only the first quantity. Line styles are models."
"""Sentences for the caption of a figure of `figure_of`, after `MANY`."""
_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


def figure_of(title: str, results: Results, quantities: Sequence[str]) -> Figure:
    """Return the figure: a block of panels per data set, with one panel per quantity.

    With more methods than colours it shows the first quantity only, one panel per varied setting.
    """
    curves = {name: shown for name in quantities if (shown := _in_percent(results, name))}
    if not curves:
        return message("No warmups to show: none of the methods has logged any.")
    everything = list(itertools.chain.from_iterable(curves.values()))
    if crowded((curve.method for curve in everything), results.methods):
        name, of_runs = next(iter(curves.items()))
        return _by_aspect(title, name, of_runs, results)
    models = sorted({curve.setting.model for curve in everything})
    blocks = list(dict.fromkeys(results.names.data(curve.setting) for curve in everything))
    heads = [_head(name) for name in curves]
    grid = Grid(title, [Block(name, heads) for name in blocks], columns=NARROW, height=1.35)
    places = itertools.product(blocks, curves.items())
    for axis, (block, (name, of_runs)) in zip(grid.axes, places, strict=True):
        here = [curve for curve in of_runs if results.names.data(curve.setting) == block]
        for (model, method), of_seeds in group(
            here, lambda curve: (curve.setting.model, curve.method)
        ).items():
            style = _STYLES[models.index(model) % len(_STYLES)]
            curve(axis, of_seeds, look(method, results.methods)[0], style=style)
        _finish(axis, name)
    grid.name_x("updates")
    methods = {curve.method for curve in everything}
    grid.legend(methods, results, "line", _of_models(everything, models, results))
    return grid.figure


def _by_aspect(title: str, name: str, curves: list[Curve], results: Results) -> Figure:
    """Return a figure of one quantity: a block per setting, a panel per varied setting."""
    panels: list[Panel] = list(
        split(curves, results.methods, lambda curve: (curve.setting, curve.method))
    )
    grid = of_panels(f"{title}: {_head(name)}", panels, results)
    for axis, (setting, aspect) in zip(grid.axes, panels, strict=True):
        here = [curve for curve in curves if curve.setting == setting]
        for method, of_seeds in group(here, lambda curve: curve.method).items():
            if belongs(method, aspect, results.methods):
                curve(axis, of_seeds, look(method, results.methods)[0])
        _finish(axis, name)
    grid.name_x("updates")
    legends(grid, panels, {curve.method for curve in curves}, results, "line")
    return grid.figure


def _in_percent(results: Results, name: str) -> list[Curve]:
    """Return the curves of a quantity, shares in %."""
    factor = 100 if is_share(name.removeprefix(VALIDATION)) else 1
    return [
        curve._replace(values=[factor * value for value in curve.values])
        for curve in runs(results, name)
    ]


def _head(name: str) -> str:
    return head(name.removeprefix(VALIDATION))


def _finish(axis: Axes, name: str) -> None:
    count_ticks(axis.xaxis)
    if is_share(name.removeprefix(VALIDATION)):
        axis.set_ylim(-5, 105)


def _of_models(curves: list[Curve], models: list[str], results: Results) -> list[Line2D]:
    """Return the entries of the legend for the line styles of models, if there are several."""
    if len(models) == 1:
        return []
    labels = {curve.setting.model: results.names.model(curve.setting.model) for curve in curves}
    return [
        Line2D([], [], color="#333333", linestyle=style, label=labels[model])
        for model, style in zip(models, itertools.cycle(_STYLES), strict=False)
    ]
