"""Another input's warmup: what is lost shows how much a warmup says of its own input."""

import torch

from warmup.common.errors import InputError
from warmup.generation.sequence_generator import Writer, Written
from warmup.generation.strategies import Inputs
from warmup.method.random_numbers import uniforms

NEEDS_WARMUPS = True
SAMPLES = False
PURPOSE = 2**35
"""Sets these random numbers apart from those of training and of other decodings."""


def write(writer: Writer, inputs: Inputs) -> list[Written]:
    """Return the outputs behind the warmup that the model writes for another of the inputs.

    Raises:
        InputError: there is no other input.
    """
    if len(inputs.sources) == 1:
        raise InputError("--warmup shuffled: there must be two inputs at least")
    warmups = writer.warmups(inputs.sources)
    donors = derangement(len(warmups), inputs.seed)
    return writer.behind(inputs.sources, [warmups[donor] for donor in donors])


def derangement(size: int, seed: int) -> list[int]:
    """Return for each of the inputs another one; each is given once.

    The inputs stand in a circle, in an order that the seed draws, and each is given the next.
    """
    draws = uniforms(seed, PURPOSE, torch.arange(size), 1, 1)[:, 0, 0]
    circle = draws.argsort(stable=True).tolist()
    following = dict(zip(circle, circle[1:] + circle[:1], strict=True))
    return [following[i] for i in range(size)]
