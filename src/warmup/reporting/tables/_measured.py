"""Columns that the tables of scores and of gains share."""

from collections.abc import Container, Iterator, Sequence

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.evaluation import metric_properties
from warmup.reporting import cells, missing_scores, notes
from warmup.reporting.estimates import Estimate
from warmup.reporting.missing_scores import Gap
from warmup.reporting.results import Results
from warmup.reporting.table import Cell

LABELS = ("data", "model", "method")


def metrics_of(results: Results, estimates: Sequence[Estimate], gaps: Sequence[Gap]) -> list[str]:
    """Return the metrics of a table, in order."""
    measured = [item.metric for item in estimates]
    return results.metric_order(measured + [gap.metric for gap in gaps])


def header(metrics: Sequence[str]) -> list[str]:
    """Return the heads of the columns."""
    return [*LABELS, *map(metric_properties.head, metrics), "seeds", "n items"]


def by_method(estimates: Sequence[Estimate]) -> Iterator[tuple[Setting, str, dict[str, Estimate]]]:
    """Yield setting, method and the estimates of each metric, for each row of a table."""
    for (setting, method), items in group(
        estimates, lambda item: (item.setting, item.method)
    ).items():
        yield setting, method, {item.metric: item for item in items}


def names(setting: Setting, method: str, results: Results) -> list[Cell]:
    """Return the cells that name a row."""
    return [
        Cell(results.names.data(setting)),
        Cell(results.names.model(setting.model)),
        Cell(results.methods.label(method)),
    ]


def values(
    of_metrics: dict[str, Estimate],
    metrics: Sequence[str],
    shown: Sequence[Estimate],
    not_computed: Container[str],
    *,
    best: Container[Estimate] = (),
    sign: bool = False,
) -> list[Cell]:
    """Return the cells of the metrics, and of the number of seeds and items.

    Args:
        of_metrics: the estimates of the row, by metric.
        metrics: the columns.
        shown: all estimates of the table: with several kinds of intervals, each has a mark.
        not_computed: metrics that were not computed for the row.
        best: estimates in bold.
        sign: whether positive numbers have a sign.
    """
    several_kinds = len({item.interval for item in shown}) > 1
    row = []
    for metric in metrics:
        if item := of_metrics.get(metric):
            kind = notes.INTERVAL_MARKS[item.interval] if several_kinds else ""
            cell = cells.estimate(item, sign=sign)
            row.append(Cell(cell.text + kind, cell.value, item in best))
        else:
            row.append(Cell(missing_scores.TEXT) if metric in not_computed else cells.NOTHING)
    seeds = max(item.seeds for item in of_metrics.values())
    n = max(item.n for item in of_metrics.values())
    return [*row, cells.count(seeds), cells.count(n)]
