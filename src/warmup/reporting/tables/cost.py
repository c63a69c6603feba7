"""Training cost: updates, operations and seconds."""

from warmup.evaluation.intervals import Interval
from warmup.reporting import cells, notes
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import is_mean
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables import Section, _measured

SECTION = Section.COST
PLACE = 1
_SECONDS = (
    "Seconds [95% interval, Student t over the seeds; none with one seed] are those of the updates "
    "alone, on this machine with whatever else it did."
)


def table(results: Results) -> Table | None:
    """Return the cost of each method on each data set and pair, if there is any."""
    if not results.costs:
        return None
    rows = [
        [
            *_measured.names(cost.setting, cost.method, results),
            cells.count(cost.seeds),
            cells.count(cost.updates),
            Cell(number(cost.flops / 1e9, 1), cost.flops),
            cells.times(cost.relative),
            _seconds(cost.seconds),
        ]
        for cost in results.costs
        if not is_mean(cost.setting)
    ]
    return Table(
        f"{task_label(results.task)}: training cost (mean over seeds)",
        [*_measured.LABELS, "seeds", "updates", "GFLOP", "compute", "seconds"],
        rows,
        len(_measured.LABELS),
        [notes.compute(results.methods), _SECONDS],
    )


def _seconds(seconds: Interval) -> Cell:
    bounds = interval(seconds.low, seconds.high, 1)
    return Cell(f"{number(seconds.mean, 1)} {bounds}", seconds.mean)
