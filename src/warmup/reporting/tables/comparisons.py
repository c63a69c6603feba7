"""The table of comparisons of a task: what each test says, and what it could have found."""

from typing import TYPE_CHECKING, Any, NamedTuple

from warmup.common.keys import Setting
from warmup.config.methods import Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.significance import LEVEL
from warmup.reporting import estimates
from warmup.reporting.display_names import METHODS, label
from warmup.reporting.gains import MARK, star
from warmup.reporting.table import Cell, Table, interval, number

if TYPE_CHECKING:
    import pandas as pd

INTERVAL_NOTE = (
    "An interval stands for itself alone; the mark takes into account how many tests were made, so "
    "that an interval may leave out 0 without a mark."
)
_DIFFERENCE = {
    "items": "One seed: paired bootstrap over items, which knows nothing of the luck of training.",
    "seeds and items": "Several seeds: hierarchical bootstrap over seeds and test items.",
}
_SIGNS = "Difference and effect: the method's score less the other's; {}."
_COLUMNS = (
    "p: how often chance alone makes a difference this large; p (Holm): corrected for all tests "
    "of the task and decoding.",
    "Effect: difference in units of the spread of the items' differences (Cohen's d, paired).",
    "Detectable: smallest true difference that this comparison finds in 80 of 100 cases, at 5%.",
)


class _Comparison(NamedTuple):
    setting: Setting
    method: str
    row: dict[Any, Any]


def significance_note(other: str = "SFT") -> str:
    """Return what the mark of a gain means."""
    return (
        f"{MARK} differs from {other}: p < {LEVEL} after Holm's correction, "
        "and the difference is not printed as zero."
    )


def comparison_table(
    tested: "pd.DataFrame", methods: Methods, name: str, title: str
) -> Table | None:
    """Return the comparisons of one task and decoding by the task's first metric, if there are any.

    Args:
        tested: rows of `warmup.evaluation.result_tables.COMPARISONS`, of one task and decoding.
        methods: order of the methods.
        name: of the table.
        title: of the table; the metric is added.
    """
    if tested.empty:
        return None
    task = str(tested["task"].iloc[0])
    metric = metric_properties.order(task, tested["metric"])[0]
    order = methods.sort(tested["baseline"])
    found = [
        _Comparison(Setting.from_row(row), row["method"], row)
        for row in tested[tested["metric"] == metric].to_dict("records")
    ]
    found.sort(key=lambda item: order.index(item.row["baseline"]))
    header = [
        *("data", "model", "method", "against", "difference", "p", "p (Holm)", "effect"),
        *("detectable", "test", "seeds", "n items"),
    ]
    notes = [text for scope, text in _DIFFERENCE.items() if scope in set(tested["scope"])]
    notes += [_SIGNS.format(metric_properties.directions([metric])), *_COLUMNS]
    notes.append(significance_note("the other"))
    heading = f"{title}, {metric_properties.head(metric)}"
    cells = [_cells(item) for item in estimates.ordered(found, methods)]
    return Table(name, heading, header, cells, 4, notes)


def _cells(item: _Comparison) -> list[Cell]:
    setting, method, row = item
    words = [setting.data, setting.model, label(METHODS, method), label(METHODS, row["baseline"])]
    bounds = interval(row["low"], row["high"], 1, sign=True)
    mark = star(row["p_holm"], row["difference"])
    return [
        *map(Cell, words),
        Cell(f"{number(row['difference'], 1, sign=True)}{mark} {bounds}", row["difference"]),
        Cell(probability(row["p"]), row["p"]),
        Cell(probability(row["p_holm"]), row["p_holm"]),
        Cell(number(row["effect_size"], 2, sign=True), row["effect_size"]),
        Cell(number(row["detectable"], 1), row["detectable"]),
        Cell(row["test"]),
        Cell(number(row["seeds"], 0), row["seeds"]),
        Cell(number(row["n"], 0), row["n"]),
    ]


def probability(p: float) -> str:
    """Return a p-value with four decimals, `<0.0001` below."""
    return "<0.0001" if p < 0.0001 else number(p, 4)
