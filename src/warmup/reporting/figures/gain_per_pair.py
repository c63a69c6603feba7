"""Gain over SFT per data set, language pair and model."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.common.grouping import group
from warmup.config.methods import BASELINE
from warmup.evaluation import metric_properties
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import Estimate, is_mean
from warmup.reporting.figures._facets import crowded
from warmup.reporting.figures._forest import forest
from warmup.reporting.figures._grid import legend, title_of
from warmup.reporting.figures._panels import message
from warmup.reporting.figures._style import WIDTH, look
from warmup.reporting.gains import verdicts
from warmup.reporting.results import Results

TITLE = "What each method gains over SFT"
CAPTION = (
    "Score minus that of SFT on the test items, in points, per data set, language pair and model, "
    "with 95% intervals (over seeds; with one seed over items, as in the table of gains). Right of "
    "the line at 0 a method is better than SFT if the axis says ↑, left of it if it says ↓; if an "
    "interval crosses the line, the comparison is undecided. The title counts the comparisons of "
    "warmup. Hollow diamonds are gains that the paper reports for its own data and models, without "
    "interval; compare their size only, since they were not measured here. If there are many "
    "methods, each has its own row, ordered by what it varies; the dotted line is the gain of "
    "warmup, and the numbers of the paper are only in the tables."
)
_TWO_LINES = 0.3
"""Height in inches of the name of a row."""
_REPORTED: dict[str, Any] = {
    "marker": "D", "color": "#333333", "markerfacecolor": "white", "linestyle": "none",
}  # fmt: skip


def draw(results: Results) -> Figure:
    """Return the figure: one panel per task and main metric."""
    gains = results.primary(results.gains)
    if not gains:
        return message("No gains to show: no method was evaluated on the same data as SFT.")
    if crowded({item.method for item in gains} | {BASELINE}, results.methods):
        return forest(_title(results), gains, results)
    panels = group(gains, lambda item: (item.setting.task, item.metric))
    claims = {place: _claims(results, *place) for place in panels}
    of_row = max(_TWO_LINES, 0.17 + 0.06 * len({item.method for item in gains}))
    of_claim = _TWO_LINES / of_row
    rows = [
        len({item.setting for item in of_panel}) + of_claim * len(claims[place])
        for place, of_panel in panels.items()
    ]
    height = of_row * sum(rows) + 0.75 * len(rows) + 0.4
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False, height_ratios=rows).ravel()
    for axis, (place, of_panel) in zip(axes, panels.items(), strict=True):
        task, metric = place
        _panel(axis, of_panel, _placed(of_panel, claims[place], of_claim), results)
        axis.set_title(task_label(task), loc="left", fontweight="bold")
        axis.set_xlabel(f"gain over SFT ({metric_properties.head(metric)}, points)")
    hollow = Line2D([], [], **_REPORTED, label="reported in the paper")
    extra = [hollow] if any(claims.values()) else []
    title = _title(results)
    title_of(figure, title)
    legend(figure, title, results, {item.method for item in gains}, style="both", extra=extra)
    return figure


def _title(results: Results) -> str:
    """Return the answer: how often warmup is better than SFT, and than SFT with its compute."""
    measured = [gain for gain in results.primary(results.of_warmup) if not is_mean(gain.setting)]
    by_other = group(measured, lambda gain: gain.baseline)
    parts = [
        f"against {results.methods.label(other)}: {verdicts(gains)} of {len(gains)}"
        for other in (BASELINE, "sft_compute")
        if (gains := by_other.get(other))
    ]
    return f"Warmup {'; '.join(parts)}" if parts else TITLE


def _claims(results: Results, task: str, metric: str) -> list[tuple[str, float]]:
    claims = results.of(task).claims
    gains = claims[(claims["metric"] == metric) & (claims["quantity"] == "gain")]
    return [
        (f"reported: {row['dataset']} {row['pair']},\n{row['model']}", float(row["value"]))
        for row in gains.to_dict("records")
    ]


def _placed(
    gains: list[Estimate], claims: list[tuple[str, float]], of_claim: float
) -> list[tuple[float, str, float]]:
    """Return each claim after its place below the rows of settings."""
    first = len({item.setting for item in gains}) - 0.5
    return [(first + of_claim * (row + 0.5), *claim) for row, claim in enumerate(claims)]


def _panel(
    axis: Axes, gains: list[Estimate], claims: list[tuple[float, str, float]], results: Results
) -> None:
    names = results.methods.sort(item.method for item in gains)
    settings = group(gains, lambda item: item.setting)
    axis.axvline(0, color="#333333", linewidth=0.8)
    for row, of_setting in enumerate(settings.values()):
        for item in of_setting:
            y = row + 0.7 * ((names.index(item.method) + 0.5) / len(names) - 0.5)
            colour, marker = look(item.method, results.methods)
            axis.hlines(y, item.low, item.high, color=colour)
            axis.plot(item.mean, y, marker, color=colour)
    for place, _, value in claims:
        axis.plot(value, place, **_REPORTED)
    edge = len(settings) - 0.5
    if claims:
        axis.axhline(edge, color="#999999", linewidth=0.6, linestyle=":")
    words = [results.names.setting(setting, "\n") for setting in settings]
    axis.set_yticks(
        [*range(len(settings)), *(place for place, _, _ in claims)],
        [*words, *(text for _, text, _ in claims)],
    )
    axis.tick_params(axis="y", length=0)
    half = claims[0][0] - edge if claims else 0.0
    axis.set_ylim(edge + 2 * half * len(claims), -0.5)
    axis.grid(visible=False, axis="y")
