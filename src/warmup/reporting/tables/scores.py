"""Scores of all methods, with updates and compute of training."""

import math

from warmup.evaluation import metric_properties
from warmup.reporting import cells, missing_scores, notes
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import separated
from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _measured

SECTION = Section.SCORES
PLACE = 1
_BOLD = (
    "Bold: the whole interval is on the better side of the intervals of all other methods on the "
    "same data and model, and no other score is printed alike; {}."
)


def table(results: Results) -> Table | None:
    """Return the scores with one decoding, if there are any."""
    estimates, gaps = results.estimates, results.gaps
    if not estimates:
        return None
    metrics = _measured.metrics_of(results, estimates, gaps)
    costs = {(cost.setting, cost.method): cost for cost in results.costs}
    best = set(separated(estimates))
    rows = []
    for setting, method, of_metrics in _measured.by_method(estimates):
        cost = costs.get((setting._replace(split="train"), method))
        not_computed = missing_scores.metrics_of(gaps, setting, method)
        rows.append(
            [
                *_measured.names(setting, method, results),
                *_measured.values(of_metrics, metrics, estimates, not_computed, best=best),
                cells.count(cost.updates if cost else math.nan),
                cells.times(cost.relative if cost else math.nan),
            ]
        )
    return Table(
        f"{task_label(results.task)}: scores, {results.decoding} decoding",
        [*_measured.header(metrics), "updates", "compute"],
        rows,
        len(_measured.LABELS),
        [
            *notes.intervals(estimates),
            _BOLD.format(metric_properties.directions(metrics)),
            notes.compute(results.methods),
            *notes.pair_means(estimates),
            *missing_scores.notes(gaps),
        ],
    )
