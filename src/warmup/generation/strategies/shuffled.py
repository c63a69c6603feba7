"""Another input's warmup: the loss of quality shows how much a warmup says about its own input."""

import torch

from warmup.common.errors import InputError
from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs
from warmup.method.random_numbers import Stream, uniforms

NEEDS_WARMUPS = True
SAMPLES = False


def generate(generator: SequenceGenerator, inputs: Inputs) -> list[Hypothesis]:
    """Return the outputs after the warmup that the model generates for another of the inputs.

    Raises:
        InputError: there is no other input.
    """
    if len(inputs.sources) == 1:
        raise InputError("--warmup shuffled: needs at least two inputs")
    warmups = generator.generate_warmups(inputs.sources)
    donors = derangement(len(warmups), inputs.seed)
    return generator.generate_after(inputs.sources, [warmups[donor] for donor in donors])


def derangement(size: int, seed: int) -> list[int]:
    """Return a permutation of `range(size)` that leaves no number in its place.

    The inputs stand in a circle, in an order drawn from the seed, and each gets the next one.
    """
    draws = uniforms(seed, Stream.SHUFFLED, torch.arange(size), 1, 1)[:, 0, 0]
    circle = draws.argsort(stable=True).tolist()
    following = dict(zip(circle, circle[1:] + circle[:1], strict=True))
    return [following[i] for i in range(size)]
