"""Where the words of warmups come from, and how warmups repeat outputs and one another."""

from matplotlib.figure import Figure

from warmup.evaluation.result_tables import MEAN
from warmup.reporting.figures import Data
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import Grid
from warmup.reporting.figures._panels import message
from warmup.reporting.figures._style import look
from warmup.reporting.tables.warmups import estimates

TITLE = "What warmups say"
CAPTION = (
    "Per data set, language pair and model, with 95% intervals (over seeds; with one seed over "
    "items). In reference, in source: share of the warmups' words which are there. New: words "
    "which are neither in the source nor in the output. Output's start: share of the output's "
    "first words, as many as the warmup has, which are in the warmup; a warmup that is a draft of "
    "the output is at 100. Copies: warmups that are, word by word, how the output begins. "
    "Distinct: different warmups per input; near 0 all inputs have the same." + MANY
)
_QUANTITIES = {
    "precision_reference": "in reference",
    "precision_source": "in source",
    "novelty": "new",
    "agreement": "output's start",
    "copied_beginning": "copies",
    "distinct": "distinct",
}


def draw(data: Data) -> Figure:
    """Return the figure; a row a quantity, a mark a method."""
    found = [] if data.warmups is None else estimates(data.warmups, data.methods)
    decodings = data.decodings.sort(item.decoding for item in found)
    shown = [
        item
        for item in found
        if item.metric in _QUANTITIES
        and item.decoding == decodings[0]
        and not item.setting.pair.startswith(MEAN)
    ]
    if not shown:
        return message("No warmups to show: none were analysed.")
    panels = split(shown, data.methods, lambda item: (item.setting, item.method))
    rows = list(_QUANTITIES)
    # more methods need more room in each row
    most = max(len({item.method for item in items}) for items in panels.values())
    grid = Grid(panels, data.methods, height=1.5 + 0.12 * most)
    for axis, items in zip(grid.axes, panels.values(), strict=True):
        names = data.methods.sort(item.method for item in items)
        for item in items:
            place = (names.index(item.method) + 0.5) / len(names) - 0.5
            y = rows.index(item.metric) + 0.7 * place
            colour, marker = look(item.method, data.methods)
            axis.hlines(y, 100 * item.low, 100 * item.high, color=colour)
            axis.plot(100 * item.mean, y, marker, color=colour, markersize=3)
        named = grid.rows_share or axis in grid.left
        axis.set_yticks(range(len(rows)), _QUANTITIES.values() if named else [""] * len(rows))
        grid.name_y(axis, "")
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.set_xlim(-5, 105)
        axis.set_xticks([0, 50, 100])
        axis.grid(visible=False, axis="y")
    grid.name_x("share (%)")
    grid.legend((item.method for item in shown), style="none")
    return grid.figure
