"""Outputs and references as symbols, which white space separates."""

from collections.abc import Iterator

from warmup.common.errors import InputError
from warmup.evaluation.metrics import Corpus


def items(corpus: Corpus, metric: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yield the symbols of each output and of its references.

    Raises:
        InputError: a reference has no symbols; it names the metric and the item.
    """
    pairs = zip(corpus.hypotheses, corpus.references, strict=True)
    for number, (output, references) in enumerate(pairs, start=1):
        symbols = [reference.split() for reference in references]
        if not all(symbols):
            raise InputError(f"{metric}: a reference of item {number} has no symbols")
        yield output.split(), symbols
