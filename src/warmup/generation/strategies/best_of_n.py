"""Sample warmups, generate an output after each, and keep the output of highest confidence."""

from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs
from warmup.method.random_numbers import Stream

NEEDS_WARMUPS = True
SAMPLES = True


def generate(generator: SequenceGenerator, inputs: Inputs) -> list[Hypothesis]:
    """Return for each input the hypothesis whose output is the most probable per token."""
    drawn = generator.sample_warmups(
        inputs.sources, inputs.samples, inputs.seed, Stream.BEST_OF_N, inputs.first
    )
    # equal warmups have equal outputs
    candidates = [
        (row, c) for row, all_ in enumerate(drawn) for c in dict.fromkeys(map(tuple, all_))
    ]
    hypotheses = generator.generate_after(
        [inputs.sources[row] for row, _ in candidates], [list(c) for _, c in candidates]
    )
    best: dict[int, Hypothesis] = {}
    for (row, _), hypothesis in zip(candidates, hypotheses, strict=True):
        if row not in best or confidence(hypothesis) > confidence(best[row]):
            best[row] = hypothesis
    return [best[row] for row in range(len(drawn))]


def confidence(hypothesis: Hypothesis) -> float:
    """Return log P(y|x,c) per token of y, its end token included, nats."""
    return hypothesis.output_log_probability / max(len(hypothesis.output), 1)
