"""Which words warmups share with reference and source, and which are new."""

from collections import Counter
from collections.abc import Sequence

from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, Words, share


def measure(items: Items) -> dict[str, Quantity]:
    """Return precision and recall with respect to reference and source, and novelty."""
    quantities = {}
    texts = {"reference": items.reference_words, "source": items.source_words}
    for name, others in texts.items():
        matches = [common(c, other) for c, other in zip(items.warmup_words, others, strict=True)]
        quantities[f"precision_{name}"] = _part_of(matches, items.warmup_words)
        quantities[f"recall_{name}"] = _part_of(matches, others)
    new = [
        sum(word not in x and word not in y for word in c)
        for c, x, y in zip(
            items.warmup_words,
            map(frozenset, items.source_words),
            map(frozenset, items.output_words),
            strict=True,
        )
    ]
    return quantities | {"novelty": _part_of(new, items.warmup_words)}


def common(one: Words, other: Words) -> int:
    """Return how many words two texts share; a word counts as often as it is in both."""
    return (Counter(one) & Counter(other)).total()


def _part_of(counts: Sequence[int], texts: Sequence[Words]) -> Quantity:
    return share([(count, len(text)) for count, text in zip(counts, texts, strict=True)])
