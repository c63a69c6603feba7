"""Gains of many methods: one row per method, ablations under a heading that says what they vary."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.config.methods import FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.reporting.estimates import Estimate
from warmup.reporting.figures._grid import title_of
from warmup.reporting.figures._style import WIDTH, look
from warmup.reporting.results import Results

COLUMNS = 2
_ROW = 0.16  # inches


def forest(title: str, gains: Sequence[Estimate], results: Results) -> Figure:
    """Return a figure with one panel per setting. The line of warmup runs through all rows.

    Args:
        title: of the figure.
        gains: by the task's first metric, ordered.
        results: for the order and names of methods, and what ablations vary.
    """
    settings = group(gains, lambda item: item.setting)
    lines = _lines(results.methods.sort(item.method for item in gains), results)
    columns = min(len(settings), COLUMNS)
    rows = -(-len(settings) // columns)
    height = rows * (_ROW * len(lines) + 0.9)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes: list[Axes] = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for spare in axes[len(settings) :]:
        spare.remove()
    for index, (axis, (setting, of_setting)) in enumerate(
        zip(axes, settings.items(), strict=False)
    ):
        _panel(axis, of_setting, [name for _, name in lines], results.methods)
        first = index % columns == 0
        axis.set_yticks(range(len(lines)), [words if first else "" for words, _ in lines])
        for (_, name), tick in zip(lines, axis.get_yticklabels(), strict=True):
            tick.set_fontweight("normal" if name else "bold")
        axis.set_title(results.names.setting(setting, "\n"))
        axis.set_xlabel(f"gain over SFT\n({metric_properties.head(of_setting[0].metric)}, points)")
    title_of(figure, title)
    return figure


def _lines(names: Sequence[str], results: Results) -> list[tuple[str, str]]:
    """Return the text and the method of each row; a heading has no method."""
    lines, above = list[tuple[str, str]](), ""
    for name in names:
        aspect = results.methods.aspect(name)
        if aspect and aspect != above:
            lines.append((aspect, ""))
        indent = "   " if aspect else ""
        lines.append((f"{indent}{results.methods.label(name)}", name))
        above = aspect
    return lines


def _panel(axis: Axes, gains: Sequence[Estimate], rows: Sequence[str], methods: Methods) -> None:
    axis.axvline(0, color="#333333", linewidth=0.8)
    for item in gains:
        colour, marker = look(item.method, methods)
        y = rows.index(item.method)
        axis.hlines(y, item.low, item.high, color=colour)
        axis.plot(item.mean, y, marker, color=colour)
        if item.method == FOCUS:
            axis.axvline(item.mean, color=colour, linewidth=0.8, linestyle=":")
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")
