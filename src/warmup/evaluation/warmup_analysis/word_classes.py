"""Function words and content words: which words of the references an output has.

The folder `function_words` lists the closed classes of a language (articles, pronouns,
prepositions, conjunctions, auxiliaries, particles), one file per language. For other languages, the
most frequent words of the references are used.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources

import numpy as np

from warmup.common.languages import primary_code
from warmup.evaluation.metrics import FloatArray
from warmup.evaluation.warmup_analysis.quantities import Quantity, Words, ratio

_MOST = 100
_PART = 10
_LISTS = resources.files(__package__) / "function_words"


def function_words(lang: str, references: Iterable[Words]) -> frozenset[str]:
    """Return the function words of a language.

    Without a list of the language, these are the most frequent tenth of the different words in the
    references, at most 100. Equally frequent words are taken in alphabetical order.

    Raises:
        InputError: the language is empty.
    """
    listed = _LISTS / f"{primary_code(lang)}.txt"
    if listed.is_file():
        return frozenset(listed.read_text(encoding="utf-8").split())
    counts = Counter(word for text in references for word in text)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return frozenset(ranked[: min(_MOST, -(-len(ranked) // _PART))])


def recalled(
    outputs: Sequence[Words], references: Sequence[Words], chosen: frozenset[str], inside: bool
) -> FloatArray:
    """Return how many of the reference's words of a class the output has, and their number.

    Args:
        outputs: words of each output.
        references: words of each reference.
        chosen: words.
        inside: whether the class is `chosen` or all other words.

    Returns:
        [n, 2]; each word counts as often as it is in both.
    """
    rows = []
    for output, reference in zip(outputs, references, strict=True):
        expected = Counter(word for word in reference if (word in chosen) == inside)
        rows.append(((expected & Counter(output)).total(), expected.total()))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def recalls(
    outputs: Sequence[Words], references: Sequence[Words], chosen: frozenset[str]
) -> dict[str, Quantity]:
    """Return the recall of the references' function words and of their content words."""
    return {
        f"recall_{name}_words": Quantity(recalled(outputs, references, chosen, inside), ratio)
        for name, inside in (("function", True), ("content", False))
    }


def gains(ours: dict[str, Quantity], theirs: dict[str, Quantity]) -> dict[str, Quantity]:
    """Return by how much our recall is larger than theirs, for each class.

    Also return by how much the gain on content words is larger than that on function words.

    Args:
        ours: as `recalls` returns it.
        theirs: the same for another system on the same items.
    """
    gained = {}
    for name in ("function", "content"):
        own, other = (one[f"recall_{name}_words"].statistics for one in (ours, theirs))
        difference = np.stack([own[:, 0] - other[:, 0], own[:, 1]], axis=1)
        gained[f"gain_{name}_words"] = Quantity(difference, ratio)
    both = np.concatenate([quantity.statistics for quantity in gained.values()], axis=1)
    return gained | {"gain_content_minus_function": Quantity(both, _second_minus_first)}


def _second_minus_first(sums: FloatArray) -> FloatArray:
    difference: FloatArray = ratio(sums[..., 2:]) - ratio(sums[..., :2])
    return difference
