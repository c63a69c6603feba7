"""The smallest gain over SFT that an experiment can show, and the seeds that the paper's need.

A gain varies with the items of the test set and with the seed. What items do is assumed as in
`warmup.reporting.paper.detectable`; what seeds do was measured in `results/reference/controls`: the
standard deviation over seeds of the gain of warmup over SFT, with small networks.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from warmup.config import experiment
from warmup.config.settings import ExperimentConfig
from warmup.pipeline.forecast.lengths import Texts
from warmup.reporting.paper import detectable

MOST_SEEDS = 200
"""More seeds are called too many."""
_FACTOR = 2.8015852
"""Standard errors of the smallest effect that a two-sided test at 5% finds in 80% of the cases."""


@dataclass(frozen=True)
class Power:
    """What can be found out about a task by a metric."""

    task: str
    metric: str
    pairs: int
    """Language pairs, or directions, whose mean is tested."""
    items: int
    """Of the test set of each."""
    seeds: int
    spread: float
    """Standard deviation of the gain over seeds, in points."""
    of_items: tuple[float, float]
    """Standard deviation of an item's share of the gain, in points: at least, at most."""
    gain: float | None
    """What the paper reports, in points."""

    def errors(self, seeds: float) -> tuple[float, float]:
        """Return the standard error of the gain: pairs independent of each other, or all alike."""
        low, high = self.of_items
        best = math.hypot(low / math.sqrt(self.items), self.spread / math.sqrt(seeds))
        worst = math.hypot(high / math.sqrt(self.items), self.spread / math.sqrt(seeds))
        return best / math.sqrt(self.pairs), worst

    @property
    def detectable(self) -> tuple[float, float]:
        """The smallest gain that is found in 80 of 100 cases, in points: at best, at worst."""
        best, worst = self.errors(self.seeds)
        return _FACTOR * best, _FACTOR * worst

    @property
    def seeds_needed(self) -> int | None:
        """The fewest seeds that show the paper's gain, at best; None if no number does."""
        if self.gain is None:
            return None
        enough = (
            seeds
            for seeds in range(1, MOST_SEEDS + 1)
            if _FACTOR * self.errors(seeds)[0] <= self.gain
        )
        return next(enough, None)


def of_experiment(config: ExperimentConfig, texts: Texts) -> list[Power]:
    """Return what each task of an experiment can show, by each metric that is known."""
    found = []
    runs = [run.run for run in experiment.runs(config).values()]
    for task, metric, spread in spreads():
        places = {(run.dataset, run.pair) for run in runs if run.task == task}
        if not places:
            continue
        dataset, pair = sorted(places)[0]
        entry = config.datasets[dataset]
        tests = [split for split in entry.splits if split not in ("train", "valid")]
        row = detectable.assumption(task, metric)
        if not tests or row is None:
            continue
        seeds = {run.seed for run in runs if run.task == task}
        found.append(
            Power(
                task, metric, len(places), texts.items(entry, pair, tests[0]), len(seeds), spread,
                row, _reported(task, metric),
            )
        )  # fmt: skip
    return found


def spreads() -> Iterator[tuple[str, str, float]]:
    """Yield task, metric and the standard deviation of its gain over seeds, in points."""
    with Path(__file__).with_name("seed_spread.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield row["task"], row["metric"], float(row["spread"])


def _reported(task: str, metric: str) -> float | None:
    """Return the smallest gain that the paper reports for a task."""
    rows: Iterable[Mapping[str, str]]
    path = Path(detectable.__file__).with_name("reported.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    gains = [
        float(row["value"])
        for row in rows
        if (row["task"], row["metric"], row["quantity"]) == (task, metric, "gain")
    ]
    return min(gains, default=None)
