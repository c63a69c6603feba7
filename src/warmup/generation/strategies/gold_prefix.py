"""The beginning of the target as the warmup: the ceiling if a warmup were a perfect draft.

This looks at the target (the first reference) and is no way to decode: its scores say what a
warmup of that length could be worth.
"""

from warmup.generation.sequence_generator import Writer, Written
from warmup.generation.strategies import Inputs

NEEDS_WARMUPS = True
SAMPLES = False


def write(writer: Writer, inputs: Inputs) -> list[Written]:
    """Return the outputs behind as many tokens of the target as the own warmup has.

    Tokens that no warmup contains are left out; a shorter target is given whole.

    Raises:
        InputError: an input without a target.
    """
    tokens = writer.model.tokens
    never = {*tokens.excluded, tokens.separator}
    targets = [[token for token in ids if token not in never] for ids in inputs.targets()]
    own = writer.warmups(inputs.sources)
    prefixes = [ids[: len(c)] for ids, c in zip(targets, own, strict=True)]
    return writer.behind(inputs.sources, prefixes)
