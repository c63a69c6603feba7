"""Compare the methods of an experiment: `warmup compare`, one row per comparison.

It compares, on the same data set, pair, model, split and decoding, with the seeds that both have:

- each method with SFT (without SFT, with the first method), and warmup with each other method;
- each method decoded with control warmups with itself decoded with its own warmups;
- the gain of each method over SFT on words with its gain in meaning, if there is a metric of
  meaning.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.common.seeds import check_seed
from warmup.config import experiment_summary
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.evaluation import item_statistics, metric_properties, segment_scores
from warmup.evaluation.item_statistics import ItemStatistics
from warmup.evaluation.metric_properties import SEMANTIC
from warmup.evaluation.result_tables import COMPARISONS, MEAN, OWN, Row, against
from warmup.evaluation.significance import LEVEL
from warmup.evaluation.significance.difference import (
    Difference,
    assess_difference,
    mean_difference,
    paired_differences,
    standardised_contrast,
)
from warmup.evaluation.significance.hypothesis_tests import holm

RESAMPLES, SEED = 5000, 0
"""Default number of draws of items, and their seed."""


class Place(NamedTuple):
    """Where methods are compared."""

    experiment: str
    setting: Setting
    decoding: str

    def of_pair(self, pair: str) -> "Place":
        """Return the same place for another pair of the data set."""
        return self._replace(setting=self.setting._replace(pair=pair))


class Names(NamedTuple):
    """What is compared."""

    metric: str
    method: str
    baseline: str


class Comparison(NamedTuple):
    """A difference between two methods."""

    place: Place
    names: Names
    difference: Difference


Group = tuple[Place, list[ItemStatistics], list[Names]]
"""Evaluations in one place, and the comparisons to make of them."""


def planned(found: Iterable[str], methods: Methods) -> list[tuple[str, str]]:
    """Return which of the methods is compared with which, as (method, baseline)."""
    names = methods.sort(found)
    baseline = BASELINE if BASELINE in names else names[0]
    pairs = [(name, baseline) for name in names if name != baseline]
    if FOCUS in names:
        pairs += [(FOCUS, name) for name in names if name not in (FOCUS, baseline)]
    return list(dict.fromkeys(pairs))


def compare(
    evaluations: Sequence[ItemStatistics],
    methods: Methods,
    decodings: Decodings = UNKNOWN,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> list[Row]:
    """Return a row of comparisons.tsv for each comparison and metric.

    A data set with several pairs also gets the mean over its pairs. Holm's correction is for the
    comparisons of an experiment, task, split and decoding; those of all controls are corrected
    together. More than `resamples` are drawn if so many comparisons are corrected together that the
    smallest p-value which draws can give would not be significant.

    Args:
        evaluations: the statistics of each file of predictions.
        methods: their order.
        decodings: their order, and which are controls of which.
        resamples: number of draws of items.
        seed: of the draws.

    Raises:
        InputError: evaluations of one place differ in their items or in a metric's signature, or
            one is given twice.
    """

    def family_of(place: Place) -> tuple[str, ...]:
        control = place.decoding in decodings.controls
        setting = place.setting
        return place.experiment, setting.task, setting.split, "" if control else place.decoding

    groups = list(_groups(evaluations, methods, decodings))
    sizes = Counter(family_of(place) for place, _, plan in groups for _ in plan)
    # k pairs make k + 1 rows, at most 1.5 times as many; twice that leaves room below the level
    resamples = max(resamples, round(3 * max(sizes.values(), default=0) / LEVEL))
    comparisons = [item for members in groups for item in _comparisons(*members, resamples, seed)]
    comparisons += _means(comparisons, {place for place, _, _ in groups})
    families = [
        family
        # words against meaning is another question, corrected by itself
        for kind in (comparisons, list(_words_against_meaning(comparisons)))
        for family in group(kind, lambda item: family_of(item.place)).values()
    ]
    rows = []
    for family in families:
        results = [assess_difference(item.difference, seed) for item in family]
        adjusted = holm([result.p for result in results])
        for (place, names, difference), result, p in zip(family, results, adjusted, strict=True):
            rows.append(
                {
                    "experiment": place.experiment,
                    **place.setting._asdict(),
                    "decoding": place.decoding,
                    **names._asdict(),
                    **result._asdict(),
                    "p_holm": p,
                    **{"n": difference.n, "seeds": len(difference.seeds), "tests": len(family)},
                    **{"resamples": resamples, "resampling_seed": seed},
                }
            )
    return rows


def _groups(
    evaluations: Sequence[ItemStatistics], methods: Methods, decodings: Decodings
) -> Iterator[Group]:
    """Yield methods to compare with each other, and controls with the method's own warmups."""
    places = group(evaluations, _place)
    for place, members in places.items():
        by_method = group(members, lambda one: one.key.method)
        own = decodings.controls.get(place.decoding)
        if own is None:
            yield place, members, _plan(members, planned(by_method, methods))
            continue
        for method, controls in by_method.items():
            usual = [
                one._replace(key=replace(one.key, method=OWN))
                for one in places.get(place._replace(decoding=own), [])
                if one.key.method == method
            ]
            yield place, [*controls, *usual], _plan([*controls, *usual], [(method, OWN)])


def _place(one: ItemStatistics) -> Place:
    setting = Setting.from_row({"task": one.task, **one.key.as_row()})
    return Place(one.experiment, setting, one.key.decoding)


def _plan(members: Sequence[ItemStatistics], pairs: Iterable[tuple[str, str]]) -> list[Names]:
    """Return the comparisons of those pairs of methods that have a seed in common.

    A metric that was not computed for some evaluations is compared among the others.
    """
    _check(members)
    seeds = defaultdict[tuple[str, str], set[int]](set)
    for one in members:
        for metric in one.statistics:
            seeds[metric, one.key.method].add(one.key.seed)
    order = dict.fromkeys(metric for one in members for metric in one.statistics)
    return [
        Names(metric, method, baseline)
        for metric in order
        for method, baseline in pairs
        if seeds[metric, method] & seeds[metric, baseline]
    ]


def _check(members: Sequence[ItemStatistics]) -> None:
    first, seen = members[0], dict[tuple[str, int], str]()
    signatures = dict[str, tuple[str, str]]()
    for one in members:
        run = one.key.method, one.key.seed
        if other := seen.get(run):
            raise InputError(f"{one.name} and {other} are of the same run, split and decoding")
        seen[run] = one.name
        if one.references_sha256 != first.references_sha256:
            raise InputError(f"{one.name} and {first.name} differ in their items")
        for metric, signature in one.signatures.items():
            other, expected = signatures.setdefault(metric, (one.name, signature))
            if signature != expected:
                raise InputError(f"{one.name} and {other} differ in the signature of {metric}")


def _comparisons(
    place: Place,
    members: Sequence[ItemStatistics],
    plan: Sequence[Names],
    resamples: int,
    seed: int,
) -> Iterator[Comparison]:
    for metric, names in group(plan, lambda item: item.metric).items():
        statistics = {
            (one.key.method, one.key.seed): one.statistics[metric]
            for one in members
            if metric in one.statistics
        }
        pairs = [(item.method, item.baseline) for item in names]
        aggregate = segment_scores.aggregate_of(metric)
        differences = paired_differences(statistics, pairs, aggregate, resamples, seed)
        for item, difference in zip(names, differences, strict=True):
            yield Comparison(place, item, difference)


def _means(comparisons: Iterable[Comparison], places: Iterable[Place]) -> list[Comparison]:
    """Return the mean over pairs of each comparison that all pairs have, with equal seeds."""
    pairs = Counter(place.of_pair("") for place in places)
    groups = group(comparisons, lambda item: (item.place.of_pair(""), item.names))
    means = []
    for (place, names), members in groups.items():
        parts = [item.difference for item in members]
        complete = len(parts) == pairs[place] and len({part.seeds for part in parts}) == 1
        if len(parts) > 1 and complete:
            mean = mean_difference(parts)
            means.append(Comparison(place.of_pair(f"{MEAN}{len(parts)}"), names, mean))
    return means


def _words_against_meaning(comparisons: Iterable[Comparison]) -> Iterator[Comparison]:
    """Yield how much larger each gain over SFT is on words than in meaning, if both are known."""
    groups = group(comparisons, lambda item: (item.place, item.names._replace(metric="")))
    for (place, names), members in groups.items():
        gains = {item.names.metric: item.difference for item in members}
        words, *others = gains  # in the order of the statistics, the main metric first
        if names.baseline != BASELINE or metric_properties.of(words).kind == SEMANTIC:
            continue
        for meaning in others:
            if metric_properties.of(meaning).kind != SEMANTIC:
                continue
            improvements = (_improvement(metric, gains[metric]) for metric in (words, meaning))
            contrast = standardised_contrast(*improvements)
            if contrast is not None:
                yield Comparison(place, names._replace(metric=against(words, meaning)), contrast)


def _improvement(metric: str, gain: Difference) -> Difference:
    """Return a gain with the sign that makes it positive if the method is better."""
    sign = metric_properties.of(metric).improvement(1)
    return replace(gain, observed=sign * gain.observed, resampled=sign * gain.resampled)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("--statistics", type=Path, nargs="*", metavar="FILE", help=experiment_summary.DEFAULT)
    add("--output", type=Path, required=True, metavar="FILE", help="comparisons.tsv to write")
    add("--resamples", type=int, default=RESAMPLES, metavar="R", help="default: %(default)s")
    add("--seed", type=int, default=SEED, help="of the draws (default: %(default)s)")
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Compare methods: differences, intervals, tests, minimum detectable effects."""
    if options.resamples < 100:
        raise InputError(f"--resamples: must be at least 100, got {options.resamples}")
    check_seed(options.seed, "--seed")
    experiment = experiment_summary.read(options.experiment)
    paths = options.statistics or experiment.evaluation_files("statistics.json")
    if not paths:
        raise InputError("nothing to compare: give --experiment or --statistics")
    evaluations = [item_statistics.read(path) for path in paths]
    if options.experiment:
        for path, one in zip(paths, evaluations, strict=True):
            names = {"method": [one.key.method], "decoding": [one.key.decoding]}
            experiment.check_names(path, names | {"dataset": [one.key.dataset]})
    rows = compare(
        evaluations,
        experiment.methods,
        experiment.decodings,
        resamples=options.resamples,
        seed=options.seed,
    )
    COMPARISONS.write(options.output, rows)
