"""The grid of panels that most figures are, with its titles, names of axes and legend.

One panel a setting stands in rows of up to four, with one legend below. Where there are more
methods than colours, a row is a setting and a column what its ablations vary; each column has a
legend of its own, and that of the methods which stand in all panels is below.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.config.methods import Methods
from warmup.reporting.display_names import METHODS, label
from warmup.reporting.figures._facets import CONTEXT, Panel, belongs
from warmup.reporting.figures._panels import two_lines
from warmup.reporting.figures._style import WIDTH, look

COLUMNS = 4
_MARK, _LETTER = 0.5, 0.065
"""Inches that a mark of a legend takes with the space around it, and a letter."""
_NARROW = 15  # characters beside a mark in the legend of a column
_LINE = 0.13  # inches

Style = Literal["-", "none"]


class Grid:
    """A figure and the axes of its panels."""

    def __init__(self, panels: Iterable[Panel], methods: Methods, height: float = 1.6) -> None:
        """Make the figure.

        Args:
            panels: as `_facets.split` returns them.
            methods: their order, and what ablations vary.
            height: of a panel, in inches.
        """
        self._methods = methods
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
                axis.set_title(f"{two_lines(setting)}\n{setting.model}")
            elif index < self.columns:
                axis.set_title(textwrap.fill(aspect, _NARROW))

    @property
    def left(self) -> list[Axes]:
        """The panels of the first column."""
        return self.axes[:: self.columns]

    @property
    def lowest(self) -> list[Axes]:
        """The panels that name their axis: those of the last full row and of one below it.

        Where a row is not full, panels above its gap are lowest, and their neighbours go with them.
        """
        return self.axes[self.columns * max(len(self.axes) // self.columns - 1, 0) :]

    def name_x(self, words: str) -> None:
        """Name the horizontal axis."""
        for axis in self.lowest:
            axis.set_xlabel(words.replace(" (", "\n(") if self.rows_share else words)

    def name_y(self, axis: Axes, words: str) -> None:
        """Name the vertical axis of a panel, and its setting where it stands for a whole row."""
        if not self.rows_share:
            axis.set_ylabel(words)
        elif axis in self.left:
            setting = self._panels[self.axes.index(axis)].setting
            axis.set_ylabel("\n".join([two_lines(setting), setting.model, words]).strip())

    def legend(
        self,
        names: Iterable[str],
        *,
        style: Style = "-",
        extra: Sequence[Line2D] = (),
        before: str = "",
    ) -> None:
        """Put the methods' marks, joined by lines of `style`, and then `extra` under the panels.

        The word `before` stands in front of each name.
        """
        names = self._methods.sort(names)
        if self.rows_share:
            below = [name for name in names if name in CONTEXT]
            self._legends([name for name in names if name not in CONTEXT], style)
        else:
            below = names
        legend(self.figure, self._methods, below, style=style, extra=extra, before=before)

    def _legends(self, names: list[str], style: Style) -> None:
        """Put the methods of each column below it, in a row of the figure that holds no panel."""
        columns = [panel.aspect for panel in self._panels[: self.columns]]
        by_column = [
            [name for name in names if belongs(name, aspect, self._methods)] for aspect in columns
        ]
        texts = [
            [textwrap.fill(label(METHODS, name), _NARROW) for name in found] for found in by_column
        ]
        lines = max(sum(text.count("\n") + 1 for text in found) for found in texts)
        self.figure.set_figheight(self.figure.get_figheight() + _LINE * lines + 0.5)
        for axis, found, words in zip(self.lowest, by_column, texts, strict=True):
            axis.legend(
                handles=[
                    mark(name, self._methods, text, style)
                    for name, text in zip(found, words, strict=True)
                ],
                loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=7,
                fontsize=6, handlelength=1.2, handletextpad=0.4, labelspacing=0.3,
            )  # fmt: skip


def mark(name: str, methods: Methods, words: str, style: Style) -> Line2D:
    """Return a method's mark for a legend."""
    colour, marker = look(name, methods)
    return Line2D([], [], color=colour, marker=marker, linestyle=style, label=words)


def legend(
    figure: Figure,
    methods: Methods,
    names: Iterable[str],
    *,
    style: Style = "-",
    extra: Sequence[Line2D] = (),
    before: str = "",
) -> None:
    """Put marks of the methods and then `extra` under all panels of a figure."""
    handles = [
        mark(name, methods, f"{before}{label(METHODS, name)}", style)
        for name in methods.sort(names)
    ]
    handles += extra
    columns = len(handles) if len(handles) <= COLUMNS else 3
    texts = [str(handle.get_label()) for handle in handles]
    while columns > 1 and _width(texts, columns) > figure.get_figwidth():
        columns -= 1
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def _width(texts: Sequence[str], columns: int) -> float:
    """Return about how wide a legend is, in inches; it is filled column by column."""
    parts = np.array_split(
        texts, columns
    )  # as matplotlib divides them: the first may have one more
    return sum(_MARK + _LETTER * max(map(len, part)) for part in parts)
