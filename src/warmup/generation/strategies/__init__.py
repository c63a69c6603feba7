"""Where the warmup that an output is written behind comes from, one way a file.

A module here has

- `NEEDS_WARMUPS`: False if it also decodes with models that have no warmups;
- `SAMPLES`: True if it takes a number of samples;
- `write(writer, inputs)`, which returns a `Written` for each input.

The two constants are read without importing the module.
"""

from collections.abc import Callable
from typing import NamedTuple


class Inputs(NamedTuple):
    """What is decoded."""

    sources: list[list[int]]
    """Token ids of each input."""
    targets: Callable[[], list[list[int]]]
    """Returns the token ids of each target; an `InputError` where one is unknown."""
    samples: int
    """Warmups per input, for a way that takes several."""
    seed: int
    """Of the random numbers."""
