"""Tests of the differences by the task's first metric, and what they could have found."""

from typing import Any

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.evaluation import metric_properties
from warmup.reporting import cells, notes
from warmup.reporting.display_names import task_label
from warmup.reporting.gains import star
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables import Section, _measured, _tests

SECTION = Section.COMPARISONS
PLACE = 1
_SCOPES = {
    "items": "One seed: paired bootstrap over items, without the variation between training runs.",
    "seeds and items": "Several seeds: hierarchical bootstrap over seeds and test items.",
}
_SIGNS = "Difference and effect: the method's score minus the other's; {}."
_COLUMNS = (
    "p: probability of a difference at least this large by chance alone; p (Holm): corrected for "
    "all tests of the task and decoding.",
    "Effect: difference in units of the spread of the items' differences (Cohen's d, paired).",
    "Detectable: smallest true difference that this comparison finds in 80 of 100 cases, at 5%.",
)


def table(results: Results) -> Table | None:
    """Return the comparisons with one decoding, if there are any."""
    if results.comparisons is None or results.comparisons.empty:
        return None
    tests: list[dict[Any, Any]] = results.comparisons.to_dict("records")
    first = {
        dataset: results.metric_order((test["metric"] for test in of_dataset), dataset)[0]
        for dataset, of_dataset in group(tests, lambda test: str(test["dataset"])).items()
    }
    tests = [test for test in tests if test["metric"] == first[test["dataset"]]]
    metrics = results.metric_order(first.values())
    directions = metric_properties.directions(metrics)
    scopes = {test["scope"] for test in tests}
    return Table(
        f"{task_label(results.task)}: comparisons (measured), {results.decoding} decoding, "
        f"{', '.join(map(metric_properties.head, metrics))}",
        [
            *("data", "model", "method", "against", "difference", "p", "p (Holm)", "effect"),
            *("detectable", "test", "seeds", "n items"),
        ],
        [_row(test, results) for test in _tests.ordered(tests, results)],
        4,
        [
            *(note for scope, note in _SCOPES.items() if scope in scopes),
            _SIGNS.format(directions),
            *_COLUMNS,
            notes.significance("the other"),
        ],
    )


def _row(test: dict[Any, Any], results: Results) -> list[Cell]:
    where = Setting.from_row(test)
    bounds = interval(test["low"], test["high"], 1, sign=True)
    difference = number(test["difference"], 1, sign=True)
    mark = star(test["p_holm"], test["difference"])
    return [
        *_measured.names(where, test["method"], results),
        Cell(results.methods.label(test["baseline"])),
        Cell(f"{difference}{mark} {bounds}", test["difference"]),
        cells.probability(test["p"]),
        cells.probability(test["p_holm"]),
        Cell(number(test["effect_size"], 2, sign=True), test["effect_size"]),
        Cell(number(test["detectable"], 1), test["detectable"]),
        Cell(test["test"]),
        cells.count(test["seeds"]),
        cells.count(test["n"]),
    ]
