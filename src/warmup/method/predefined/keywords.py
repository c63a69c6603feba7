"""The target's rarest tokens, in its order: an intermediate as people design them."""

from collections.abc import Sequence

from warmup.method.predefined import Writer, allowed_counts
from warmup.models.interface import Tokens


def writer(targets: Sequence[Sequence[int]], tokens: Tokens, max_tokens: int) -> Writer:
    """Return a writer of the `max_tokens` tokens that are in the fewest targets, each once."""
    counts = allowed_counts(targets, tokens)
    never = {*tokens.excluded, tokens.separator}

    def write(target: Sequence[int]) -> list[int]:
        different = list(dict.fromkeys(token for token in target if token not in never))
        rare = sorted(range(len(different)), key=lambda i: (counts[different[i]], i))[:max_tokens]
        return [different[i] for i in sorted(rare)]

    return write
