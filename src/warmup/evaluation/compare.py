"""Compare the methods of an experiment: `warmup compare`, one row per comparison.

Which: each method with SFT (without SFT, with the first method), and warmup with each other
method, on the same data set, pair, model, split and decoding, with the seeds that both have. And
each method behind other warmups (a control among the decodings) with itself behind its own. Where
there is a metric of meaning, each gain over SFT is also compared on words and in meaning.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from warmup.common.arguments import add_inputs, inputs
from warmup.common.errors import InputError
from warmup.common.grouping import group
from warmup.common.seeds import check_seed
from warmup.config import experiment_summary
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.evaluation import item_statistics, metric_properties, segment_scores
from warmup.evaluation.item_statistics import ItemStatistics
from warmup.evaluation.metric_properties import SEMANTIC
from warmup.evaluation.result_tables import COMPARISONS, MEAN, OWN, against
from warmup.evaluation.significance import LEVEL
from warmup.evaluation.significance.difference import (
    Difference,
    assess_difference,
    mean_difference,
    paired_differences,
    standardised_contrast,
)
from warmup.evaluation.significance.hypothesis_tests import holm

INPUTS = {"statistics": ".statistics.json"}
"""What the command reads, of `warmup score`; and how the names of the files end."""
RESAMPLES, SEED = 5000, 0
"""Draws of items, and their seed, unless told otherwise."""


class Place(NamedTuple):
    """Where methods are compared."""

    experiment: str
    task: str
    dataset: str
    pair: str
    model: str
    split: str
    decoding: str


class Names(NamedTuple):
    """What is compared."""

    metric: str
    method: str
    baseline: str


Group = tuple[Place, list[ItemStatistics], list[Names]]
"""Evaluations in one place, and what of them is to be compared."""
Comparison = tuple[Place, Names, Difference]


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
) -> list[dict[str, Any]]:
    """Return a row for `result_tables.COMPARISONS` for each comparison and metric.

    A data set with several pairs also gets the mean over its pairs. More than `resamples` are drawn
    where a table has so many comparisons that the least p-value which draws can give would not be
    significant after Holm's correction. A table is what an experiment, task, split and decoding
    have; of the controls that of all of them.

    Raises:
        InputError: evaluations of one place differ in their items or in a metric's signature, or
            one is given twice.
    """

    def table_of(place: Place) -> tuple[str, ...]:
        control = place.decoding in decodings.controls
        return place.experiment, place.task, place.split, "" if control else place.decoding

    groups = list(_groups(evaluations, methods, decodings))
    sizes = Counter(table_of(place) for place, _, plan in groups for _ in plan)
    # k pairs make k + 1 rows, at most 1.5 times as many; twice that leaves room below the level
    resamples = max(resamples, round(3 * max(sizes.values(), default=0) / LEVEL))
    found = [comparison for here in groups for comparison in _comparisons(*here, resamples, seed)]
    found += _means(found, {place for place, _, _ in groups})
    tables = [
        table
        for kind in (found, list(_lexical(found)))  # a question of its own is a table of its own
        for table in group(kind, lambda item: table_of(item[0])).values()
    ]
    rows = []
    for table in tables:
        results = [assess_difference(difference, seed) for _, _, difference in table]
        adjusted = holm([result.p for result in results])
        for (place, names, difference), result, p in zip(table, results, adjusted, strict=True):
            counts = {"n": difference.n, "seeds": len(difference.seeds), "tests": len(table)}
            draws = {"resamples": resamples, "resampling_seed": seed}
            row = place._asdict() | names._asdict() | result._asdict()
            rows.append(row | {"p_holm": p} | counts | draws)
    return rows


def _groups(
    evaluations: Sequence[ItemStatistics], methods: Methods, decodings: Decodings
) -> Iterator[Group]:
    """Yield methods with each other, and methods behind other warmups with their own."""
    places = group(evaluations, lambda one: Place(*(one.run[key] for key in Place._fields)))
    for place, found in places.items():
        by_method = group(found, lambda one: str(one.run["method"]))
        own = decodings.controls.get(place.decoding)
        if own is None:
            yield place, found, _plan(found, planned(by_method, methods))
            continue
        for method, controls in by_method.items():
            usual = [
                one._replace(run=one.run | {"method": OWN})
                for one in places.get(place._replace(decoding=own), [])
                if one.run["method"] == method
            ]
            yield place, [*controls, *usual], _plan([*controls, *usual], [(method, OWN)])


def _plan(found: Sequence[ItemStatistics], pairs: Iterable[tuple[str, str]]) -> list[Names]:
    """Return what is to be compared, of the pairs that have a seed in common.

    A metric that was not computed for some of the evaluations is compared among the others.
    """
    _check(found)
    seeds = defaultdict[tuple[str, str], set[int]](set)
    for one in found:
        for metric in one.statistics:
            seeds[metric, one.run["method"]].add(one.run["seed"])
    order = dict.fromkeys(metric for one in found for metric in one.statistics)
    return [
        Names(metric, method, baseline)
        for metric in order
        for method, baseline in pairs
        if seeds[metric, method] & seeds[metric, baseline]
    ]


def _check(found: Sequence[ItemStatistics]) -> None:
    first, seen = found[0], dict[tuple[str, int], str]()
    said = dict[str, tuple[str, str]]()
    for one in found:
        run = one.run["method"], one.run["seed"]
        if other := seen.get(run):
            raise InputError(f"{one.name} and {other} are of the same run, split and decoding")
        seen[run] = one.name
        if one.references_sha256 != first.references_sha256:
            raise InputError(f"{one.name} and {first.name} differ in their items")
        for metric, signature in one.signatures.items():
            other, expected = said.setdefault(metric, (one.name, signature))
            if signature != expected:
                raise InputError(f"{one.name} and {other} differ in the signature of {metric}")


def _comparisons(
    place: Place, found: Sequence[ItemStatistics], plan: Sequence[Names], resamples: int, seed: int
) -> Iterator[Comparison]:
    for metric, names in group(plan, lambda item: item.metric).items():
        statistics = {
            (one.run["method"], one.run["seed"]): one.statistics[metric]
            for one in found
            if metric in one.statistics
        }
        pairs = [(item.method, item.baseline) for item in names]
        aggregate = segment_scores.aggregate_of(metric)
        made = paired_differences(statistics, pairs, aggregate, resamples, seed)
        for item, difference in zip(names, made, strict=True):
            yield place, item, difference


def _means(found: Iterable[Comparison], places: Iterable[Place]) -> list[Comparison]:
    """Return the mean of each comparison over pairs, where all pairs have it, with equal seeds."""
    pairs = Counter(place._replace(pair="") for place in places)
    means = []
    for (place, names), here in group(
        found, lambda item: (item[0]._replace(pair=""), item[1])
    ).items():
        parts = [difference for _, _, difference in here]
        whole = len(parts) == pairs[place] and len({part.seeds for part in parts}) == 1
        if len(parts) > 1 and whole:
            means.append(
                (place._replace(pair=f"{MEAN}{len(parts)}"), names, mean_difference(parts))
            )
    return means


def _lexical(found: Iterable[Comparison]) -> Iterator[Comparison]:
    """Yield how much more each gain over SFT is on words than in meaning, where both are known."""
    for (place, names), here in group(
        found, lambda item: (item[0], item[1]._replace(metric=""))
    ).items():
        gains = {item.metric: difference for _, item, difference in here}
        words, *others = metric_properties.order(place.task, gains)
        if names.baseline != BASELINE or metric_properties.of(words).kind == SEMANTIC:
            continue
        for meaning in others:
            if metric_properties.of(meaning).kind != SEMANTIC:
                continue
            difference = standardised_contrast(
                *(_improvement(one, gains[one]) for one in (words, meaning))
            )
            if difference is not None:
                yield place, names._replace(metric=against(words, meaning)), difference


def _improvement(metric: str, gain: Difference) -> Difference:
    """Return a gain with the sign that is above 0 for better."""
    turn = metric_properties.of(metric).improvement
    return replace(gain, observed=turn(1) * gain.observed, resampled=turn(1) * gain.resampled)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add_inputs(parser, INPUTS)
    add("--output", type=Path, required=True, metavar="FILE", help="comparisons.tsv to write")
    add("--resamples", type=int, default=RESAMPLES, metavar="R", help="default: %(default)s")
    add("--seed", type=int, default=SEED, help="of the draws (default: %(default)s)")
    experiment_summary.add_option(parser)


def run(options: argparse.Namespace) -> None:
    """Compare methods: differences, intervals, tests, detectable differences."""
    if options.resamples < 100:
        raise InputError(f"--resamples: must be at least 100, got {options.resamples}")
    check_seed(options.seed, "--seed")
    (paths,) = inputs(options, INPUTS).values()
    if not paths:
        raise InputError("nothing to compare: give --statistics or --inputs-from")
    evaluations = [item_statistics.read(path) for path in paths]
    for one in evaluations:
        if missing := [key for key in (*Place._fields, "method", "seed") if key not in one.run]:
            raise InputError(f"{one.name}: run: missing key {missing[0]!r}")
    experiment = experiment_summary.read(options.experiment)
    rows = compare(
        evaluations,
        experiment.methods,
        experiment.decodings,
        resamples=options.resamples,
        seed=options.seed,
    )
    COMPARISONS.write(options.output, rows)
