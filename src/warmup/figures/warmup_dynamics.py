"""How warmups change while they are learned."""

import itertools
from typing import Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from warmup.figures import Data
from warmup.figures._curves import runs
from warmup.figures._panels import count_ticks, legend, message, two_lines
from warmup.figures._style import WIDTH, look

TITLE = "Warmups during training"
CAPTION = (
    "Three quantities of the sampled warmups against the updates of the method's own training; one "
    "line a seed, the style of the line tells models apart. Reward: log of the mean probability of "
    "the target given the warmup, in nats per example; it rises when warmups help. Length: tokens. "
    "Effective sample size: how many of the N samples share the weight; at N no warmup is better "
    "than another, at 1 a single one makes the target likely."
)
_QUANTITIES = {
    "reward": "reward (nats)",
    "warmup_length": "warmup length (tokens)",
    "effective_sample_size": "effective sample size",
}
_STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


def draw(data: Data) -> Figure:
    """Return the figure; a row a data set and pair, a column a quantity."""
    curves = {quantity: runs(data, quantity) for quantity in _QUANTITIES}
    everything = [curve for found in curves.values() for curve in found]
    if not everything:
        return message("No warmups to show: none of the methods has logged any.")
    rows = list(dict.fromkeys(two_lines(curve.setting) for curve in everything))
    models = sorted({curve.setting.model for curve in everything})
    figure = Figure(figsize=(WIDTH, 1.35 * len(rows) + 0.7), layout="constrained")
    axes = figure.subplots(len(rows), len(_QUANTITIES), squeeze=False, sharex="row")
    for column, (quantity, words) in enumerate(_QUANTITIES.items()):
        axes[0, column].set_title(words)
        axes[-1, column].set_xlabel("updates")
        for curve in curves[quantity]:
            axis = axes[rows.index(two_lines(curve.setting)), column]
            style = _STYLES[models.index(curve.setting.model) % len(_STYLES)]
            colour, _ = look(curve.method)
            axis.plot(curve.updates, curve.values, style, color=colour, linewidth=0.9)
    for axis in axes.flat:
        count_ticks(axis.xaxis)
    for row, name in enumerate(rows):
        axes[row, 0].set_ylabel(name)
    styles = [
        Line2D([], [], color="#333333", linestyle=style, label=model)
        for model, style in zip(models, itertools.cycle(_STYLES), strict=False)
    ]
    legend(figure, data.methods, (curve.method for curve in everything), extra=styles)
    return figure
