"""The grid of panels of most figures, with titles, names of axes and legend.

There is one panel per setting, up to four in a row, with one legend below. If there are more
methods than colours, each row is a setting and each column a setting that ablations vary. Each
column then has its own legend, and the methods of all panels have one below.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.config.methods import Methods
from warmup.reporting.figures._facets import CONTEXT, Panel, belongs
from warmup.reporting.figures._panels import title
from warmup.reporting.figures._style import WIDTH, look
from warmup.reporting.results import Results

COLUMNS = 4
_MARK, _LETTER = 0.5, 0.065
"""Width in inches of a mark in a legend with the space around it, and of a letter."""
_NARROW = 15  # characters per line in the legend of a column
_LINE = 0.13  # inches

Style = Literal["-", "none"]


class Grid:
    """A figure and the axes of its panels."""

    def __init__(self, panels: Iterable[Panel], results: Results, height: float = 1.6) -> None:
        """Create the figure.

        Args:
            panels: as `_facets.split` returns them.
            results: for the order and names of methods, and what ablations vary.
            height: of a panel, in inches.
        """
        self._results = results
        self._panels = list(panels)
        aspects = list(dict.fromkeys(panel.aspect for panel in self._panels))
        self.rows_share = aspects != [""]
        """Whether the panels of a row have the same axes."""
        if self.rows_share:
            self.columns = len(aspects)
            rows, width = len(self._panels) // self.columns, WIDTH
        else:
            rows = -(-len(self._panels) // COLUMNS)
            self.columns = -(-len(self._panels) // rows)
            width = WIDTH * max(self.columns, 2) / COLUMNS
        self.figure = Figure(figsize=(width, height * rows + 0.6), layout="constrained")
        share: Literal["row", "none"] = "row" if self.rows_share else "none"
        grid = self.figure.subplots(rows, self.columns, squeeze=False, sharex=share, sharey=share)
        self.axes: list[Axes] = grid.ravel().tolist()
        for spare in self.axes[len(self._panels) :]:
            spare.remove()
        self.axes = self.axes[: len(self._panels)]
        for index, (axis, (setting, aspect)) in enumerate(
            zip(self.axes, self._panels, strict=True)
        ):
            if not aspect:
                axis.set_title(title(setting, results.names))
            elif index < self.columns:
                axis.set_title(textwrap.fill(aspect, _NARROW))

    @property
    def left(self) -> list[Axes]:
        """The panels of the first column."""
        return self.axes[:: self.columns]

    @property
    def lowest(self) -> list[Axes]:
        """The panels that name their axis: those of the last full row and of a row below it.

        If the last row is not full, panels above its gap are lowest; their neighbours name it too.
        """
        return self.axes[self.columns * max(len(self.axes) // self.columns - 1, 0) :]

    def name_x(self, words: str) -> None:
        """Name the horizontal axis."""
        for axis in self.lowest:
            axis.set_xlabel(words.replace(" (", "\n(") if self.rows_share else words)

    def name_y(self, axis: Axes, words: str) -> None:
        """Name the vertical axis of a panel, and its setting if the whole row is of one setting."""
        if not self.rows_share:
            axis.set_ylabel(words)
        elif axis in self.left:
            setting = self._panels[self.axes.index(axis)].setting
            axis.set_ylabel(f"{title(setting, self._results.names)}\n{words}".strip())

    def legend(
        self,
        names: Iterable[str],
        *,
        style: Style = "-",
        extra: Sequence[Line2D] = (),
        before: str = "",
    ) -> None:
        """Put the marks of methods, with lines of `style`, and then `extra` below the panels.

        The text `before` precedes each name.
        """
        names = self._results.methods.sort(names)
        if self.rows_share:
            below = [name for name in names if name in CONTEXT]
            self._legends([name for name in names if name not in CONTEXT], style)
        else:
            below = names
        legend(self.figure, self._results, below, style=style, extra=extra, before=before)

    def _legends(self, names: list[str], style: Style) -> None:
        """Put the methods of each column below it, in a row of the figure without panels."""
        columns = [panel.aspect for panel in self._panels[: self.columns]]
        by_column = [
            [name for name in names if belongs(name, aspect, self._results.methods)]
            for aspect in columns
        ]
        texts = [
            [textwrap.fill(self._results.methods.label(name), _NARROW) for name in of_column]
            for of_column in by_column
        ]
        lines = max(sum(text.count("\n") + 1 for text in of_column) for of_column in texts)
        self.figure.set_figheight(self.figure.get_figheight() + _LINE * lines + 0.5)
        for axis, of_column, labels in zip(self.lowest, by_column, texts, strict=True):
            axis.legend(
                handles=[
                    mark(name, self._results.methods, text, style)
                    for name, text in zip(of_column, labels, strict=True)
                ],
                loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=7,
                fontsize=6, handlelength=1.2, handletextpad=0.4, labelspacing=0.3,
            )  # fmt: skip


def mark(name: str, methods: Methods, text: str, style: Style) -> Line2D:
    """Return a method's mark for a legend."""
    colour, marker = look(name, methods)
    return Line2D([], [], color=colour, marker=marker, linestyle=style, label=text)


def legend(
    figure: Figure,
    results: Results,
    names: Iterable[str],
    *,
    style: Style = "-",
    extra: Sequence[Line2D] = (),
    before: str = "",
) -> None:
    """Put marks of the methods and then `extra` below all panels of a figure."""
    handles = [
        mark(name, results.methods, f"{before}{results.methods.label(name)}", style)
        for name in results.methods.sort(names)
    ]
    handles += extra
    columns = len(handles) if len(handles) <= COLUMNS else 3
    texts = [str(handle.get_label()) for handle in handles]
    while columns > 1 and _width(texts, columns) > figure.get_figwidth():
        columns -= 1
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _width(texts: Sequence[str], columns: int) -> float:
    """Return the approximate width of a legend in inches."""
    # matplotlib fills columns one after the other; the first ones may have one more entry
    by_column = np.array_split(texts, columns)
    return sum(_MARK + _LETTER * max(map(len, column)) for column in by_column)
