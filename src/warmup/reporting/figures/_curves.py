"""Training curves of runs, and the update at which the curve of each method begins."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from warmup.common.keys import Setting
from warmup.reporting.results import Results


class Curve(NamedTuple):
    """One quantity of one run."""

    setting: Setting
    method: str
    updates: list[int]
    values: list[float]


def runs(results: Results, quantity: str) -> list[Curve]:
    """Return the curve of each run that logged the quantity, in the order of tables."""
    if results.curves is None:
        return []
    rows = results.curves[results.curves["quantity"] == quantity].sort_values("update")
    key = ["task", "dataset", "pair", "model", "method", "seed"]
    curves = []
    for run, points_of_run in rows.groupby(key):
        task, dataset, pair, model, method, _ = map(str, run)
        points = points_of_run["update"].tolist(), points_of_run["value"].tolist()
        curves.append(Curve(Setting(task, dataset, pair, model, "test"), method, *points))
    return results.ordered(curves)


class OverSeeds(NamedTuple):
    """The curves of several seeds as one."""

    updates: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]


def over_seeds(curves: Iterable[Curve]) -> OverSeeds:
    """Return mean, lowest and highest value at each update that more than half the seeds logged."""
    curves = list(curves)
    at: dict[int, list[float]] = {}
    for curve in curves:
        for update, value in zip(curve.updates, curve.values, strict=True):
            at.setdefault(update, []).append(value)
    updates = sorted(update for update, logged in at.items() if 2 * len(logged) > len(curves))
    return OverSeeds(
        updates,
        [math.fsum(at[update]) / len(at[update]) for update in updates],
        [min(at[update]) for update in updates],
        [max(at[update]) for update in updates],
    )


def offsets(results: Results) -> Callable[[Setting, str], float]:
    """Return a function that returns the updates made before a method's own."""
    costs = {(cost.setting, cost.method): cost for cost in results.costs}

    def offset(setting: Setting, method: str) -> float:
        start = results.methods.starts.get(method, "")
        cost = costs.get((setting._replace(split="train"), start))
        return cost.updates if cost and not math.isnan(cost.updates) else 0.0

    return offset
