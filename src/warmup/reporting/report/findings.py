"""The results in words, computed from the scores: nothing here knows how an experiment ended."""

import statistics
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.decodings import Decodings
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.intervals import seed_interval
from warmup.evaluation.result_tables import MEAN
from warmup.evaluation.significance import LEVEL
from warmup.reporting.costs import costs_of
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import Estimate, ordered, primary, scores_of
from warmup.reporting.gains import MARK, cell, gains, verdict
from warmup.reporting.table import Cell, Table, interval, number

if TYPE_CHECKING:
    import pandas as pd

RULE = (
    "One method is called better than another where the 95% interval of the difference, paired by "
    "seed, lies wholly on the better side of 0 (↑ above, ↓ below), worse where it lies on the "
    "other, and else, or where the difference is printed as zero, not told apart."
)
TESTED_RULE = (
    f"One method is called better or worse than another ({MARK}) where p < {LEVEL} after Holm's "
    "correction for all tests of the task and the difference is not printed as zero, and else not "
    "told apart. Better is above 0 where higher scores are better (↑), below 0 where lower ones "
    "are (↓). The tables of comparisons say which test, and which differences it could have found."
)


class Finding(NamedTuple):
    """What the scores say of warmup on one task."""

    heading: str
    sentences: list[str]
    """One for each method that warmup is compared with."""
    table: Table
    """The gain over each of them in each setting."""


def rule(tested: "pd.DataFrame | None") -> str:
    """Return what "better" means."""
    return RULE if tested is None else TESTED_RULE


def findings(
    scores: "pd.DataFrame",
    methods: Methods,
    decodings: Decodings,
    tested: "pd.DataFrame | None" = None,
) -> list[Finding]:
    """Return what the scores say of warmup on each task, by the task's first metric.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
        methods: order of the methods.
        decodings: their order.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
    """
    estimates = primary(scores_of(scores), decodings)
    over = {
        other: {
            item.setting: item
            for item in primary(
                gains(scores[scores["method"].isin([FOCUS, other])], tested, other), decodings
            )
        }
        for other in methods.sort({item.method for item in estimates} - {FOCUS})
    }
    warmups = ordered((item for item in estimates if item.method == FOCUS), methods)
    return [
        _finding(task, found, over, methods)
        for task, found in group(warmups, lambda item: item.setting.task).items()
    ]


def _finding(
    task: str,
    warmups: list[Estimate],
    over: dict[str, dict[Setting, Estimate]],
    methods: Methods,
) -> Finding:
    settings = {item.setting for item in warmups}
    compared = {other: found for other, found in over.items() if settings & found.keys()}
    sentences, of_ablations = [], list[Estimate]()
    for other, found in compared.items():
        single = [s for s in settings & found.keys() if not s.pair.startswith(MEAN)]
        here = [found[setting] for setting in single]
        if methods.aspect(other):
            of_ablations += here
        elif here:
            verdicts = _verdicts(here, "setting", " of data and model")
            sentences.append(f"Against {label(METHODS, other)}, warmup is {verdicts}.")
    if of_ablations:
        verdicts = _verdicts(of_ablations, "comparison")
        sentences.append(f"Against ablations of it, warmup is {verdicts}; a table below has each.")
    # the ablations' own table has their differences
    compared = {other: found for other, found in compared.items() if not methods.aspect(other)}
    rows = [
        [
            Cell(item.setting.data),
            Cell(item.setting.model),
            cell(item),
            *(cell(found.get(item.setting), sign=True) for found in compared.values()),
            Cell(number(item.seeds, 0), item.seeds),
            Cell(number(item.n, 0), item.n),
        ]
        for item in warmups
    ]
    metric = metric_properties.head(warmups[0].metric)
    columns = [f"gain over {label(METHODS, other)}" for other in compared]
    header = ["data", "model", f"{metric} of warmup", *columns, "seeds", "n items"]
    title = "Warmup's score, and its gain over each other method (measured) [95% interval]"
    table = Table(f"{task}-findings", title, header, rows, 2)
    return Finding(f"{label(TASKS, task)} ({metric})", sentences, table)


def _verdicts(gains: list[Estimate], unit: str, of: str = "") -> str:
    found = [verdict(gain) for gain in gains]
    counts = [
        f"{words} in {found.count(words)}"
        for words in ("better", "worse", "not told apart")
        if words in found
    ]
    means = sorted(gain.mean for gain in gains)
    size = " to ".join(
        dict.fromkeys(number(value, 1, sign=True) for value in (means[0], means[-1]))
    )
    total = f"{len(found)} {unit}{'s' if len(found) > 1 else ''}"
    return f"{', '.join(counts)} of {total}{of} ({size} points)"


def dynamics(curves: "pd.DataFrame", methods: Methods) -> list[Table]:
    """Return what warmups are like at the last logged update of training, if any were logged."""
    quantities = {
        "warmup_length": "length (tokens)",
        "effective_sample_size": "effective sample size",
        "reward": "reward (nats)",
    }
    wanted = curves[curves["quantity"].isin(list(quantities))].sort_values("update")
    run = ["task", "dataset", "pair", "model", "method", "quantity", "seed"]
    last = wanted.drop_duplicates(run, keep="last").to_dict("records")
    groups = group(last, lambda row: tuple(row[name] for name in run[:5]))
    ranks = methods.sort(key[4] for key in groups)
    rows = []
    for (*_, dataset, pair, model, method), found in sorted(
        groups.items(), key=lambda group: (group[0][:4], ranks.index(group[0][4]))
    ):
        values = group(found, lambda row: row["quantity"])
        cells = []
        for quantity in quantities:
            if logged := [row["value"] for row in values.get(quantity, [])]:
                mean, low, high = seed_interval(logged)
                cells.append(Cell(f"{number(mean, 2)} {interval(low, high, 2)}", mean))
            else:
                cells.append(Cell("–"))
        seeds = len({row["seed"] for row in found})
        names = [f"{dataset} {pair}", model, label(METHODS, method)]
        rows.append([*map(Cell, names), *cells, Cell(str(seeds), seeds)])
    header = ["data", "model", "method", *quantities.values(), "seeds"]
    title = "Sampled warmups at the end of training (training examples; mean over seeds)"
    notes = [
        "In brackets the 95% interval, Student t over the seeds; none with one seed.",
        "Means over the examples since the log line before: log_every × batch_size of them.",
        "Effective sample size: how many of the N samples share the weight. Reward: log of the "
        "mean probability of the target given the warmup, per example.",
    ]
    return [Table("dynamics", title, header, rows, 3, notes)] if rows else []


def cost(scores: "pd.DataFrame") -> list[str]:
    """Return what an update with warmup costs, compared with one of SFT."""
    own = {(item.setting, item.method): item for item in costs_of(scores, Methods())}
    operations, seconds = [], []
    for (setting, method), item in own.items():
        base = own.get((setting, BASELINE))
        if method != FOCUS or base is None or setting.pair.startswith(MEAN):
            continue
        operations.append(item.flops / item.updates / (base.flops / base.updates))
        seconds.append(item.seconds.mean / item.updates / (base.seconds.mean / base.updates))
    if not operations:
        return []
    return [
        f"An update with warmup takes {_spread(operations)} the floating-point operations and "
        f"{_spread(seconds)} the time of an update of SFT "
        f"(median over {len(operations)} settings, and range)."
    ]


def _spread(values: Iterable[float]) -> str:
    found = sorted(values)
    middle = number(statistics.median(found), 1)
    return f"{middle} times [{number(found[0], 1)} to {number(found[-1], 1)}]"
