"""Metrics of output text against references: one file per metric, found by its `NAME`.

A metric is a module with the members of `Metric`. It reduces each item to a row of *sufficient
statistics*, then computes a score from summed rows. Whatever draws, swaps or drops items
(bootstrap, randomization, subsets) only sums other rows, and does not read texts again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.data.predictions import Prediction
from warmup.evaluation import metric_properties

FloatArray = NDArray[np.float64]
"""Statistics and scores, as all of the evaluation computes them."""


@dataclass(frozen=True)
class Corpus:
    """Outputs to be scored, item by item.

    Raises:
        InputError: there are no items, their numbers differ, or an item has no reference.
    """

    hypotheses: Sequence[str]
    """One output per item; may be empty text."""
    references: Sequence[Sequence[str]]
    """One or more references per item; their number may vary."""
    target_lang: str
    """Language code of hypotheses and references, such as `en`."""
    sources: Sequence[str] = ()
    """One input per item, or none at all, since most metrics do not need them."""

    def __post_init__(self) -> None:
        count = len(self.hypotheses)
        if count == 0:
            raise InputError("there is nothing to score: no items")
        if len(self.references) != count:
            raise InputError(f"{count} hypotheses but references for {len(self.references)} items")
        if self.sources and len(self.sources) != count:
            raise InputError(f"{count} hypotheses but {len(self.sources)} sources")
        for number, references in enumerate(self.references, start=1):
            if not references:
                raise InputError(f"item {number} has no reference")

    @classmethod
    def of(cls, predictions: Sequence[Prediction], target_lang: str) -> "Corpus":
        """Return the outputs of predictions with their references and sources."""
        return cls(
            hypotheses=[prediction.output for prediction in predictions],
            references=[prediction.references for prediction in predictions],
            target_lang=target_lang,
            sources=[prediction.source for prediction in predictions],
        )

    def take(self, items: Sequence[int]) -> "Corpus":
        """Return the items of the given indices, in their order."""
        return Corpus(
            hypotheses=[self.hypotheses[i] for i in items],
            references=[self.references[i] for i in items],
            target_lang=self.target_lang,
            sources=[self.sources[i] for i in items] if self.sources else (),
        )


class Scoring(Protocol):
    """How a metric computes scores."""

    NAME: str
    """The name in commands, configurations and files; the module's name may differ (`chrf++`)."""

    def statistics(self, corpus: Corpus) -> FloatArray:
        """Return one row of sufficient statistics per item: [n, k]."""

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Return the score, within `RANGE`, of each sum of rows: [..., k] -> [...]."""

    def signature(self, corpus: Corpus) -> str:
        """Return every choice that changes the value, as `key:value` joined by `|`."""


class Metric(Scoring, Protocol):
    """Members of the module of a metric. Constants are written out, not computed."""

    LABEL: str
    """The name in tables and figures."""
    HIGHER_IS_BETTER: bool
    RANGE: tuple[float | None, float | None]
    """The smallest and the largest possible value; None if there is none."""
    KIND: str
    """`surface`, or `semantic` for a metric that compares meaning."""


def mean(sums: FloatArray) -> FloatArray:
    """Return the mean over items from sums of a value and the number 1: [..., 2] -> [...]."""
    value: FloatArray = sums[..., 0] / sums[..., 1]
    return value


def names() -> list[str]:
    """Return the names of all metrics, sorted."""
    return metric_properties.names()


def load(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        InputError: there is no such metric; the message lists the valid names.
    """
    return cast(Metric, plugins.load("metric", metric_properties.file_of(name)))
