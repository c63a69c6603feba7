"""The training curves of runs, and where on the axis of updates each method begins."""

import math
from collections.abc import Callable
from typing import NamedTuple

from warmup.common.keys import Setting
from warmup.reporting import estimates
from warmup.reporting.costs import costs_of
from warmup.reporting.figures import Data


class Curve(NamedTuple):
    """One quantity of one run."""

    setting: Setting
    method: str
    updates: list[int]
    values: list[float]


def runs(data: Data, quantity: str) -> list[Curve]:
    """Return the curve of each run that logged the quantity, in the order of tables."""
    rows = data.curves[data.curves["quantity"] == quantity].sort_values("update")
    key = ["task", "dataset", "pair", "model", "method", "seed"]
    curves = []
    for name, found in rows.groupby(key):
        task, dataset, pair, model, method, _ = map(str, name)
        points = found["update"].tolist(), found["value"].tolist()
        curves.append(Curve(Setting(task, dataset, pair, model, "test"), method, *points))
    return estimates.ordered(curves, data.methods)


def offsets(data: Data) -> Callable[[Setting, str], float]:
    """Return a function that tells how many updates were made before a method's own."""
    costs = {(item.setting, item.method): item for item in costs_of(data.scores, data.methods)}

    def offset(setting: Setting, method: str) -> float:
        start = data.methods.starts.get(method, "")
        cost = costs.get((setting._replace(split="train"), start))
        return cost.updates if cost and not math.isnan(cost.updates) else 0.0

    return offset
