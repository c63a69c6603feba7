"""Gain of warmup over SFT, at the same updates and the same compute, against look-ahead."""

from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.config.methods import BASELINE, FOCUS
from warmup.evaluation import metric_properties
from warmup.reporting import estimates
from warmup.reporting.display_names import METHODS, label
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import Panel
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import message, whiskers
from warmup.reporting.figures._style import look

TITLE = "When warmup helps"
CAPTION = (
    "Warmup's score less that of SFT, of SFT with as many updates and of SFT with as many "
    "operations, in points, on the test items of each look-ahead (the steps that the beginning of "
    "the target depends on and that are only worked out after it). Differences to the run with the "
    "same seed; bars are 95% intervals over seeds (with one seed, over items, taken as "
    "independent, and so rather too wide). Above the line at 0 warmup helps where the axis says ↑, "
    "below it where it says ↓; an interval that crosses the line leaves it open."
)
_BASELINES = (BASELINE, "sft_continued", "sft_compute")


def draw(data: Data) -> Figure:
    """Return the figure; a panel a setting, a line a baseline."""
    gains = {
        baseline: [
            gain
            for gain in estimates.primary(
                estimates.lookahead_gains_of(data.scores, baseline), data.decodings
            )
            if gain.method == FOCUS
        ]
        for baseline in _BASELINES
    }
    points = [(baseline, gain) for baseline, found in gains.items() for gain in found]
    if not points:
        return message(
            f"Nothing to show: {label(METHODS, FOCUS)} and SFT were not both evaluated on items "
            "that carry a look-ahead."
        )
    points.sort(key=lambda point: estimates.place(point[1].setting))
    settings = group(points, lambda point: point[1].setting)
    grid = Grid([Panel(setting, "") for setting in settings], data.methods)
    for axis, here in zip(grid.axes, settings.values(), strict=True):
        lines = group(here, lambda point: point[0])
        axis.axhline(0, color="#333333", linewidth=0.8)
        for index, (baseline, pairs) in enumerate(lines.items()):
            found = sorted((gain for _, gain in pairs), key=lambda gain: gain.lookahead or 0)
            whiskers(axis, found, look(baseline), (index + 0.5) / len(lines))
        axis.set_xticks(sorted({gain.lookahead or 0 for _, gain in here}))
        axis.set_ylabel(f"gain ({metric_properties.head(here[0][1].metric)}, points)")
    grid.name_x("look-ahead (steps)")
    grid.legend((baseline for baseline, _ in points), before="over ")
    return grid.figure
