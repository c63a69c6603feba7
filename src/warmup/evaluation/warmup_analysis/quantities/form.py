"""Shares of warmups that are empty, constant, or a copy of the output."""

from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, of_items, split


def measure(items: Items) -> dict[str, Quantity]:
    """Return the shares of empty and constant warmups, and of copies of the output."""
    pairs = list(zip(items.warmup_words, items.output_words, strict=True))
    return {
        "empty": of_items([not text.strip() for text in items.warmups]),
        "constant": of_items([is_constant(text) for text in items.warmups]),
        "copied_beginning": of_items([bool(c) and c == y[: len(c)] for c, y in pairs]),
        "copied_whole": of_items([bool(c) and c == y for c, y in pairs]),
    }


def is_constant(text: str) -> bool:
    """Return whether the warmup repeats one word, or one character if it has no words."""
    tokens = split(text) or tuple("".join(text.split()))
    return len(tokens) > 1 and len(set(tokens)) == 1
