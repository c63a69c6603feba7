"""The table of what the paper reports, with what its test sets could show beside the gains."""

from typing import TYPE_CHECKING, Any

from warmup.common.grouping import group
from warmup.evaluation import metric_properties
from warmup.reporting.paper import detectable
from warmup.reporting.table import Cell, Table, number

if TYPE_CHECKING:
    import pandas as pd

_REPORTED = (
    "Reported by the authors (arXiv 2502.12304) for their own models and data, not measured here; "
    "number of seeds, n and interval are not stated."
)
_DETECTABLE = (
    "In parentheses the smallest true gain that the test set would show in 80 of 100 cases "
    "(significant at 5%, one model of each method: the luck of training is not in it). It depends "
    "on the outputs, hence a range, from outputs much alike to little alike. A smaller gain may be "
    "real, but such a test misses it more often than that."
)
_UNKNOWN = (
    "no range, since the spread of its scores of items is not known without outputs; where it is "
    "computed here, the table of comparisons has what it could detect."
)


def reported_table(
    claims: list[dict[Any, Any]], tested: "pd.DataFrame | None", name: str, title: str
) -> Table:
    """Return the table of claims, rows of `warmup.reporting.paper.reported.read` of one task and
    quantity.

    Args:
        claims: the rows.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
        name: of the table.
        title: of the table.
    """
    metrics = metric_properties.order(claims[0]["task"], (row["metric"] for row in claims))
    groups = group(claims, lambda row: (f"{row['dataset']} {row['pair']}", row["model"]))
    rows, bases = [], list[tuple[str, str]]()
    for (data, model), found in groups.items():
        claim = {row["metric"]: row for row in found}
        cells = [Cell(data), Cell(model)]
        for metric in metrics:
            cell, basis = _cell(claim[metric], tested) if metric in claim else (Cell("–"), "")
            cells.append(cell)
            bases.append(
                (f"{data}, {basis}", metric_properties.label(metric)) if basis else ("", "")
            )
        rows.append(cells)
    notes = [_REPORTED]
    gains = dict.fromkeys(
        metric_properties.label(row["metric"]) for row in claims if row["quantity"] == "gain"
    )
    if unknown := [name for name in gains if name not in {of for _, of in bases}]:
        notes.append(f"{', '.join(unknown)}: {_UNKNOWN}")
    for basis, of_basis in group(bases, lambda item: item[0]).items():
        if basis:
            notes += [] if _DETECTABLE in notes else [_DETECTABLE]
            names = dict.fromkeys(metric for _, metric in of_basis)
            notes.append(f"{', '.join(names)}: {basis}.")
    header = ["data", "model", *map(metric_properties.head, metrics)]
    return Table(name, title, header, rows, 2, notes)


def _cell(claim: dict[Any, Any], tested: "pd.DataFrame | None") -> tuple[Cell, str]:
    """Return what is reported, and what the range beside it rests on, if there is one."""
    value, is_gain = float(claim["value"]), claim["quantity"] == "gain"
    text = number(value, 2, sign=is_gain)
    least = detectable.of_claim(claim, tested) if is_gain else None
    if least is None:
        return Cell(text, value), ""
    bounds = dict.fromkeys(number(bound, 2) for bound in (least.low, least.high))
    return Cell(f"{text} ({'–'.join(bounds)})", value), least.basis
