"""Gain over SFT per data set, language pair and model."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.config.methods import BASELINE
from warmup.evaluation import metric_properties
from warmup.reporting import estimates
from warmup.reporting.display_names import TASKS, label
from warmup.reporting.estimates import Estimate
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import crowded
from warmup.reporting.figures._forest import forest
from warmup.reporting.figures._grid import legend
from warmup.reporting.figures._panels import message
from warmup.reporting.figures._style import WIDTH, look
from warmup.reporting.gains import gains as gains_of

TITLE = "Gain over SFT"
CAPTION = (
    "Score less that of SFT on the test items, in points, per data set, language pair and model, "
    "with 95% intervals (over seeds; with one seed over items, as in the table of gains). Right of "
    "the line at 0 a method is better than SFT where the axis says ↑, left of it where it says ↓; "
    "an interval that crosses the line leaves that open. "
    "Hollow diamonds are gains that the paper reports for its own data and models, without "
    "interval: a comparison of size, not measured here. Where there are many methods, each has a "
    "row of its own, by what it varies; the dotted line is warmup's, and what the paper reports is "
    "left to the tables."
)
_REPORTED: dict[str, Any] = {
    "marker": "D", "color": "#333333", "markerfacecolor": "white", "linestyle": "none",
}  # fmt: skip


def draw(data: Data) -> Figure:
    """Return the figure; a panel a task."""
    gains = estimates.primary(gains_of(data.scores, data.tested), data.decodings)
    gains = estimates.ordered(gains, data.methods)
    if not gains:
        return message("No gains to show: no method was evaluated beside SFT on the same data.")
    if crowded({item.method for item in gains} | {BASELINE}, data.methods):
        return forest(gains, data)
    tasks = group(gains, lambda item: item.setting.task)
    claims = {task: _claims(data, task, found[0].metric) for task, found in tasks.items()}
    rows = [
        len({item.setting for item in found}) + len(claims[task]) for task, found in tasks.items()
    ]
    of_row = 0.15 + 0.05 * len({item.method for item in gains})
    height = of_row * sum(rows) + 0.65 * len(rows) + 0.6
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False, height_ratios=rows).ravel()
    for axis, (task, found) in zip(axes, tasks.items(), strict=True):
        _panel(axis, found, claims[task], data)
        axis.set_title(label(TASKS, task), loc="left", fontweight="bold")
        axis.set_xlabel(f"gain over SFT ({metric_properties.head(found[0].metric)}, points)")
    hollow = Line2D([], [], **_REPORTED, label="reported in the paper")
    extra = [hollow] if any(claims.values()) else []
    legend(figure, data.methods, (item.method for item in gains), extra=extra)
    return figure


def _claims(data: Data, task: str, metric: str) -> list[tuple[str, float]]:
    claims = data.claims
    wanted = claims[
        (claims["task"] == task) & (claims["metric"] == metric) & (claims["quantity"] == "gain")
    ]
    return [
        (f"reported: {row['dataset']} {row['pair']}, {row['model']}", float(row["value"]))
        for row in wanted.to_dict("records")
    ]


def _panel(axis: Axes, gains: list[Estimate], claims: list[tuple[str, float]], data: Data) -> None:
    names = data.methods.sort(item.method for item in gains)
    settings = group(gains, lambda item: item.setting)
    axis.axvline(0, color="#333333", linewidth=0.8)
    for row, found in enumerate(settings.values()):
        for item in found:
            y = row + 0.7 * ((names.index(item.method) + 0.5) / len(names) - 0.5)
            colour, marker = look(item.method, data.methods)
            axis.hlines(y, item.low, item.high, color=colour)
            axis.plot(item.mean, y, marker, color=colour)
    for row, (_, value) in enumerate(claims, start=len(settings)):
        axis.plot(value, row, **_REPORTED)
    if claims:
        axis.axhline(len(settings) - 0.5, color="#999999", linewidth=0.6, linestyle=":")
    words = [f"{setting.data}, {setting.model}" for setting in settings]
    words += [text for text, _ in claims]
    axis.set_yticks(range(len(words)), words)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(words) - 0.5, -0.5)
    axis.grid(visible=False, axis="y")
