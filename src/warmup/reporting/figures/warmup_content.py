"""Where the words of warmups come from, and how often warmups repeat outputs or each other."""

from matplotlib.figure import Figure

from warmup.reporting.estimates import is_mean
from warmup.reporting.figures._facets import MANY, split
from warmup.reporting.figures._grid import legends, of_panels
from warmup.reporting.figures._panels import message
from warmup.reporting.figures._style import look
from warmup.reporting.results import Results
from warmup.reporting.warmup_quantities import label

TITLE = "What warmups say"
CAPTION = (
    "Per data set, language pair and model, with 95% intervals (over seeds; with one seed over "
    "items). Precision: share of the warmups' words that are in the reference, in the source. "
    "Novelty: words that are neither in the source nor in the output. Agreement: share of the "
    "output's first words, as many as the warmup has, that are in the warmup; a warmup that is a "
    "draft of the output is at 100. Copied beginning: warmups that are, word by word, how the "
    "output begins. "
    "Distinct: different warmups per input; near 0 all inputs have the same." + MANY
)
_QUANTITIES = (
    "precision_reference",
    "precision_source",
    "novelty",
    "agreement",
    "copied_beginning",
    "distinct",
)


def draw(results: Results) -> Figure:
    """Return the figure: one row per quantity, one mark per method."""
    decodings = results.own_decodings(results.warmup_quantities)
    shown = [
        item
        for item in results.warmup_quantities
        if item.metric in _QUANTITIES
        and item.decoding == decodings[0]
        and not is_mean(item.setting)
    ]
    if not shown:
        return message("No warmups to show: none were analysed.")
    panels = split(shown, results.methods, lambda item: (item.setting, item.method))
    # more methods need more room in each row
    most = max(len({item.method for item in items}) for items in panels.values())
    grid = of_panels(TITLE, panels, results, height=1.2 + 0.15 * most)
    for axis, items in zip(grid.axes, panels.values(), strict=True):
        names = results.methods.sort(item.method for item in items)
        for item in items:
            place = (names.index(item.method) + 0.5) / len(names) - 0.5
            y = _QUANTITIES.index(item.metric) + 0.7 * place
            colour, marker = look(item.method, results.methods)
            axis.hlines(y, 100 * item.low, 100 * item.high, color=colour)
            axis.plot(100 * item.mean, y, marker, color=colour, markersize=3.5)
        words = map(label, _QUANTITIES) if axis in grid.left else [""] * len(_QUANTITIES)
        axis.set_yticks(range(len(_QUANTITIES)), words)
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(len(_QUANTITIES) - 0.5, -0.5)
        axis.set_xlim(-5, 105)
        axis.set_xticks([0, 50, 100])
        axis.grid(visible=False, axis="y")
    grid.name_x("share (%)")
    legends(grid, panels, {item.method for item in shown}, results, "mark")
    return grid.figure
