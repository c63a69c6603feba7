"""Decoding strategies, one per file: where the warmup before an output comes from.

A module here has

- `NEEDS_WARMUPS`: False if it also works with models that have no warmups;
- `SAMPLES`: True if it takes a number of samples;
- `generate(generator, inputs)`, which returns a `Hypothesis` for each input.

The two constants are read without importing the module.
"""

from collections.abc import Callable
from typing import NamedTuple


class Inputs(NamedTuple):
    """What a strategy gets: inputs, targets and random numbers."""

    sources: list[list[int]]
    """Token ids of each input."""
    targets: Callable[[], list[list[int]]]
    """Returns the token ids of each target; raises `InputError` if one is unknown."""
    samples: int
    """Warmups per input, for a strategy that takes several."""
    seed: int
    """Seed of the random numbers."""
    first: int = 0
    """Number of the first input, if there were others before; random numbers depend on it."""
