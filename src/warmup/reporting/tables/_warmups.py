"""Tables of quantities of warmups: a column per quantity, a row per data set, model and method."""

from collections.abc import Sequence

from warmup.common.grouping import group
from warmup.reporting import cells
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import Estimate
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables import _measured
from warmup.reporting.warmup_quantities import DIGITS, head

_INTERVAL = "[95% interval]: over seeds (Student t) with two seeds or more, over items with one."


def table_of(
    results: Results,
    title: str,
    quantities: Sequence[str],
    notes: Sequence[str],
    *,
    sign: bool = False,
) -> Table | None:
    """Return the table of some quantities, if any of them was analysed.

    Args:
        results: of one decoding.
        title: of the table, without the decoding.
        quantities: the columns.
        notes: what the columns mean.
        sign: whether positive numbers have a sign.
    """
    estimates = [item for item in results.warmup_quantities if item.metric in quantities]
    if not estimates:
        return None
    analysed = {item.metric for item in estimates}
    columns = [quantity for quantity in quantities if quantity in analysed]
    rows = []
    for (setting, method), items in group(
        estimates, lambda item: (item.setting, item.method)
    ).items():
        by_quantity = {item.metric: item for item in items}
        rows.append(
            [
                Cell(task_label(setting.task)),
                *_measured.names(setting, method, results),
                *(_cell(by_quantity.get(quantity), sign) for quantity in columns),
                cells.count(max(item.seeds for item in items)),
                cells.count(max(item.n for item in items)),
            ]
        )
    return Table(
        f"{title}, {results.decoding} decoding",
        ["task", *_measured.LABELS, *map(head, columns), "seeds", "n items"],
        rows,
        4,
        [_INTERVAL, *notes],
    )


def _cell(item: Estimate | None, sign: bool) -> Cell:
    if item is None:
        return cells.NOTHING
    digits, factor = DIGITS.get(item.metric, 1), 1 if item.metric in DIGITS else 100
    mean, low, high = (factor * value for value in (item.mean, item.low, item.high))
    return Cell(f"{number(mean, digits, sign)} {interval(low, high, digits, sign)}", mean)
