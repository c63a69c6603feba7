"""Validation loss against updates."""

from matplotlib.figure import Figure

from warmup import summary
from warmup.figures import Data
from warmup.figures._curves import offsets, runs
from warmup.figures._panels import (
    COLUMNS,
    count_ticks,
    grid,
    legend,
    lowest,
    message,
    plain_log_ticks,
)
from warmup.figures._style import look

TITLE = "Learning curves"
CAPTION = (
    "Negative log-likelihood of the target on the validation set, in nats per example, against "
    "training updates; one line a seed. With a warmup it is minus the log of the target's "
    "probability averaged over the N sampled warmups, on average an upper bound of the true value. "
    "A method that starts from another one's model begins where that one's training ended, where "
    "the start is known. Lower is better; the scale is logarithmic."
)


def draw(data: Data) -> Figure:
    """Return the figure; a panel a setting, a line a run."""
    curves = runs(data, "nll")
    if not curves:
        return message("No learning curves to show: the runs logged no validation.")
    settings = summary.group(curves, lambda curve: curve.setting)
    figure, axes = grid(list(settings))
    start = offsets(data)
    for axis, (setting, found) in zip(axes, settings.items(), strict=True):
        for curve in found:
            colour, marker = look(curve.method)
            begin = start(setting, curve.method)
            updates = [begin + update for update in curve.updates]
            axis.plot(updates, curve.values, color=colour, alpha=0.85, linewidth=1)
            axis.plot(updates[-1], curve.values[-1], marker, color=colour)
        axis.set_yscale("log")
        plain_log_ticks(axis.yaxis)
        count_ticks(axis.xaxis)
        axis.margins(x=0.04)
    for axis in axes[::COLUMNS]:
        axis.set_ylabel("validation NLL (nats)")
    for axis in lowest(axes):
        axis.set_xlabel("updates")
    legend(figure, data.methods, (curve.method for curve in curves))
    return figure
