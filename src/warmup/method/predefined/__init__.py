"""Hand-designed warmups, one kind per file: controls for the learned ones.

A module here has `rule(targets, tokens, max_tokens)`, which returns a function from the tokens of a
target to those of its warmup, at most `max_tokens`; `targets` are all targets of the training data.
Its name is the `sampling.predefined` of a method, which learns to write such warmups itself.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from warmup.models.interface import Tokens

Rule = Callable[[Sequence[int]], list[int]]
"""Maps the tokens of a target to those of its warmup."""


def allowed_counts(targets: Sequence[Sequence[int]], tokens: Tokens) -> Counter[int]:
    """Return in how many targets each token occurs, for tokens that a warmup may contain."""
    never = {*tokens.excluded, tokens.separator}
    return Counter(token for target in targets for token in set(target) - never)
