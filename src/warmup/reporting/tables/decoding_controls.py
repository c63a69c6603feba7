"""The table of a task's controls at test time: the same models behind other warmups."""

from typing import TYPE_CHECKING

from warmup.common.grouping import group
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import OWN
from warmup.reporting import missing_scores
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import Estimate, ordered, scores_of
from warmup.reporting.gains import cell, gains, is_tested
from warmup.reporting.table import Cell, Table, number
from warmup.reporting.tables.comparisons import significance_note

if TYPE_CHECKING:
    import pandas as pd

_NOTES = (
    "Warmup: own, the model writes it itself; else what the output was generated behind instead.",
    "[95% interval]: over seeds (Student t) with two seeds or more, over test items with one.",
)
_DIFFERENCE = "Difference: to the same models, with the same seeds, behind their own warmups."


def control_table(
    scores: "pd.DataFrame",
    decodings: Decodings,
    methods: Methods,
    task: str,
    tested: "pd.DataFrame | None" = None,
) -> Table | None:
    """Return scores behind own and other warmups, method by method, if there are any controls.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them, controls included, of one
            task.
        decodings: which are controls of which.
        methods: order of the methods.
        task: name of the task.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
    """
    used = scores[scores["decoding"].isin(list(decodings.controls))]
    if used.empty:
        return None
    wanted = {*decodings.controls, *decodings.controls.values()}
    rows = scores[
        scores["decoding"].isin(list(wanted)) & scores["method"].isin(set(used["method"]))
    ]
    estimates = ordered(scores_of(rows), methods)
    gaps = missing_scores.gaps_of(rows)
    metrics = metric_properties.order(
        task, [item.metric for item in estimates] + [gap.metric for gap in gaps]
    )
    changes = {
        (item.setting, item.method, item.decoding): item
        for item in differences(rows, decodings, tested)
        if item.metric == metrics[0]
    }
    groups = group(estimates, lambda item: (item.setting, item.method))
    cells = [
        _row(
            [setting.data, setting.model, label(METHODS, method), _source(decoding, decodings)],
            {metric: found.get(metric) for metric in metrics},
            changes.get((setting, method, decoding)),
            missing_scores.metrics_of(
                (gap for gap in gaps if gap.decoding == decoding), setting, method
            ),
        )
        for (setting, method), here in groups.items()
        for decoding, found in _by_decoding(here, decodings)
    ]
    header = [
        *("data", "model", "method", "warmup"),
        *map(metric_properties.head, metrics),
        *(f"difference in {metric_properties.head(metrics[0])}", "seeds", "n items"),
    ]
    title = f"{label(TASKS, task)}: controls at test time, other warmups than the model's own"
    directions = metric_properties.directions(metrics)
    notes = [*_NOTES, f"{_DIFFERENCE} {directions}.", *missing_scores.notes(gaps)]
    if is_tested(changes.values()):
        notes.append(significance_note("own"))
    return Table(f"{task}-controls", title, header, cells, 4, notes)


def differences(
    scores: "pd.DataFrame", decodings: Decodings, tested: "pd.DataFrame | None" = None
) -> list[Estimate]:
    """Return the difference of each method behind other warmups to the same behind its own."""
    import pandas as pd  # noqa: PLC0415  # whoever only imports this starts without it

    found = []
    for control, own in decodings.controls.items():
        ours = scores[scores["decoding"] == control]
        theirs = scores[scores["decoding"] == own].assign(decoding=control)
        for method in sorted(set(ours["method"])):
            of_ours = ours[ours["method"] == method]
            of_theirs = theirs[theirs["method"] == method].assign(method=OWN)
            found += gains(pd.concat([of_ours, of_theirs]), tested, OWN)
    return found


def _by_decoding(
    here: list[Estimate], decodings: Decodings
) -> list[tuple[str, dict[str, Estimate]]]:
    """Return the estimates by decoding and metric, each own one before its controls."""

    def key(name: str) -> tuple[int, bool, int]:
        order, own = decodings.order, decodings.controls.get(name, name)
        return order.index(own), name != own, order.index(name)

    groups = group(here, lambda item: item.decoding)
    return [
        (name, {item.metric: item for item in groups[name]}) for name in sorted(groups, key=key)
    ]


def _source(decoding: str, decodings: Decodings) -> str:
    """Return where warmups come from."""
    if decoding in decodings.controls:
        return label({}, decoding)
    several = len(set(decodings.controls.values())) > 1
    return f"own ({label({}, decoding)})" if several else "own"


def _row(
    names: list[str],
    found: dict[str, Estimate | None],
    difference: Estimate | None,
    missing: set[str],
) -> list[Cell]:
    known = [item for item in found.values() if item]
    seeds, n = (max(getattr(item, name) for item in known) for name in ("seeds", "n"))
    return [
        *map(Cell, names),
        *(
            Cell(missing_scores.TEXT) if metric in missing else cell(item)
            for metric, item in found.items()
        ),
        cell(difference, sign=True),
        Cell(number(seeds, 0), seeds),
        Cell(number(n, 0), n),
    ]
