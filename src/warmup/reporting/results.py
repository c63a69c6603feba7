"""The results of an experiment: its numbers as read, and what follows from them, computed once.

Tables, figures, the report and the terminal show a `Results`. For a part of them, such as the
tables of one task, `Results.of` selects; it computes nothing again.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config import experiment_summary
from warmup.config.decodings import Decodings
from warmup.config.experiment_summary import ExperimentSummary
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.config.names import Names
from warmup.data.text_counts import NONE
from warmup.evaluation import metric_properties
from warmup.evaluation.result_tables import (
    COMPARISONS,
    CURVES,
    OWN,
    SCORES,
    WARMUPS,
    Row,
    add_comparisons,
    add_warmups,
)
from warmup.reporting.costs import Cost, costs_of
from warmup.reporting.estimates import (
    ALL,
    LOOKAHEAD,
    Estimate,
    Item,
    identity,
    ordered,
    rows_of,
    scores_of,
    with_pair_means,
)
from warmup.reporting.gains import differences_of, of_focus, reversed_sign
from warmup.reporting.missing_scores import Gap, gaps_of
from warmup.reporting.paper import reported
from warmup.reporting.warmup_quantities import quantities_of

if TYPE_CHECKING:
    import pandas as pd


class _OfSetting(Protocol):
    @property
    def setting(self) -> Setting: ...


T = TypeVar("T", bound=_OfSetting)


def _derived(compute: "Callable[[Results], list[T]]") -> "cached_property[list[T]]":
    """Return a property that is computed once per experiment; parts of its results select."""

    def items(results: "Results") -> list[T]:
        if results.whole is None:
            return compute(results)
        return list(filter(results.includes, getattr(results.whole, compute.__name__)))

    items.__doc__ = compute.__doc__
    return cached_property(items)


@dataclass(frozen=True, eq=False)
class Results:
    """The results of an experiment, or the part of them of one task or decoding."""

    scores: "pd.DataFrame"
    """As `warmup.evaluation.result_tables.SCORES` reads them."""
    experiment: ExperimentSummary = field(default_factory=ExperimentSummary)
    """Order, roles and labels of methods and decodings."""
    curves: "pd.DataFrame | None" = None
    """As `warmup.evaluation.result_tables.CURVES` reads them; None if they are not shown."""
    comparisons: "pd.DataFrame | None" = None
    """As `warmup.evaluation.result_tables.COMPARISONS` reads them; None without tests."""
    warmups: "pd.DataFrame | None" = None
    """As `warmup.evaluation.result_tables.WARMUPS` reads them; None if they are not shown."""
    claims: "pd.DataFrame" = field(default_factory=reported.read)
    """Numbers of the paper, as `warmup.reporting.paper.reported.read` returns them."""
    task: str = ""
    """The only task; empty for all."""
    decoding: str = ""
    """The only decoding; empty for all."""
    whole: "Results | None" = None
    """The results that this is a part of."""

    def of(self, task: str = "", decoding: str = "") -> "Results":
        """Return the part of the results that is of one task, one decoding, or both.

        What is of no decoding, such as costs, belongs to each.
        """

        def part(frame: "pd.DataFrame") -> "pd.DataFrame":
            frame = frame[frame["task"] == task] if task else frame
            if decoding and "decoding" in frame:
                frame = frame[frame["decoding"].isin([decoding, NONE])]
            return frame

        frames: dict[str, Any] = {
            name: part(frame)
            for name in ("scores", "curves", "comparisons", "warmups", "claims")
            if (frame := getattr(self, name)) is not None
        }
        return replace(
            self,
            **frames,
            task=task or self.task,
            decoding=decoding or self.decoding,
            whole=self.whole or self,
        )

    def includes(self, item: _OfSetting) -> bool:
        """Return whether a derived quantity belongs to this part."""
        return (not self.task or item.setting.task == self.task) and (
            not self.decoding or getattr(item, "decoding", self.decoding) == self.decoding
        )

    @property
    def methods(self) -> Methods:
        """The methods of the experiment."""
        return self.experiment.methods

    @property
    def names(self) -> Names:
        """The labels and the order of models and data sets."""
        return self.experiment.names

    @property
    def decodings(self) -> Decodings:
        """The decodings of the experiment."""
        return self.experiment.decodings

    def ordered(self, items: Iterable[Item]) -> list[Item]:
        """Return items by task, data set, pair (means last), model, split, method."""
        return ordered(items, self.methods, self.names)

    @cached_property
    def rows(self) -> list[Row]:
        """Scores over all test items, with means over the pairs of a data set."""
        return with_pair_means(rows_of(self.scores, ALL))

    @_derived
    def estimates(self) -> list[Estimate]:
        """Scores over all test items."""
        return self.ordered(scores_of(self._once(self.rows)))

    def _once(self, rows: Iterable[Row]) -> list[Row]:
        """Return rows without those of other seeds of a method whose outputs are given.

        Its outputs are the same with each seed. Comparisons need the rows of each.
        """
        seen: dict[tuple[object, ...], object] = {}
        return [
            row
            for row in rows
            if row["method"] not in self.experiment.outputs
            or seen.setdefault(identity(row, "seed"), row["seed"]) == row["seed"]
        ]

    @_derived
    def differences(self) -> list[Estimate]:
        """All differences that are shown, with their tests: see `gains.differences_of`."""
        return differences_of(self.rows, self.comparisons, self.decodings)

    @cached_property
    def gains(self) -> list[Estimate]:
        """Scores of each method less those of SFT."""
        return self.ordered(gain for gain in self.differences if gain.baseline == BASELINE)

    @cached_property
    def of_warmup(self) -> list[Estimate]:
        """Scores of warmup less those of each other method, without controls at test time."""
        return [
            gain
            for gain in self.differences
            if gain.method == FOCUS
            and gain.baseline != OWN
            and gain.decoding not in self.decodings.controls
        ]

    @cached_property
    def to_warmup(self) -> list[Estimate]:
        """Scores of each other method less those of warmup, without controls at test time."""
        return self.ordered(map(reversed_sign, self.of_warmup))

    @cached_property
    def to_own_warmup(self) -> list[Estimate]:
        """Scores with a control's warmups less those of the same method with its own."""
        return self.ordered(gain for gain in self.differences if gain.baseline == OWN)

    @_derived
    def lookahead(self) -> list[Estimate]:
        """Scores over the items of each look-ahead."""
        rows = rows_of(self.scores, LOOKAHEAD)
        return self.ordered(scores_of(self._once(rows)))

    @_derived
    def lookahead_of_warmup(self) -> list[Estimate]:
        """Scores of warmup less those of each other method, over the items of each look-ahead."""
        rows = rows_of(self.scores, LOOKAHEAD)
        return self.ordered(of_focus(rows))

    @_derived
    def costs(self) -> list[Cost]:
        """Training costs."""
        return self.ordered(costs_of(self.scores, self.methods))

    @_derived
    def gaps(self) -> list[Gap]:
        """Scores that were not computed."""
        return gaps_of(self.scores)

    @_derived
    def warmup_quantities(self) -> list[Estimate]:
        """Quantities of warmups over all test items, as shares of 1, without controls."""
        if self.warmups is None:
            return []
        rows = self.decodings.without_controls(self.warmups)
        return self.ordered(quantities_of(rows))

    @cached_property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        return sorted(set(self.scores["task"]))

    def own_decodings(self, items: Iterable[Estimate]) -> list[str]:
        """Return the decodings of estimates in order, without controls."""
        used = self.decodings.sort(item.decoding for item in items)
        return [name for name in used if name not in self.decodings.controls]

    def primary(self, items: Iterable[Estimate]) -> list[Estimate]:
        """Return those of each data set's first metric and the experiment's first decoding.

        The task or the data set says which metric is first, the experiment which decoding. Controls
        are never first.
        """
        return [
            item
            for item in items
            if self._primary.get((item.setting.task, item.setting.dataset))
            == (item.metric, item.decoding)
        ]

    @cached_property
    def _primary(self) -> dict[tuple[str, str], tuple[str, str]]:
        """The first metric and the first decoding of each task and data set."""
        first = {}
        for (task, dataset), items in group(
            self.estimates, lambda item: (item.setting.task, item.setting.dataset)
        ).items():
            if own := self.own_decodings(items):
                metrics = (item.metric for item in items if item.decoding in own)
                ranked = metric_properties.order(self.experiment.metrics_of(task, dataset), metrics)
                first[task, dataset] = ranked[0], own[0]
        return first

    def metric_order(self, metrics: Iterable[str], dataset: str = "") -> list[str]:
        """Return the distinct metrics in the order of the task or data set, then others by name.

        The results are those of one task.
        """
        return metric_properties.order(self.experiment.metrics_of(self.task, dataset), metrics)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `read` reads."""
    add = parser.add_argument
    add("--scores", type=Path, required=True, metavar="FILE", help="scores.tsv")
    add("--curves", type=Path, metavar="FILE", help="curves.tsv (default: no curves are shown)")
    add_comparisons(parser)
    add_warmups(parser)
    experiment_summary.add_option(parser)


def read(options: argparse.Namespace) -> Results:
    """Read the results of an experiment, by default with the experiment.json next to the scores.

    Raises:
        InputError: a file is missing, not in its form or of another experiment, or there are no
            scores.
    """
    beside = options.scores.with_name(experiment_summary.FILE)
    options.experiment = options.experiment or (beside if beside.exists() else None)
    experiment = experiment_summary.read(options.experiment)
    scores = SCORES.read(options.scores)
    if scores.empty:
        raise InputError(f"{options.scores}: no scores")
    curves = CURVES.read_given(options.curves)
    comparisons = COMPARISONS.read_given(options.comparisons)
    warmups = WARMUPS.read_given(options.warmups)
    if options.experiment:
        for name, frame in (
            ("scores", scores), ("curves", curves), ("comparisons", comparisons),
            ("warmups", warmups),
        ):  # fmt: skip
            if frame is not None:
                experiment.check_names(getattr(options, name), _names(frame))
    if not experiment.methods.order:  # colours need an order
        experiment = replace(experiment, methods=Methods(tuple(sorted(set(scores["method"])))))
    return Results(scores, experiment, curves, comparisons, warmups)


def _names(frame: "pd.DataFrame") -> dict[str, set[str]]:
    """Return the names in a table of results that an experiment gives."""
    columns = [name for name in ("dataset", "method", "decoding") if name in frame]
    return {name: set(frame[name]) - {NONE} for name in columns}
