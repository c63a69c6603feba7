"""Outputs and references divided into parts: symbols or words, or characters."""

from collections.abc import Callable, Iterator, Sequence

from warmup.common.errors import InputError
from warmup.evaluation.metrics import Corpus

Parts = Sequence[str]


def items(
    corpus: Corpus, metric: str, divide: Callable[[str], Parts] = str.split
) -> Iterator[tuple[Parts, list[Parts]]]:
    """Yield the parts of each output and of its references; by default white space divides.

    Raises:
        InputError: a reference has no parts; it names the metric and the item.
    """
    pairs = zip(corpus.hypotheses, corpus.references, strict=True)
    for number, (output, references) in enumerate(pairs, start=1):
        parts = [divide(reference) for reference in references]
        if not all(parts):
            raise InputError(f"{metric}: a reference of item {number} is empty")
        yield divide(output), parts
