"""The target's rarest tokens, in its order: a hand-designed intermediate sequence."""

from collections.abc import Sequence

from warmup.method.predefined import Rule, allowed_counts
from warmup.models.interface import Tokens


def rule(targets: Sequence[Sequence[int]], tokens: Tokens, max_tokens: int) -> Rule:
    """Return the rule that keeps the `max_tokens` tokens of the fewest targets, each once."""
    counts = allowed_counts(targets, tokens)
    never = {*tokens.excluded, tokens.separator}

    def keywords(target: Sequence[int]) -> list[int]:
        different = list(dict.fromkeys(token for token in target if token not in never))
        rare = sorted(range(len(different)), key=lambda i: (counts[different[i]], i))[:max_tokens]
        return [different[i] for i in sorted(rare)]

    return keywords
