"""What training cost: updates, operations and seconds, with those of the start."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, Methods
from warmup.evaluation.intervals import Interval, seed_interval
from warmup.reporting import estimates
from warmup.reporting.estimates import Row

if TYPE_CHECKING:
    import pandas as pd

_QUANTITIES = ("updates", "flops", "seconds")


@dataclass(frozen=True)
class Cost:
    """Mean training cost over seeds of a method, not-a-number where unknown."""

    setting: Setting
    method: str
    updates: float
    flops: float
    """Floating-point operations."""
    seconds: Interval
    """With Student's t over the seeds."""
    relative: float
    """`flops` divided by those of SFT."""
    seeds: int


def costs_of(scores: "pd.DataFrame", methods: Methods) -> list[Cost]:
    """Return the training cost of each method in each setting, whose split is `train`.

    A method that `methods` says starts from another one includes what that cost.
    """
    rows = estimates.records(scores[scores["metric"].str.startswith("train_")])
    groups = group(
        estimates.with_pair_means(rows), lambda row: (Setting.from_row(row), row["method"])
    )
    own = {key: _by_seed(found) for key, found in groups.items()}
    costs = []
    for setting, method in groups:
        chain = [own[setting, name] for name in methods.chain(method) if (setting, name) in own]
        updates, flops, seconds = (
            seed_interval(
                [
                    sum(values.get((quantity, seed), math.nan) for values in chain)
                    for seed in sorted({seed for _, seed in own[setting, method]})
                ]
            )
            for quantity in _QUANTITIES
        )
        base = own.get((setting, BASELINE), {})
        of_sft = [value for (quantity, _), value in base.items() if quantity == "flops"]
        relative = flops.mean / (math.fsum(of_sft) / len(of_sft)) if of_sft else math.nan
        seeds = len({seed for _, seed in own[setting, method]})
        costs.append(Cost(setting, method, updates.mean, flops.mean, seconds, relative, seeds))
    return costs


def _by_seed(rows: list[Row]) -> dict[tuple[str, int], float]:
    """Return the values of a method by quantity and seed."""
    return {(row["metric"].removeprefix("train_"), row["seed"]): row["value"] for row in rows}
