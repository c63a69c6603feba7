"""The table of what training cost."""

import math
from collections.abc import Iterable

from warmup.config.methods import Methods
from warmup.evaluation.intervals import Interval
from warmup.evaluation.result_tables import MEAN
from warmup.reporting.costs import Cost
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.table import Cell, Table, interval, number

_HEADER = ("data", "model", "method", "seeds", "updates", "GFLOP", "compute", "seconds")
_SECONDS = (
    "Seconds [95% interval, Student t over the seeds; none with one seed] are of updates alone, "
    "and of this machine with whatever else it did."
)


def cost_table(costs: Iterable[Cost], methods: Methods, task: str) -> Table:
    """Return updates, operations and seconds of each method on each data set and pair of a task."""
    rows = [
        [
            *map(Cell, (item.setting.data, item.setting.model, label(METHODS, item.method))),
            Cell(number(item.seeds, 0), item.seeds),
            Cell(number(item.updates, 0), item.updates),
            Cell(number(item.flops / 1e9, 1), item.flops),
            times(item.relative),
            _seconds(item.seconds),
        ]
        for item in costs
        if not item.setting.pair.startswith(MEAN)
    ]
    title = f"{label(TASKS, task)}: training cost (mean over seeds)"
    notes = [compute_note(methods), _SECONDS]
    return Table(f"{task}-cost", title, _HEADER, rows, 3, notes)


def _seconds(found: Interval) -> Cell:
    return Cell(f"{number(found.mean, 1)} {interval(found.low, found.high, 1)}", found.mean)


def times(value: float) -> Cell:
    """Return compute relative to SFT."""
    return Cell("–" if math.isnan(value) else f"{number(value, 2)}×", value)


def compute_note(methods: Methods) -> str:
    """Return what is counted."""
    counted = "with" if methods.starts else "without"
    return (
        "Updates and compute (floating-point operations, relative to SFT) are of training, "
        f"{counted} the training of the method it starts from."
    )
