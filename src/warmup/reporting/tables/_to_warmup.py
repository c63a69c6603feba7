"""Rows and columns of the tables that compare other methods with warmup."""

from collections.abc import Sequence
from typing import NamedTuple

from warmup.config.methods import FOCUS
from warmup.evaluation import metric_properties
from warmup.reporting import cells, notes
from warmup.reporting.costs import Cost
from warmup.reporting.estimates import Estimate
from warmup.reporting.gains import is_tested
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table

_SCORE = (
    "[95% interval] of a score: over seeds (Student t) with two seeds or more, over test items "
    "with one. [95% interval] of a tested difference: hierarchical bootstrap over seeds and items, "
    "with one seed paired bootstrap over items."
)
_DIFFERENCE = "Difference: to warmup with the same seeds and its own warmups; {} 0 is worse."


class Row(NamedTuple):
    """A method, or warmup with control warmups."""

    name: str
    aspect: str
    """What an ablation varies."""
    score: Estimate
    difference: Estimate | None
    cost: Cost | None


def trained(results: Results) -> list[Row]:
    """Return a row for each method of each setting that warmup was evaluated in."""
    scores = results.primary(results.estimates)
    settings = {score.setting for score in scores if score.method == FOCUS}
    costs = {(cost.setting, cost.method): cost for cost in results.costs}
    to_warmup = {
        (difference.setting, difference.method): difference
        for difference in results.primary(results.to_warmup)
    }
    return [
        Row(
            results.methods.label(score.method),
            results.methods.aspect(score.method),
            score,
            to_warmup.get((score.setting, score.method)),
            costs.get((score.setting._replace(split="train"), score.method)),
        )
        for score in scores
        if score.setting in settings
    ]


def table_of(rows: Sequence[Row], results: Results, title: str, *, ablations: bool) -> Table:
    """Return the table of these rows.

    Args:
        rows: at least one.
        results: of the task.
        title: of the table.
        ablations: whether there is a column that says what each row varies.
    """
    metric = rows[0].score.metric
    header = [
        *("data", "model"),
        *(["varied"] if ablations else []),
        *("method", metric_properties.head(metric), "difference to warmup"),
        *("updates", "compute", "seeds", "n items"),
    ]
    table_rows = [
        [
            Cell(results.names.data(row.score.setting)),
            Cell(results.names.model(row.score.setting.model)),
            *([Cell(row.aspect or "–")] if ablations else []),
            Cell(row.name),
            cells.estimate(row.score),
            cells.estimate(row.difference, sign=True),
            cells.count(row.cost.updates) if row.cost else cells.NOTHING,
            cells.times(row.cost.relative) if row.cost else cells.NOTHING,
            cells.count(row.score.seeds),
            cells.count(row.score.n),
        ]
        for row in rows
    ]
    worse = "below" if metric_properties.of(metric).higher_is_better else "above"
    tested = is_tested(row.difference for row in rows if row.difference)
    return Table(
        title,
        header,
        table_rows,
        4 if ablations else 3,
        [
            _SCORE,
            _DIFFERENCE.format(worse),
            notes.compute(results.methods),
            *([notes.significance("warmup")] if tested else []),
        ],
    )
