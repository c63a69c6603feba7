"""The model generates its warmup itself."""

from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs

NEEDS_WARMUPS = False
SAMPLES = False


def generate(generator: SequenceGenerator, inputs: Inputs) -> list[Hypothesis]:
    """Return warmup and output that the model generates."""
    return generator.generate(inputs.sources)
