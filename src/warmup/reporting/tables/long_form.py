"""Every number of a task's tables in long form, one a row, for other programs."""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from warmup.common.keys import Setting
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.segment_scores import signature_without
from warmup.reporting import missing_scores
from warmup.reporting.costs import costs_of
from warmup.reporting.estimates import ordered, scores_of
from warmup.reporting.gains import gains
from warmup.reporting.paper import detectable
from warmup.reporting.tables.controls import to_warmup
from warmup.reporting.tables.decoding_controls import differences

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("quantity", *Setting._fields, "method", "decoding", "metric"),
    *("measured", "low", "high", "interval", "seeds", "n", "reported", "source"),
    *("p_holm", "detectable_low", "detectable_high", "better"),
)
"""What was measured and what the paper reports are in different columns."""


def rows(
    scores: "pd.DataFrame",
    claims: "pd.DataFrame",
    methods: Methods,
    task: str,
    tested: "pd.DataFrame | None" = None,
    *,
    decodings: Decodings = UNKNOWN,
) -> Iterator[dict[str, Any]]:
    """Yield every number of the task's tables as a row for `COLUMNS`.

    `quantity` is `score`, `gain_over_sft`, `difference_to_warmup` (of another method),
    `difference_to_own_warmup` (of the same models behind another one), `train_updates`,
    `train_flops`, `train_seconds` or `relative_compute` where measured, `gain_over_sft` or `score`
    where reported. A score that was not computed has no number; its source says why. `better` is
    `higher` or `lower`.
    """
    scores = scores[scores["task"] == task]
    estimates = {
        "score": scores_of(scores),
        "gain_over_sft": gains(scores, tested),
        "difference_to_warmup": to_warmup(decodings.without_controls(scores), tested),
        "difference_to_own_warmup": differences(scores, decodings, tested),
    }
    for quantity, items in estimates.items():
        for item in ordered(items, methods):
            row = {"quantity": quantity, **item.setting._asdict(), "measured": item.mean}
            names = ("method", "decoding", "metric", "low", "high", "interval", "seeds", "n")
            row |= {name: getattr(item, name) for name in names} | {"p_holm": item.p}
            yield row | {"better": _better(item.metric)}
    for gap in missing_scores.gaps_of(scores):
        row = {"quantity": "score", **gap.setting._asdict(), **gap._asdict()}
        said = {"source": signature_without(gap.reason), "better": _better(gap.metric)}
        yield {name: value for name, value in row.items() if name in COLUMNS} | said
    for cost in ordered(costs_of(scores, methods), methods):
        row = {**cost.setting._asdict(), "method": cost.method, "seeds": cost.seeds}
        for quantity, value in (
            ("train_updates", cost.updates),
            ("train_flops", cost.flops),
            ("relative_compute", cost.relative),
        ):
            yield row | {"quantity": quantity, "measured": value}
        measured, low, high = cost.seconds
        yield row | {"quantity": "train_seconds", "measured": measured, "low": low, "high": high}
    for claim in claims[claims["task"] == task].to_dict("records"):
        quantity = {"gain": "gain_over_sft", "absolute": "score"}[claim["quantity"]]
        given = ("task", "dataset", "pair", "model", "metric", "source")
        row = {"quantity": quantity, "method": FOCUS, "reported": float(claim["value"])}
        row |= {"better": _better(claim["metric"])}
        if claim["quantity"] == "gain" and (least := detectable.of_claim(claim, tested)):
            row |= {"detectable_low": least.low, "detectable_high": least.high}
        yield row | {name: claim[name] for name in given}


def _better(metric: str) -> str:
    """Return which values of a metric, and of its differences, are better."""
    return "higher" if metric_properties.of(metric).higher_is_better else "lower"


def to_csv(numbers: Iterable[dict[str, Any]]) -> str:
    """Return rows under `COLUMNS`; numbers have six digits, unknown ones are empty."""

    def shown(value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return "" if math.isnan(value) else f"{value:.6g}"

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: shown(value) for name, value in row.items()} for row in numbers)
    return text.getvalue()
