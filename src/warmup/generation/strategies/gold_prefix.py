"""The beginning of the target as the warmup: what a perfect draft of that length would be worth.

It reads the target (the first reference), so it is not a usable way to decode.
"""

from warmup.generation.sequence_generator import Hypothesis, SequenceGenerator
from warmup.generation.strategies import Inputs

NEEDS_WARMUPS = True
SAMPLES = False


def generate(generator: SequenceGenerator, inputs: Inputs) -> list[Hypothesis]:
    """Return the outputs after as many tokens of the target as the model's own warmup has.

    Tokens that no warmup contains are left out. A shorter target is given whole.

    Raises:
        InputError: an input has no target.
    """
    tokens = generator.model.tokens
    never = {*tokens.excluded, tokens.separator}
    targets = [[token for token in ids if token not in never] for ids in inputs.targets()]
    own = generator.generate_warmups(inputs.sources)
    prefixes = [ids[: len(c)] for ids, c in zip(targets, own, strict=True)]
    return generator.generate_after(inputs.sources, prefixes)
