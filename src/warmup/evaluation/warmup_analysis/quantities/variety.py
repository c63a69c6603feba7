"""How different warmups are, and how probable the model finds them."""

from collections import Counter

from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, share


def measure(items: Items) -> dict[str, Quantity]:
    """Return distinct warmups per input, and −log P(c|x) per token in nats.

    The interval of the former treats the counts of warmups as fixed; otherwise items that the
    bootstrap draws twice would look like repeated warmups.
    """
    counts = Counter(items.warmups)
    pairs = zip(items.log_probabilities, items.tokens, strict=True)
    return {
        "distinct": share([(1 / counts[text], 1) for text in items.warmups]),
        # an empty warmup is one decision as well
        "surprisal": share([(0, 0) if p is None else (-p, max(n, 1)) for p, n in pairs]),
    }
