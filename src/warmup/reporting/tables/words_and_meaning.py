"""Are gains gains of words? Metrics of words compared with metrics of meaning."""

from typing import Any

from warmup.common.keys import Setting
from warmup.config.methods import BASELINE
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import compared_metrics
from warmup.reporting import cells, notes
from warmup.reporting.display_names import task_label
from warmup.reporting.gains import star
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables import Section, _measured, _tests

SECTION = Section.COMPARISONS
PLACE = 2
_NOTES = (
    "Gains over SFT in units of the spread of the items' differences (Cohen's d, paired), so that "
    "two metrics can be compared. Above 0 is better, also if lower scores are better.",
    "Words − meaning [95% interval]: above 0, the gain in words is larger than in meaning, as "
    "the paper says of warmups. With one seed the paired bootstrap over items, with several the "
    "hierarchical bootstrap over seeds and items. p (Holm): corrected for the rows of the table.",
)


def table(results: Results) -> Table | None:
    """Return gains in words and in meaning; None if no metric of meaning was computed."""
    if results.comparisons is None:
        return None
    tests: list[dict[Any, Any]] = results.comparisons.to_dict("records")
    over_sft = [test for test in tests if test["baseline"] == BASELINE]
    contrasts = [test for test in over_sft if compared_metrics(test["metric"])]
    if not contrasts:
        return None
    effects = {
        (Setting.from_row(test), test["method"], test["metric"]): test["effect_size"]
        for test in over_sft
    }
    return Table(
        f"{task_label(results.task)}: is the gain one of words? (measured), "
        f"{results.decoding} decoding",
        [
            *("data", "model", "method", "metrics", "words", "meaning", "words − meaning"),
            *("p", "p (Holm)", "seeds", "n items"),
        ],
        [_row(test, effects, results) for test in _tests.ordered(contrasts, results)],
        4,
        [*_NOTES, notes.significance("0")],
    )


def _row(
    test: dict[Any, Any], effects: dict[tuple[Any, ...], float], results: Results
) -> list[Cell]:
    where, method = Setting.from_row(test), test["method"]
    metrics = compared_metrics(test["metric"])
    assert metrics
    gains = [
        metric_properties.of(metric).improvement(effects[where, method, metric])
        for metric in metrics
    ]
    bounds = interval(test["low"], test["high"], 2, sign=True)
    difference = number(test["difference"], 2, sign=True)
    mark = star(test["p_holm"], test["difference"], digits=2)
    return [
        *_measured.names(where, method, results),
        Cell(" − ".join(map(metric_properties.label, metrics))),
        *(Cell(number(gain, 2, sign=True), gain) for gain in gains),
        Cell(f"{difference}{mark} {bounds}", test["difference"]),
        cells.probability(test["p"]),
        cells.probability(test["p_holm"]),
        cells.count(test["seeds"]),
        cells.count(test["n"]),
    ]
