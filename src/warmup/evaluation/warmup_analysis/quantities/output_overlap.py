"""Whether warmup and output say the same."""

from warmup.evaluation.answer_labels import label
from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, Words, share
from warmup.evaluation.warmup_analysis.quantities.word_overlap import common


def measure(items: Items) -> dict[str, Quantity]:
    """Return which part of the output's first words the warmup has; of options, the answers.

    As many words of the output count as the warmup has. An answer is given where the output opens
    with a label, and the warmup names it where one of its words is that label.
    """
    pairs = zip(items.warmup_words, items.output_words, strict=True)
    found = {"agreement": share([_agreement(c, y) for c, y in pairs])}
    if items.labelled:
        for name, texts in (("given", items.outputs), ("right", items.references)):
            answers = zip(items.warmups, map(label, texts), strict=True)
            found[f"names_answer_{name}"] = share(
                [(answer in named(text), 1) if answer else (0, 0) for text, answer in answers]
            )
    return found


def named(warmup: str) -> set[str | None]:
    """Return the labels of options among the words of a warmup."""
    return {label(word) for word in warmup.split()} - {None}


def _agreement(warmup: Words, output: Words) -> tuple[int, int]:
    first = output[: len(warmup)]
    return common(warmup, first), len(first)
