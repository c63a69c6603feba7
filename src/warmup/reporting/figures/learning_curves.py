"""Validation loss against updates."""

from matplotlib.figure import Figure

from warmup.reporting.figures._curves import offsets, runs
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import count_ticks, message, plain_log_ticks
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results

TITLE = "Learning curves"
CAPTION = (
    "Negative log-likelihood of the target on the validation set, in nats per example, against "
    "training updates; one line per seed. With a warmup it is minus the log of the target's "
    "probability averaged over the N sampled warmups, on average an upper bound of the true value. "
    "A method that starts from the model of another one begins at the update where that one ended, "
    "if the start is known. Lower is better; the scale is logarithmic." + MANY
)


def draw(results: Results) -> Figure:
    """Return the figure: one line per run."""
    curves = runs(results, "nll")
    if not curves:
        return message("No learning curves to show: the runs logged no validation.")
    panels = split(curves, results.methods, lambda curve: (curve.setting, curve.method))
    grid = Grid(panels, results)
    start = offsets(results)
    for axis, (panel, of_panel) in zip(grid.axes, panels.items(), strict=True):
        for curve in of_panel:
            colour, marker = look(curve.method, results.methods)
            begin = start(panel.setting, curve.method)
            updates = [begin + update for update in curve.updates]
            axis.plot(updates, curve.values, color=colour, alpha=0.85, linewidth=1)
            axis.plot(updates[-1], curve.values[-1], marker, color=colour)
        axis.set_yscale("log")
        count_ticks(axis.xaxis)
        axis.margins(x=0.04)
    for axis in grid.axes:
        plain_log_ticks(axis.yaxis)
    for axis in grid.left:
        grid.name_y(axis, "validation NLL (nats)")
    grid.name_x("updates")
    grid.legend(curve.method for curve in curves)
    return grid.figure
