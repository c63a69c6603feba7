"""The results in words. The sentences come from the numbers alone, whatever they are."""

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.evaluation import metric_properties
from warmup.evaluation.intervals import seed_interval
from warmup.evaluation.significance import LEVEL
from warmup.reporting import cells
from warmup.reporting.costs import costs_of
from warmup.reporting.display_names import task_label
from warmup.reporting.estimates import Estimate, is_mean
from warmup.reporting.gains import MARK, is_tested, verdicts
from warmup.reporting.notes import significance
from warmup.reporting.results import Results
from warmup.reporting.table import Cell, Table, interval, number
from warmup.reporting.tables import _measured
from warmup.reporting.warmup_quantities import head

RULE = (
    "A method is called better than another if the 95% interval of the difference, paired by seed, "
    "lies wholly on the better side of 0 (↑ above, ↓ below), and worse if it lies on the other "
    "side. Otherwise, and if the difference is printed as zero, the comparison is undecided."
)
TESTED_RULE = (
    f"A method is called better or worse than another ({MARK}) if p < {LEVEL} after Holm's "
    "correction for all tests of the task and the difference is not printed as zero. Otherwise the "
    "comparison is undecided. Better is above 0 if higher scores are better (↑), below 0 if lower "
    "ones are (↓). The tables of comparisons say which test, and which differences it could have "
    "found."
)


class Finding(NamedTuple):
    """How warmup compares with other methods on one task."""

    heading: str
    sentences: list[str]
    """One for each method that warmup is compared with."""


def basis(results: Results) -> str:
    """Return on how many seeds, settings and items the results rest."""
    scores = [
        item
        for item in results.primary(results.estimates)
        if item.method == FOCUS and not is_mean(item.setting)
    ] or results.primary(results.estimates)
    seeds = sorted({item.seeds for item in scores})
    settings = len({item.setting for item in scores})
    if seeds == [1]:
        words = "one seed: intervals do not include the variation between training runs"
    elif len(seeds) == 1:
        words = f"{seeds[0]} seeds"
    else:
        words = f"{seeds[0]} to {seeds[-1]} seeds, by setting; an interval of one seed does not "
        words += "include the variation between training runs"
    of = "one setting" if settings == 1 else f"{settings} settings"
    return f"These results rest on {of} of data and model, with {words}."


def rule(results: Results) -> str:
    """Return what "better" means."""
    return RULE if results.comparisons is None else TESTED_RULE


def findings(results: Results) -> list[Finding]:
    """Return how warmup compares with other methods on each task, by the task's first metric."""
    warmups = [item for item in results.primary(results.estimates) if item.method == FOCUS]
    gains = results.primary(results.of_warmup)

    def place(item: Estimate) -> tuple[str, str]:
        return item.setting.task, item.metric

    return [
        _finding(of_place, [gain for gain in gains if place(gain) == at], results)
        for at, of_place in group(warmups, place).items()
    ]


def _finding(warmups: list[Estimate], gains: list[Estimate], results: Results) -> Finding:
    by_other = group(gains, lambda gain: gain.baseline)
    others = results.methods.sort(by_other)
    ablations = [name for name in others if results.methods.aspect(name)]
    # the table of ablations has their differences
    controls = [name for name in others if name not in ablations]
    sentences = []
    for other in controls:
        if of_pairs := _without_means(by_other[other]):
            words = _verdicts(of_pairs, "setting", " of data and model")
            sentences.append(f"Against {results.methods.label(other)}, warmup is {words}.")
    if of_pairs := _without_means(gain for name in ablations for gain in by_other[name]):
        words = _verdicts(of_pairs, "comparison")
        sentences.append(f"Against ablations of it, warmup is {words}; a table below has each.")
    metric = metric_properties.head(warmups[0].metric)
    return Finding(f"{task_label(warmups[0].setting.task)} ({metric})", sentences)


def summary(results: Results) -> list[Table]:
    """Return the table of warmup's gains over all other methods but ablations, on all tasks."""
    warmups = [item for item in results.primary(results.estimates) if item.method == FOCUS]
    over = {(gain.setting, gain.baseline): gain for gain in results.primary(results.of_warmup)}
    others = [
        name
        for name in results.methods.sort(other for _, other in over)
        if not results.methods.aspect(name)
    ]
    rows = [
        [
            Cell(results.names.data(item.setting)),
            Cell(results.names.model(item.setting.model)),
            Cell(metric_properties.head(item.metric)),
            *(cells.estimate(over.get((item.setting, other)), sign=True) for other in others),
            cells.count(item.seeds),
            cells.count(item.n),
        ]
        for item in warmups
    ]
    heads = [f"gain over {results.methods.label(other)}" for other in others]
    header = ["data", "model", "metric", *heads, "seeds", "n items"]
    title = "Warmup's gain over each other method (measured) [95% interval]"
    notes = [significance("the other")] if is_tested(over.values()) else []
    return [Table(title, header, rows, 3, notes, "summary")] if others else []


def _without_means(gains: Iterable[Estimate]) -> list[Estimate]:
    return [gain for gain in gains if not is_mean(gain.setting)]


def _verdicts(gains: list[Estimate], unit: str, of: str = "") -> str:
    means = sorted(gain.mean for gain in gains)
    size = " to ".join(
        dict.fromkeys(number(value, 1, sign=True) for value in (means[0], means[-1]))
    )
    total = f"{len(gains)} {unit}{'s' if len(gains) > 1 else ''}"
    return f"{verdicts(gains)} of {total}{of} ({size} points)"


def dynamics(results: Results) -> list[Table]:
    """Return the table of warmups at the last logged update of training, if any were logged."""
    if results.curves is None:
        return []
    quantities = ("warmup_length", "effective_sample_size", "reward")
    curves = results.curves[results.curves["quantity"].isin(quantities)]
    run = ["task", "dataset", "pair", "model", "method", "quantity", "seed"]
    last = curves.sort_values("update").drop_duplicates(run, keep="last").to_dict("records")
    groups = group(last, lambda row: tuple(row[name] for name in run[:5]))
    order = results.methods.sort(method for *_, method in groups)
    rows = []
    for (*_, method), of_seeds in sorted(
        groups.items(), key=lambda item: (item[0][:4], order.index(item[0][4]))
    ):
        by_quantity = group(of_seeds, lambda row: row["quantity"])
        where = Setting.from_row({**of_seeds[0], "split": "train"})
        row = _measured.names(where, method, results)
        for quantity in quantities:
            if logged := [seed["value"] for seed in by_quantity.get(quantity, [])]:
                mean, low, high = seed_interval(logged)
                row.append(Cell(f"{number(mean, 2)} {interval(low, high, 2)}", mean))
            else:
                row.append(cells.NOTHING)
        rows.append([*row, cells.count(len({seed["seed"] for seed in of_seeds}))])
    header = ["data", "model", "method", *map(head, quantities), "seeds"]
    title = "Sampled warmups at the end of training (training examples; mean over seeds)"
    notes = [
        "[95% interval]: Student t over the seeds; none with one seed.",
        "Means over the examples since the previous log line: log_every × batch_size examples.",
        "Effective sample size: how many of the N samples share the weight. Reward: log of the "
        "mean probability of the target given the warmup, per example.",
    ]
    return [Table(title, header, rows, 3, notes, "dynamics")] if rows else []


def cost(results: Results) -> list[str]:
    """Return what an update with warmup costs, compared with an update of SFT."""
    own = {
        (item.setting, item.method): item
        for item in costs_of(results.scores, Methods())
        if not is_mean(item.setting)
    }
    pairs = [
        (item, own[setting, BASELINE])
        for (setting, method), item in own.items()
        if method == FOCUS and (setting, BASELINE) in own
    ]
    if not pairs:
        return []
    operations = [
        warmup.flops / warmup.updates / (sft.flops / sft.updates) for warmup, sft in pairs
    ]
    seconds = [
        warmup.seconds.mean / warmup.updates / (sft.seconds.mean / sft.updates)
        for warmup, sft in pairs
    ]
    return [
        f"An update with warmup takes {_spread(operations)} the floating-point operations and "
        f"{_spread(seconds)} the time of an update of SFT "
        f"({_settings(len(operations))})."
    ]


def _spread(values: Iterable[float]) -> str:
    ratios = sorted(values)
    median = f"{number(statistics.median(ratios), 1)} times"
    if len(ratios) == 1:
        return median
    return f"{median} [{number(ratios[0], 1)} to {number(ratios[-1], 1)}]"


def _settings(count: int) -> str:
    return "one setting" if count == 1 else f"median over {count} settings, and range"
