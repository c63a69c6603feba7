"""The grid of panels of most figures: blocks of panels, with a title above and a legend below.

Usually there is one block, with a panel per setting. If there are more methods than colours, a
block is a setting, and its panels are the settings that ablations vary; each panel then has its
own legend, and the methods of all panels have one below.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.config.methods import Methods
from warmup.reporting.figures._facets import CONTEXT, Panel, belongs
from warmup.reporting.figures._style import TITLE, WIDTH, look
from warmup.reporting.results import Results

WIDE, NARROW = 2, 3
"""Panels in a row: of settings; of what ablations vary, and of quantities."""
_MARK, _LETTER = 0.55, 0.073
"""Width in inches of a mark in a legend with the space around it, and of a letter."""
_LINE, _LEGEND_LINE = 0.17, 0.125
"""Height in inches of a line of a title, and of one in the legend of a panel."""
_TITLE = 62
"""Characters per line of the title of a figure."""

Style = Literal["line", "mark", "hollow", "both"]
"""How a figure shows a method: by a line, a mark, a hollow mark, or a line with marks."""


class Block(NamedTuple):
    """Panels under one heading."""

    heading: str
    """Empty if the titles of the panels suffice."""
    titles: Sequence[str]
    """Of the panels."""


class Grid:
    """A figure and the axes of its panels, in the order of the blocks."""

    def __init__(
        self,
        title: str,
        blocks: Sequence[Block],
        *,
        columns: int = WIDE,
        height: float = 1.7,
        legend_lines: int = 0,
        share: bool = False,
    ) -> None:
        """Create the figure.

        Args:
            title: what the figure says.
            blocks: at least one.
            columns: panels in a row, at most.
            height: of a panel, in inches.
            legend_lines: of the longest legend of a panel.
            share: whether the panels of a block have the same axes.
        """
        self._title = title
        self._columns = min(columns, max(len(block.titles) for block in blocks))
        row = height + _LEGEND_LINE * legend_lines
        heights = [
            row * -(-len(block.titles) // self._columns) + _LINE * bool(block.heading)
            for block in blocks
        ]
        self.figure = Figure(figsize=(WIDTH, sum(heights) + 0.7), layout="constrained")
        parts = self.figure.subfigures(len(blocks), 1, squeeze=False, height_ratios=heights)
        self.axes: list[Axes] = []
        self.left: list[Axes] = []
        self.lowest: list[Axes] = []
        for part, block in zip(parts.ravel(), blocks, strict=True):
            if block.heading:
                part.suptitle(block.heading, x=0.01, ha="left", fontweight="bold", fontsize=9)
            rows = -(-len(block.titles) // self._columns)
            axes = part.subplots(rows, self._columns, squeeze=False, sharex=share, sharey=share)
            flat = axes.ravel().tolist()
            self.left += axes[:, 0].tolist()
            for place, (axis, name) in enumerate(zip(flat, block.titles, strict=False)):
                axis.set_title(name)
                if place + self._columns >= len(block.titles):
                    axis.tick_params(labelbottom=True)
                    self.lowest.append(axis)
                self.axes.append(axis)
            for spare in flat[len(block.titles) :]:
                spare.remove()
        title_of(self.figure, title)

    def name_x(self, words: str) -> None:
        """Name the horizontal axis of the panels with none below them."""
        for axis in self.lowest:
            axis.set_xlabel(words)

    def name_y(self, words: str) -> None:
        """Name the vertical axis of the first panel in each row."""
        for axis in self.left:
            axis.set_ylabel(words)

    def legend(
        self, names: Iterable[str], results: Results, style: Style, extra: Sequence[Line2D] = ()
    ) -> None:
        """Put the marks of methods, and then `extra`, below all panels."""
        legend(self.figure, self._title, results, names, style=style, extra=extra)


def of_panels(title: str, panels: Iterable[Panel], results: Results, height: float = 1.7) -> Grid:
    """Return the grid of panels that `_facets.split` returns."""
    panels = list(panels)
    if not panels[0].aspect:
        titles = [results.names.setting(panel.setting, "\n") for panel in panels]
        return Grid(title, [Block("", titles)], height=height + _LINE)
    blocks = [
        Block(results.names.setting(setting), [panel.aspect for panel in of_setting])
        for setting, of_setting in group(panels, lambda panel: panel.setting).items()
    ]
    lines = 1 + max(len(_own(panel, results.methods)) for panel in panels)
    return Grid(title, blocks, columns=NARROW, height=1.2, legend_lines=lines, share=True)


def legends(
    grid: Grid,
    panels: Iterable[Panel],
    names: Iterable[str],
    results: Results,
    style: Style,
    *,
    extra: Sequence[Line2D] = (),
) -> None:
    """Put the methods of all panels, then `extra`, below the figure; those of one panel below it.

    A single method of all panels of an aspect is below each of them, too.
    """
    panels, names = list(panels), list(names)
    several = any(panel.aspect for panel in panels)
    shared = [name for name in names if name in CONTEXT or not several]
    of_each = shared if several and len(shared) == 1 else []
    if not of_each:
        grid.legend(shared, results, style, extra)
    for axis, panel in zip(grid.axes, panels, strict=True):
        if panel.aspect:
            axis.legend(
                handles=[
                    mark(name, results.methods, results.methods.label(name), style)
                    for name in [*_own(panel, results.methods), *of_each]
                ],
                loc="upper center", bbox_to_anchor=(0.5, 0),
                borderaxespad=4.2 if axis in grid.lowest else 2.8,
                fontsize=7, handlelength=1.4, handletextpad=0.4, labelspacing=0.2,
            )  # fmt: skip


def _own(panel: Panel, methods: Methods) -> list[str]:
    """Return the methods that only the panels of an aspect have."""
    return [
        name
        for name in methods.sort(methods.order)
        if name not in CONTEXT and belongs(name, panel.aspect, methods)
    ]


def title_of(figure: Figure, words: str) -> None:
    """Put the title above all panels."""
    text = textwrap.fill(words, _TITLE)
    height = figure.get_figheight() + 0.1 + _LINE * (text.count("\n") + 1)
    figure.set_figheight(height)
    figure.suptitle(text, **TITLE)


def mark(name: str, methods: Methods, text: str, style: Style) -> Line2D:
    """Return a method's mark for a legend."""
    colour, marker = look(name, methods)
    return Line2D(
        [], [], color=colour, label=text,
        marker="" if style == "line" else marker,
        markerfacecolor="none" if style == "hollow" else colour,
        linestyle="" if style in ("mark", "hollow") else "-",
    )  # fmt: skip


def legend(
    figure: Figure,
    title: str,
    results: Results,
    names: Iterable[str],
    *,
    style: Style,
    extra: Sequence[Line2D] = (),
    before: str = "",
) -> None:
    """Put marks of the methods and then `extra` below all panels of a figure.

    The text `before` precedes each name. A single method is named in the title instead.
    """
    handles = [
        mark(name, results.methods, f"{before}{results.methods.label(name)}", style)
        for name in results.methods.sort(names)
    ]
    handles += extra
    if len(handles) == 1:
        figure.suptitle(textwrap.fill(f"{title}: {handles[0].get_label()}", _TITLE), **TITLE)
        return
    columns = len(handles)
    texts = [str(handle.get_label()) for handle in handles]
    while columns > 1 and _width(texts, columns) > figure.get_figwidth():
        columns -= 1
    figure.set_figheight(figure.get_figheight() + _LINE * -(-len(handles) // columns))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _width(texts: Sequence[str], columns: int) -> float:
    """Return the approximate width of a legend in inches."""
    # matplotlib fills columns one after the other; the first ones may have one more entry
    by_column = np.array_split(texts, columns)
    return sum(_MARK + _LETTER * max(map(len, column)) for column in by_column)
