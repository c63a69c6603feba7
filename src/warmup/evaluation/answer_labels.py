"""Labels of options (A, B, C, …) in the text of an output."""

from warmup.common.errors import InputError
from warmup.evaluation.metrics import Corpus

_AROUND = "().:,"


def label(text: str) -> str | None:
    """Return the letter that `text` begins with, or None.

    The letter is the first word without surrounding `().:,`, if that is one capital letter of the
    Latin alphabet: `B`, `(B)` and `B. Because …` are B; `b`, `Bob` and empty text have no label.
    """
    first = text.split(maxsplit=1)[:1]
    letter = first[0].strip(_AROUND) if first else ""
    return letter if len(letter) == 1 and "A" <= letter <= "Z" else None


def reference_labels(corpus: Corpus) -> list[str]:
    """Return the label of each item's references.

    Raises:
        InputError: a reference does not begin with a label, or references of an item disagree.
    """
    labels = []
    for number, references in enumerate(corpus.references, start=1):
        answers = {label(text) for text in references}
        answer = answers.pop()
        if answers or answer is None:
            raise InputError(
                f"reference of item {number} must begin with one label such as A, "
                f"not {' | '.join(text[:40] for text in references)!r}"
            )
        labels.append(answer)
    return labels
