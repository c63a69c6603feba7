"""The numbers of tables in long form, one per row, for other programs."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from warmup.common.keys import Setting
from warmup.config.methods import FOCUS
from warmup.evaluation import metric_properties
from warmup.evaluation.segment_scores import signature_without
from warmup.reporting.estimates import Estimate
from warmup.reporting.paper import detectable
from warmup.reporting.results import Results

COLUMNS = (
    *("quantity", *Setting._fields, "method", "decoding", "metric"),
    *("measured", "low", "high", "interval", "seeds", "n", "reported", "source"),
    *("p_holm", "detectable_low", "detectable_high", "better"),
)
"""What was measured and what the paper reports are in different columns."""
WARMUP_COLUMNS = (
    *("quantity", *Setting._fields, "method", "decoding"),
    *("value", "low", "high", "interval", "seeds", "n"),
)


def of_task(results: Results) -> str:
    """Return every number of a task's tables as CSV with `COLUMNS`.

    `quantity` is `score`, `gain_over_sft`, `difference_to_warmup` (of another method),
    `difference_to_own_warmup` (of the same models with other warmups), `train_updates`,
    `train_flops`, `train_seconds` or `relative_compute` for what was measured, `gain_over_sft` or
    `score` for what the paper reports. A score that was not computed has no number; its source
    says why. `better` is `higher` or `lower`.
    """
    return _csv(COLUMNS, rows(results))


def of_warmups(results: Results) -> str:
    """Return every quantity of warmups as CSV with `WARMUP_COLUMNS`."""
    return _csv(
        WARMUP_COLUMNS,
        (
            {"quantity": item.metric, "value": item.mean, **_columns(item, WARMUP_COLUMNS)}
            for item in results.warmup_quantities
        ),
    )


def rows(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the rows of `of_task`."""
    for quantity, items in {
        "score": results.estimates,
        "gain_over_sft": results.gains,
        "difference_to_warmup": results.to_warmup,
        "difference_to_own_warmup": results.to_own_warmup,
    }.items():
        for item in items:
            row = {"quantity": quantity, "measured": item.mean, **_columns(item, COLUMNS)}
            yield row | {"p_holm": item.p, "better": _better(item.metric)}
    for gap in results.gaps:
        row = {"quantity": "score", **gap.setting._asdict(), "method": gap.method}
        row |= {"decoding": gap.decoding, "metric": gap.metric}
        yield row | {"source": signature_without(gap.reason), "better": _better(gap.metric)}
    for cost in results.costs:
        row = {**cost.setting._asdict(), "method": cost.method, "seeds": cost.seeds}
        for quantity, value in (
            ("train_updates", cost.updates),
            ("train_flops", cost.flops),
            ("relative_compute", cost.relative),
        ):
            yield row | {"quantity": quantity, "measured": value}
        measured, low, high = cost.seconds
        yield row | {"quantity": "train_seconds", "measured": measured, "low": low, "high": high}
    for claim in results.claims.to_dict("records"):
        quantity = {"gain": "gain_over_sft", "absolute": "score"}[claim["quantity"]]
        row = {"quantity": quantity, "method": FOCUS, "reported": float(claim["value"])}
        row |= {"better": _better(claim["metric"])}
        least = detectable.of_claim(claim, results.comparisons)
        if claim["quantity"] == "gain" and least:
            row |= {"detectable_low": least.low, "detectable_high": least.high}
        names = ("task", "dataset", "pair", "model", "metric", "source")
        yield row | {name: claim[name] for name in names}


def _columns(item: Estimate, columns: Sequence[str]) -> dict[str, Any]:
    """Return the columns that have the name of an attribute of the estimate or its setting."""
    known = item.setting._asdict() | vars(item)
    return {name: known[name] for name in columns if name in known}


def _better(metric: str) -> str:
    """Return which values of a metric, and of its differences, are better."""
    return "higher" if metric_properties.of(metric).higher_is_better else "lower"


def _csv(columns: Sequence[str], numbers: Iterable[dict[str, Any]]) -> str:
    """Return rows as CSV; numbers have six digits, NaN is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _shown(value) for name, value in row.items()} for row in numbers)
    return text.getvalue()


def _shown(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"
