"""Validation loss against updates."""

from matplotlib.figure import Figure

from warmup.common.grouping import group
from warmup.reporting.figures._curves import offsets, runs
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import legends, of_panels
from warmup.reporting.figures._panels import SEEDS, count_ticks, curve, message, plain_log_ticks
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "How fast each method learns"
CAPTION = (
    "Negative log-likelihood of the target on the validation set, in nats per example, against "
    "training updates. With a warmup it is minus the log of the target's "
    "probability averaged over the N sampled warmups, on average an upper bound of the true value. "
    "A method that starts from the model of another one begins at the update where that one ended, "
    "if the start is known. Lower is better." + SEEDS + MANY
)


def draw(results: Results) -> Figure:
    """Return the figure: one line per method."""
    curves = runs(results, "nll")
    if not curves:
        return message("No learning curves to show: the runs logged no validation.")
    panels = split(curves, results.methods, lambda curve: (curve.setting, curve.method))
    grid = of_panels(TITLE, panels, results)
    start = offsets(results)
    for axis, (panel, of_panel) in zip(grid.axes, panels.items(), strict=True):
        for method, of_seeds in group(of_panel, lambda curve: curve.method).items():
            colour, _ = look(method, results.methods)
            curve(axis, of_seeds, colour, begin=start(panel.setting, method))
        axis.set_yscale("log")
        count_ticks(axis.xaxis)
        axis.margins(x=0.04)
    for axis in grid.axes:
        plain_log_ticks(axis.yaxis)
    grid.name_y("validation NLL ↓\n(nats, log scale)")
    grid.name_x("updates")
    legends(grid, panels, {curve.method for curve in curves}, results, "line")
    return grid.figure
