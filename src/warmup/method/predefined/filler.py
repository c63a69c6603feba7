"""One token repeated: the computation of a warmup without its content."""

from collections.abc import Sequence

from warmup.common.errors import InputError
from warmup.method.predefined import Rule, allowed_counts
from warmup.models.interface import Tokens


def rule(targets: Sequence[Sequence[int]], tokens: Tokens, max_tokens: int) -> Rule:
    """Return the rule that repeats the token of most targets `max_tokens` times.

    Raises:
        InputError: no target has a token that a warmup may contain.
    """
    counts = allowed_counts(targets, tokens)
    if not counts:
        raise InputError("sampling.predefined: filler: no target has a token")
    filler = min(counts, key=lambda token: (-counts[token], token))
    return lambda target: [filler] * max_tokens
