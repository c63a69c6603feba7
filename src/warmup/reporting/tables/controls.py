"""Tables of what warmup is compared with: all controls in one, and all ablations in one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.decodings import Decodings
from warmup.config.methods import FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.reporting import estimates
from warmup.reporting.costs import Cost, costs_of
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import Estimate
from warmup.reporting.gains import cell, gains, is_tested
from warmup.reporting.table import Cell, Table, number
from warmup.reporting.tables.comparisons import significance_note
from warmup.reporting.tables.cost import compute_note, times
from warmup.reporting.tables.decoding_controls import differences

if TYPE_CHECKING:
    import pandas as pd

_SCORE = (
    "[95% interval] of a score: over seeds (Student t) with two seeds or more, over test items "
    "with one. Of a difference: hierarchical bootstrap over seeds and items, with one seed the "
    "paired bootstrap over items, where it was tested."
)
_DIFFERENCE = "Difference: to warmup with the same seeds and its own warmups; {} 0 is worse."
_AT_TEST_TIME = "warmup; at test time {}"


class _Row(NamedTuple):
    setting: Setting
    group: str
    """What an ablation varies."""
    name: str
    score: Estimate
    difference: Estimate | None
    cost: Cost | None


def controls(
    scores: "pd.DataFrame",
    decodings: Decodings,
    methods: Methods,
    task: str,
    tested: "pd.DataFrame | None" = None,
) -> Table | None:
    """Return all controls of a task, those of training and those at test time, beside warmup.

    None where there are none but SFT.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them, of one task.
        decodings: which are controls of which.
        methods: order of the methods, which starts from which, and which are ablations.
        task: name of the task.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
    """
    rows = [row for row in _trained(scores, decodings, methods, tested) if not row.group]
    rows = _with_test_time(rows, _behind_others(scores, decodings, tested))
    if len({row.name for row in rows}) < 3:  # SFT and warmup alone
        return None
    title = f"{label(TASKS, task)}: all controls beside warmup"
    return _table(f"{task}-all-controls", title, rows, methods, grouped=False)


def ablations(
    scores: "pd.DataFrame",
    decodings: Decodings,
    methods: Methods,
    task: str,
    tested: "pd.DataFrame | None" = None,
) -> Table | None:
    """Return the ablations of a task by what they vary, each beside warmup; None without any.

    The arguments are those of `controls`.
    """
    everything = _trained(scores, decodings, methods, tested)
    if not any(row.group for row in everything):
        return None
    rows = [row for row in everything if row.group or row.name == label(METHODS, FOCUS)]
    title = f"{label(TASKS, task)}: ablations, by what they vary"
    return _table(f"{task}-ablations", title, rows, methods, grouped=True)


def to_warmup(scores: "pd.DataFrame", tested: "pd.DataFrame | None" = None) -> list[Estimate]:
    """Return the difference of each method to warmup with the same seed, as its test has it.

    Tests are of warmup against the others, so that the signs are turned round.
    """
    return [
        replace(gain, method=other, mean=-gain.mean, low=-gain.high, high=-gain.low)
        for other in sorted(set(scores["method"]) - {FOCUS})
        for gain in gains(scores[scores["method"].isin([FOCUS, other])], tested, other)
    ]


def _trained(
    scores: "pd.DataFrame",
    decodings: Decodings,
    methods: Methods,
    tested: "pd.DataFrame | None",
) -> list[_Row]:
    """Return a row for each method of each setting that warmup was evaluated in."""
    scores = decodings.without_controls(scores)
    costs = {(item.setting, item.method): item for item in costs_of(scores, methods)}
    found = estimates.ordered(estimates.primary(estimates.scores_of(scores), decodings), methods)
    have_warmup = {item.setting for item in found if item.method == FOCUS}
    over = {
        (item.setting, item.method): item
        for item in estimates.primary(to_warmup(scores, tested), decodings)
    }
    return [
        _Row(
            item.setting,
            methods.aspect(item.method),
            label(METHODS, item.method),
            item,
            over.get((item.setting, item.method)),
            costs.get((item.setting._replace(split="train"), item.method)),
        )
        for item in found
        if item.setting in have_warmup
    ]


def _behind_others(
    scores: "pd.DataFrame", decodings: Decodings, tested: "pd.DataFrame | None"
) -> list[_Row]:
    """Return a row for warmup behind each other warmup than its own."""
    of_warmup = scores[scores["method"] == FOCUS]
    usual = estimates.scores_of(decodings.without_controls(scores))
    first = decodings.sort(item.decoding for item in usual)[:1]
    beside = [name for name, own in decodings.controls.items() if own in first]
    rows = of_warmup[of_warmup["decoding"].isin(beside)]
    if rows.empty:
        return []
    changes = {
        (item.setting, item.decoding, item.metric): item
        for item in differences(of_warmup, decodings, tested)
    }
    found = estimates.scores_of(rows)
    metric = metric_properties.order(found[0].setting.task, (item.metric for item in found))[0]
    return [
        _Row(
            item.setting,
            "",
            _AT_TEST_TIME.format(label({}, item.decoding)),
            item,
            changes.get((item.setting, item.decoding, item.metric)),
            None,
        )
        for item in sorted(found, key=lambda item: decodings.order.index(item.decoding))
        if item.metric == metric
    ]


def _with_test_time(rows: list[_Row], others: list[_Row]) -> list[_Row]:
    """Return the rows of each setting with those of test time at their end."""
    groups = group(rows, lambda row: row.setting)
    behind = group(others, lambda row: row.setting)
    return [row for setting, found in groups.items() for row in found + behind.get(setting, [])]


def _table(
    name: str, title: str, rows: Sequence[_Row], methods: Methods, *, grouped: bool
) -> Table:
    metric = rows[0].score.metric
    header = [
        *("data", "model"),
        *(["varied"] if grouped else []),
        *("method", metric_properties.head(metric), "difference to warmup"),
        *("updates", "compute", "seeds", "n items"),
    ]
    cells = [
        [
            *map(Cell, (row.setting.data, row.setting.model)),
            *([Cell(row.group or "–")] if grouped else []),
            *(Cell(row.name), cell(row.score), cell(row.difference, sign=True)),
            _count(row.cost.updates) if row.cost else Cell("–"),
            times(row.cost.relative) if row.cost else Cell("–"),
            *(_count(row.score.seeds), _count(row.score.n)),
        ]
        for row in rows
    ]
    worse = "below" if metric_properties.of(metric).higher_is_better else "above"
    notes = [_SCORE, _DIFFERENCE.format(worse), compute_note(methods)]
    if is_tested(row.difference for row in rows if row.difference):
        notes.append(significance_note("warmup"))
    return Table(name, title, header, cells, 4 if grouped else 3, notes)


def _count(value: float) -> Cell:
    return Cell(number(value, 0), value)
