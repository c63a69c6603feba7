"""Tables of the paper's numbers, with the smallest gain that its test sets could show."""

from typing import Any

from warmup.common.grouping import group
from warmup.evaluation import metric_properties
from warmup.reporting import cells
from warmup.reporting.display_names import task_label
from warmup.reporting.paper import detectable
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, number

_REPORTED = (
    "Reported by the authors (arXiv 2502.12304) for their own models and data, not measured here; "
    "number of seeds, n and interval are not stated."
)
_DETECTABLE = (
    "In parentheses: the smallest true gain that the test set would show in 80 of 100 cases "
    "(significant at 5%, one model per method, without the variation between training runs). It "
    "depends on how similar the outputs are, hence a range from similar to dissimilar outputs. A "
    "smaller gain may be real, but such a test misses it more often."
)
_UNKNOWN = (
    "no range, because the spread of its scores of items is not known without outputs; if it is "
    "computed here, the table of comparisons says what it could detect."
)


def table_of(results: Results, quantity: str, title: str) -> Table | None:
    """Return the table of the numbers that the paper reports for a task, if there are any.

    Args:
        results: of the task.
        quantity: `gain` or `absolute`.
        title: of the table, without the task.
    """
    claims: list[dict[Any, Any]] = results.claims.to_dict("records")
    claims = [claim for claim in claims if claim["quantity"] == quantity]
    if not claims:
        return None
    metrics = results.metric_order(claim["metric"] for claim in claims)
    rows, bases = list[list[Cell]](), dict[str, list[str]]()
    for (data, model), of_metrics in group(
        claims, lambda claim: (f"{claim['dataset']} {claim['pair']}", claim["model"])
    ).items():
        by_metric = {claim["metric"]: claim for claim in of_metrics}
        row = [Cell(data), Cell(model)]
        for metric in metrics:
            cell, basis = cells.NOTHING, ""
            if metric in by_metric:
                cell, basis = _cell(by_metric[metric], results)
            if basis:
                names = bases.setdefault(f"{data}, {basis}", [])
                names += {metric_properties.label(metric)} - {*names}
            row.append(cell)
        rows.append(row)
    notes = [_REPORTED]
    if quantity == "gain":
        known = {name for names in bases.values() for name in names}
        labels = dict.fromkeys(metric_properties.label(claim["metric"]) for claim in claims)
        if unknown := [name for name in labels if name not in known]:
            notes.append(f"{', '.join(unknown)}: {_UNKNOWN}")
    if bases:
        notes.append(_DETECTABLE)
    notes += [f"{', '.join(names)}: {basis}." for basis, names in bases.items()]
    header = ["data", "model", *map(metric_properties.head, metrics)]
    return Table(f"{task_label(results.task)}: {title}", header, rows, 2, notes)


def _cell(claim: dict[Any, Any], results: Results) -> tuple[Cell, str]:
    """Return what is reported, and the basis of the range next to it; empty without a range."""
    value, is_gain = float(claim["value"]), claim["quantity"] == "gain"
    text = number(value, 2, sign=is_gain)
    least = detectable.of_claim(claim, results.comparisons) if is_gain else None
    if least is None:
        return Cell(text, value), ""
    bounds = dict.fromkeys(number(bound, 2) for bound in (least.low, least.high))
    return Cell(f"{text} ({'–'.join(bounds)})", value), least.basis
