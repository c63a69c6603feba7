"""Metrics that a neural network computes: one file a metric, which bears its name.

Their libraries need other versions of packages than the rest, so they run in an environment of
their own, `warmup score-neural`, and leave a file of segment scores.
`warmup score` makes of it what it makes of any metric.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from warmup.common import plugins
from warmup.common.errors import unknown
from warmup.evaluation.metrics import Corpus

Entry = Mapping[str, Any]
"""An entry of `neural_metrics` in the configuration."""
Scorer = Callable[[Corpus], list[float]]
"""Returns one score an item, 0 to 100 as a rule; an output may be empty, or of any length."""


class NeuralMetric(Protocol):
    """What the module of a neural metric holds. Importing it needs neither of its libraries.

    `LABEL`, `HIGHER_IS_BETTER`, `RANGE` and `KIND` are those of `warmup.evaluation.metrics.Metric`.
    """

    LABEL: str
    HIGHER_IS_BETTER: bool
    RANGE: tuple[float | None, float | None]
    KIND: str
    NEEDS: str
    """Key that the entry of this metric has to have, beside those of all; empty for none."""
    HUB_NEEDS: str
    """The same for a model of the Hub."""
    PACKAGES: tuple[str, ...]
    """Distributions whose versions change the value, the metric's own first."""

    def fetch(self, entry: Entry, folder: Path) -> None:
        """Download the model of `hub` at `revision` into `folder`; the errors say why not."""

    def check(self, folder: Path) -> None:
        """Raise an `InputError` that names the file which a model's folder lacks."""

    def choices(self, entry: Entry) -> str:
        """Return every choice that changes the value, beside model and versions."""

    def load(self, folder: Path, entry: Entry) -> Scorer:
        """Load the model.

        Raises:
            ImportError: the environment lacks the libraries.
            Exception: whatever they raise for a model that they cannot read.
        """


def names() -> list[str]:
    """Return the names of all neural metrics, sorted."""
    return plugins.names("neural metric")


def load(name: str) -> NeuralMetric:
    """Return the neural metric of that name.

    Raises:
        InputError: there is none; the message lists the valid names.
    """
    if name not in names():
        raise unknown("neural metric", name, names())
    return cast(NeuralMetric, plugins.load("neural metric", name))
