"""Counter-based random numbers: a function of seed, counter, example, sample and position alone.

A sampled warmup depends neither on the other examples of its batch nor on earlier draws. So a
resumed training run draws what the uninterrupted one would have drawn.
"""

from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Stream(IntEnum):
    """Streams of random numbers: the first counter of each. No two streams overlap."""

    TRAINING = 0
    """Plus the update: warmups of training."""
    VALIDATION = 2**32
    """Warmups of validation, the same at each validation."""
    SUBSAMPLING = 2**33
    """Plus the update: samples for the backward pass."""
    BEST_OF_N = 2**34
    """Warmups of the decoding strategy `best_of_n`."""
    SHUFFLED = 2**35
    """Order of the inputs for the decoding strategy `shuffled`."""


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit counters: the finaliser of SplitMix64 (Steele et al., OOPSLA 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniforms(
    seed: int, counter: int, examples: torch.Tensor, samples: int, length: int
) -> torch.Tensor:
    """Return float64 uniforms in [0, 1) of shape [B, samples, length], on the CPU.

    Args:
        seed: the run's seed.
        counter: a stream, plus the update in training.
        examples: [B] index of each example in its data set.
        samples: warmups per example.
        length: numbers per warmup.
    """
    with np.errstate(over="ignore"):  # unsigned arithmetic is modulo 2**64
        state = _mix(np.array([seed], dtype=np.uint64) + _GOLDEN)
        state = _mix(state + np.uint64(counter) * _GOLDEN)
        state = _mix(state + examples.cpu().numpy().astype(np.uint64)[:, None, None] * _GOLDEN)
        state = _mix(state + np.arange(samples, dtype=np.uint64)[None, :, None] * _GOLDEN)
        state = _mix(state + np.arange(1, length + 1, dtype=np.uint64)[None, None, :] * _GOLDEN)
    return torch.from_numpy((state >> np.uint64(11)).astype(np.float64) * 2.0**-53)
