"""Training cost: updates, operations and seconds, including those of the start."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, Methods
from warmup.evaluation.intervals import Interval, seed_interval
from warmup.evaluation.result_tables import Row
from warmup.reporting import estimates

if TYPE_CHECKING:
    import pandas as pd

_QUANTITIES = ("updates", "flops", "seconds")


@dataclass(frozen=True)
class Cost:
    """Training cost of a method, mean over seeds; NaN if unknown."""

    setting: Setting
    method: str
    updates: float
    flops: float
    """Floating-point operations."""
    seconds: Interval
    """The interval is Student's t over the seeds."""
    relative: float
    """`flops` divided by those of SFT."""
    seeds: int


def costs_of(scores: "pd.DataFrame", methods: Methods) -> list[Cost]:
    """Return the training cost of each method in each setting, whose split is `train`.

    The cost of a method includes that of the method it starts from, if `methods` says so.
    """
    rows = estimates.records(scores[scores["metric"].str.startswith("train_")])
    groups = group(
        estimates.with_pair_means(rows), lambda row: (Setting.from_row(row), row["method"])
    )
    own = {key: _by_seed(rows_of_run) for key, rows_of_run in groups.items()}
    return [_cost(setting, method, own, methods) for setting, method in groups]


def _cost(
    setting: Setting,
    method: str,
    own: Mapping[tuple[Setting, str], Mapping[tuple[str, int], float]],
    methods: Methods,
) -> Cost:
    chain = [own[setting, name] for name in methods.chain(method) if (setting, name) in own]
    seeds = sorted({seed for _, seed in own[setting, method]})
    updates, flops, seconds = (
        seed_interval(
            [sum(values.get((quantity, seed), math.nan) for values in chain) for seed in seeds]
        )
        for quantity in _QUANTITIES
    )
    base = own.get((setting, BASELINE), {})
    of_sft = [value for (quantity, _), value in base.items() if quantity == "flops"]
    relative = flops.mean / (math.fsum(of_sft) / len(of_sft)) if of_sft else math.nan
    return Cost(setting, method, updates.mean, flops.mean, seconds, relative, len(seeds))


def _by_seed(rows: list[Row]) -> dict[tuple[str, int], float]:
    """Return the values of a method by quantity and seed."""
    return {(row["metric"].removeprefix("train_"), row["seed"]): row["value"] for row in rows}
