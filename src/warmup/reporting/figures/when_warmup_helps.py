"""Gain of warmup over SFT, at the same updates and the same compute, against look-ahead."""

from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.config.methods import BASELINE, FOCUS
from warmup.evaluation import metric_properties
from warmup.reporting.figures._facets import Panel
from warmup.reporting.figures._grid import legend, of_panels
from warmup.reporting.figures._panels import message, with_band
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "What warmup gains, by the look-ahead that an item needs"
CAPTION = (
    "Score of warmup minus that of SFT, of SFT with as many updates and of SFT with as many "
    "operations, in points, on the test items of each look-ahead (the steps that the beginning of "
    "the target depends on and that are only worked out after it). Differences to the run with the "
    "same seed; bands are 95% intervals over seeds (with one seed, over items, taken as "
    "independent, and so too wide rather than too narrow). Above the line at 0 warmup helps if the "
    "axis says ↑, below it if it says ↓; if an interval crosses the line, it is undecided."
)
_BASELINES = (BASELINE, "sft_continued", "sft_compute")


def draw(results: Results) -> Figure:
    """Return the figure: one panel per setting, one line per baseline."""
    gains = [
        gain for gain in results.primary(results.lookahead_of_warmup) if gain.baseline in _BASELINES
    ]
    if not gains:
        return message(
            f"Nothing to show: {results.methods.label(FOCUS)} and SFT were not both evaluated on "
            "items with a look-ahead."
        )
    gains.sort(key=lambda gain: (_BASELINES.index(gain.baseline), gain.lookahead))
    settings = group(results.ordered(gains), lambda gain: gain.setting)
    grid = of_panels(TITLE, [Panel(setting, "") for setting in settings], results)
    for axis, of_setting in zip(grid.axes, settings.values(), strict=True):
        axis.axhline(0, color="#333333", linewidth=0.8)
        for baseline, points in group(of_setting, lambda gain: gain.baseline).items():
            with_band(axis, points, look(baseline, results.methods))
        axis.set_xticks(sorted({gain.lookahead or 0 for gain in of_setting}))
        axis.set_ylabel(f"gain ({metric_properties.head(of_setting[0].metric)}, points)")
    grid.name_x("look-ahead (steps)")
    baselines = {gain.baseline for gain in gains}
    legend(grid.figure, TITLE, results, baselines, style="both", before="over ")
    return grid.figure
