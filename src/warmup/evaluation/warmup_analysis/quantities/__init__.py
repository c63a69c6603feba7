"""Quantities of warmups: one file per measurement, found by its name.

A measurement is a module with `measure(items)`, which returns its quantities by name. Like a
metric, a quantity reduces each item to a row of sufficient statistics and computes a number from
summed rows. Intervals and values on subsets need nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from warmup.common import plugins
from warmup.evaluation.metrics import FloatArray
from warmup.evaluation.words import words

Words = tuple[str, ...]

_UNDETERMINED = "und"
"""A language without stemming: words of source, warmup and output are compared as written."""


class Quantity(NamedTuple):
    """A number of a set of items."""

    statistics: FloatArray
    """One row per item, [n, k]; a row of zeros does not count."""
    aggregate: Callable[[FloatArray], FloatArray]
    """The number of each sum of rows, [..., k] -> [...]; NaN if it has none."""


@dataclass(frozen=True)
class Items:
    """What a model wrote for each input. All sequences have the same length."""

    sources: Sequence[str]
    references: Sequence[str]
    """One per item: the first if there are several."""
    warmups: Sequence[str]
    outputs: Sequence[str]
    tokens: Sequence[int]
    """Length of the warmup in tokens of the model."""
    log_probabilities: Sequence[float | None]
    """log P(c|x) of the warmup."""
    labelled: bool = False
    """Whether outputs and references begin with the label of an option."""

    @cached_property
    def source_words(self) -> list[Words]:
        """Words of the sources."""
        return [split(text) for text in self.sources]

    @cached_property
    def reference_words(self) -> list[Words]:
        """Words of the references."""
        return [split(text) for text in self.references]

    @cached_property
    def warmup_words(self) -> list[Words]:
        """Words of the warmups."""
        return [split(text) for text in self.warmups]

    @cached_property
    def output_words(self) -> list[Words]:
        """Words of the outputs."""
        return [split(text) for text in self.outputs]


def split(text: str) -> Words:
    """Return lower-cased words as for ROUGE, but not stemmed; a Chinese character is a word."""
    return words(text, _UNDETERMINED)


def ratio(sums: FloatArray) -> FloatArray:
    """Return the first part of each sum divided by the second: [..., 2] -> [...]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: FloatArray = sums[..., 0] / sums[..., 1]
    return result


def share(counts: Sequence[tuple[float, float]]) -> Quantity:
    """Return the sum of the first numbers divided by that of the second; one pair per item."""
    return Quantity(np.array(counts, dtype=np.float64).reshape(-1, 2), ratio)


def of_items(flags: Sequence[bool]) -> Quantity:
    """Return the share of items whose flag is set."""
    return share([(flag, 1) for flag in flags])


def measure(items: Items) -> Iterator[tuple[str, Quantity]]:
    """Yield all quantities by name."""
    for name in plugins.names("quantity"):
        yield from plugins.load("quantity", name).measure(items).items()
