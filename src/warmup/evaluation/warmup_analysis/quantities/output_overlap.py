"""How much of the output the warmup already says."""

from warmup.evaluation.answer_labels import label
from warmup.evaluation.warmup_analysis.quantities import Items, Quantity, Words, share
from warmup.evaluation.warmup_analysis.quantities.word_overlap import common


def measure(items: Items) -> dict[str, Quantity]:
    """Return the share of the output's first words that are in the warmup.

    As many words of the output count as the warmup has. If items have options, also return how
    often the warmup names the answer of the output, and that of the reference: one of its words is
    the label that the text begins with. Texts without a label do not count.
    """
    pairs = zip(items.warmup_words, items.output_words, strict=True)
    quantities = {"agreement": share([_agreement(c, y) for c, y in pairs])}
    if items.labelled:
        for name, texts in (("given", items.outputs), ("right", items.references)):
            answers = zip(items.warmups, map(label, texts), strict=True)
            quantities[f"names_answer_{name}"] = share(
                [(answer in named(text), 1) if answer else (0, 0) for text, answer in answers]
            )
    return quantities


def named(warmup: str) -> set[str | None]:
    """Return the labels of options among the words of a warmup."""
    return {label(word) for word in warmup.split()} - {None}


def _agreement(warmup: Words, output: Words) -> tuple[int, int]:
    first = output[: len(warmup)]
    return common(warmup, first), len(first)
