"""Quantities of warmups, as `warmup analyse-warmups` computes them: names and estimates."""

from dataclasses import replace
from typing import TYPE_CHECKING

from warmup.reporting import estimates
from warmup.reporting.estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd

FORM = {
    "length": "length (tokens)",
    "surprisal": "surprisal (nats per token)",
    "distinct": "distinct (%)",
    "empty": "empty (%)",
    "constant": "constant (%)",
    "copied_beginning": "begins the output (%)",
    "copied_whole": "is the output (%)",
}
"""Quantity -> column head, for what warmups look like."""
CONTENT = {
    "precision_reference": "in reference (%)",
    "recall_reference": "of reference (%)",
    "precision_source": "in source (%)",
    "novelty": "in neither source nor output (%)",
    "agreement": "of output's beginning (%)",
    "names_answer_given": "names answer given (%)",
    "names_answer_right": "names right answer (%)",
}
"""Quantity -> column head, for the words of warmups."""
CLASSES = {
    "gain_function_words": "function words (points)",
    "gain_content_words": "content words (points)",
    "gain_content_minus_function": "content − function (points)",
}
"""Quantity -> column head, for the recalled words of the reference."""
DIGITS = {"length": 1, "surprisal": 2}
"""Decimals of the quantities that are not shares."""


def quantities_of(rows: "pd.DataFrame") -> list[Estimate]:
    """Return each quantity over all test items: mean over seeds, and interval.

    Args:
        rows: as `warmup.evaluation.result_tables.WARMUPS` reads them.
    """
    scores = rows.rename(columns={"quantity": "metric"})
    over_all = estimates.with_pair_means(estimates.rows_of(scores, estimates.ALL))
    return list(map(_clipped, estimates.estimates_of(over_all)))


def _clipped(item: Estimate) -> Estimate:
    """Return a quantity with its interval clipped at 0, and at 1 if it is a share."""
    if item.metric.startswith("gain_"):
        return item
    is_share = not item.metric.startswith(tuple(DIGITS))
    high = min(item.high, 1.0) if is_share else item.high
    return replace(item, low=max(item.low, 0.0), high=high)
