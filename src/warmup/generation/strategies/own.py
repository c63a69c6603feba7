"""The model writes its warmup itself."""

from warmup.generation.sequence_generator import Writer, Written
from warmup.generation.strategies import Inputs

NEEDS_WARMUPS = False
SAMPLES = False


def write(writer: Writer, inputs: Inputs) -> list[Written]:
    """Return what the model writes."""
    return writer.write(inputs.sources)
