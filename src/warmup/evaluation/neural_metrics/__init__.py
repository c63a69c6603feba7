"""Metrics that a neural network computes: one file per metric, named like the metric.

Their libraries need other versions of packages than the rest. They therefore run in an environment
of their own, by `warmup score-neural`, which writes a file of segment scores. `warmup score` then
treats them like any other metric.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from warmup.common import plugins
from warmup.common.errors import unknown
from warmup.config.settings import MetricModelConfig, NeuralMetricConfig
from warmup.evaluation.metrics import Corpus

Scorer = Callable[[Corpus], list[float]]
"""Returns one score per item, usually 0 to 100; an output may be empty, or of any length."""


class NeuralMetric(Protocol):
    """Members of the module of a neural metric. Importing it does not need the metric's libraries.

    `LABEL`, `HIGHER_IS_BETTER`, `RANGE` and `KIND` are those of `warmup.evaluation.metrics.Metric`.
    """

    LABEL: str
    HIGHER_IS_BETTER: bool
    RANGE: tuple[float | None, float | None]
    KIND: str
    NEEDS: str
    """Key that the entry must have, in addition to those of all metrics; empty for none."""
    HUB_NEEDS: str
    """The same for an entry with a model of the Hub."""
    PACKAGES: tuple[str, ...]
    """Distributions whose versions change the value, the metric's own first."""

    def fetch(self, model: MetricModelConfig, folder: Path) -> None:
        """Download the model of `hub` at `revision` into `folder`.

        Raises:
            InputError: it cannot be downloaded; the message says why.
        """

    def check(self, folder: Path) -> None:
        """Raise an `InputError` that names the file that a model's folder lacks."""

    def choices(self, entry: NeuralMetricConfig) -> str:
        """Return every choice that changes the value, except model and versions."""

    def load(self, folder: Path, entry: NeuralMetricConfig) -> Scorer:
        """Load the model.

        Raises:
            ImportError: the environment lacks the libraries.
            Exception: any that the libraries raise for a model that they cannot read.
        """


def names() -> list[str]:
    """Return the names of all neural metrics, sorted."""
    return plugins.names("neural metric")


def load(name: str) -> NeuralMetric:
    """Return the neural metric of that name.

    Raises:
        InputError: there is no such metric; the message lists the valid names.
    """
    if name not in names():
        raise unknown("neural metric", name, names())
    return cast(NeuralMetric, plugins.load("neural metric", name))
