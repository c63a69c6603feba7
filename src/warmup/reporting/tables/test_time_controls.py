"""Controls at test time: the same models with other warmups than their own."""

from collections.abc import Iterable, Mapping

from warmup.common.grouping import group
from warmup.config.decodings import Decodings
from warmup.evaluation import metric_properties
from warmup.reporting import cells, missing_scores, notes
from warmup.reporting.display_names import decoding_label, task_label
from warmup.reporting.estimates import Estimate
from warmup.reporting.gains import is_tested
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table
from warmup.reporting.tables import Section, _measured

SECTION = Section.CONTROLS
PLACE = 2
_NOTES = (
    "Warmup: own if the model generates it itself; otherwise what replaces it.",
    "[95% interval]: over seeds (Student t) with two seeds or more, over test items with one.",
)
_DIFFERENCE = "Difference: to the same models with the same seeds and their own warmups."


def table(results: Results) -> Table | None:
    """Return the scores with own and with other warmups, method by method, if there are any."""
    decodings = results.decodings
    shown = {*decodings.controls, *decodings.controls.values()}
    methods = {item.method for item in results.estimates if item.decoding in decodings.controls}
    if not methods:
        return None
    estimates = [
        item for item in results.estimates if item.decoding in shown and item.method in methods
    ]
    gaps = [gap for gap in results.gaps if gap.decoding in shown and gap.method in methods]
    metrics = _measured.metrics_of(results, estimates, gaps)
    differences = {
        (item.setting, item.method, item.decoding): item
        for item in results.to_own_warmup
        if item.metric == metrics[0]
    }
    rows = []
    for (setting, method), items in group(
        estimates, lambda item: (item.setting, item.method)
    ).items():
        for decoding, of_metrics in _by_decoding(items, decodings):
            not_computed = missing_scores.metrics_of(
                (gap for gap in gaps if gap.decoding == decoding), setting, method
            )
            rows.append(
                [
                    *_measured.names(setting, method, results),
                    Cell(_origin(decoding, decodings)),
                    *(
                        Cell(missing_scores.TEXT)
                        if metric in not_computed
                        else cells.estimate(of_metrics.get(metric))
                        for metric in metrics
                    ),
                    cells.estimate(differences.get((setting, method, decoding)), sign=True),
                    cells.count(max(item.seeds for item in of_metrics.values())),
                    cells.count(max(item.n for item in of_metrics.values())),
                ]
            )
    directions = metric_properties.directions(metrics)
    return Table(
        f"{task_label(results.task)}: controls at test time, with other warmups than the "
        "model's own",
        [
            *(*_measured.LABELS, "warmup"),
            *map(metric_properties.head, metrics),
            *(f"difference in {metric_properties.head(metrics[0])}", "seeds", "n items"),
        ],
        rows,
        4,
        [
            *_NOTES,
            f"{_DIFFERENCE} {directions}.",
            *missing_scores.notes(gaps),
            *([notes.significance("own")] if is_tested(differences.values()) else []),
        ],
    )


def _by_decoding(
    estimates: Iterable[Estimate], decodings: Decodings
) -> list[tuple[str, Mapping[str, Estimate]]]:
    """Return the estimates by decoding and metric, each own decoding before its controls."""

    def key(name: str) -> tuple[int, bool, int]:
        order, own = decodings.order, decodings.controls.get(name, name)
        return order.index(own), name != own, order.index(name)

    groups = group(estimates, lambda item: item.decoding)
    return [
        (name, {item.metric: item for item in groups[name]}) for name in sorted(groups, key=key)
    ]


def _origin(decoding: str, decodings: Decodings) -> str:
    """Return where the warmups come from."""
    if decoding in decodings.controls:
        return decoding_label(decoding)
    several = len(set(decodings.controls.values())) > 1
    return f"own ({decoding_label(decoding)})" if several else "own"
