"""Sample warmups, write an output behind each, keep the output that the model is surest of."""

from warmup.generation.sequence_generator import Writer, Written
from warmup.generation.strategies import Inputs

NEEDS_WARMUPS = True
SAMPLES = True
PURPOSE = 2**34
"""Sets these random numbers apart from those of training and of other decodings."""


def write(writer: Writer, inputs: Inputs) -> list[Written]:
    """Return for each input the sequence whose output has the most probability per token."""
    drawn = writer.sample(inputs.sources, inputs.samples, inputs.seed, PURPOSE)
    # behind equal warmups the outputs are equal
    candidates = [
        (row, c) for row, all_ in enumerate(drawn) for c in dict.fromkeys(map(tuple, all_))
    ]
    outputs = writer.behind(
        [inputs.sources[row] for row, _ in candidates], [list(c) for _, c in candidates]
    )
    best: dict[int, Written] = {}
    for (row, _), written in zip(candidates, outputs, strict=True):
        if row not in best or confidence(written) > confidence(best[row]):
            best[row] = written
    return [best[row] for row in range(len(drawn))]


def confidence(written: Written) -> float:
    """Return log P(y|x,c) per token of y, its end token included."""
    return written.output_log_probability / max(len(written.output), 1)
