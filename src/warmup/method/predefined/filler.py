"""One token, again and again: the time to think without a thought."""

from collections.abc import Sequence

from warmup.common.errors import InputError
from warmup.method.predefined import Writer, allowed_counts
from warmup.models.interface import Tokens


def writer(targets: Sequence[Sequence[int]], tokens: Tokens, max_tokens: int) -> Writer:
    """Return a writer of `max_tokens` times the token that most targets contain."""
    counts = allowed_counts(targets, tokens)
    if not counts:
        raise InputError("sampling.predefined: filler: no target has a token")
    filler = min(counts, key=lambda token: (-counts[token], token))
    return lambda target: [filler] * max_tokens
