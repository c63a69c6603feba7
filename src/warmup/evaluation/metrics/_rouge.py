"""ROUGE F-scores (Lin 2004) with the conventions of Google's rouge-score package.

The values are those of rouge-score 0.1.2 on ASCII text. That package is not used since its import
takes seconds and its tokenizer deletes every letter other than a to z.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray
from warmup.evaluation.words import stemmed, words

Words = Sequence[str]


def ngram_f(reference: Words, hypothesis: Words, order: int) -> float:
    """Return the F-score, 0 to 1, of the n-grams of one order; 0 if either side has none."""
    ours, theirs = _ngrams(hypothesis, order), _ngrams(reference, order)
    return _f((ours & theirs).total(), ours.total(), theirs.total())


def subsequence_f(reference: Words, hypothesis: Words) -> float:
    """Return the F-score, 0 to 1, of the longest common subsequence (`rougeL`, whole text)."""
    return _f(_longest_common(reference, hypothesis), len(hypothesis), len(reference))


def statistics(corpus: Corpus, score: Callable[[Words, Words], float]) -> FloatArray:
    """Return 100 F of the best reference and the number 1 for each item: [n, 2]."""
    rows = []
    for hypothesis, references in zip(corpus.hypotheses, corpus.references, strict=True):
        output = words(hypothesis, corpus.target_lang)
        best = max(score(words(text, corpus.target_lang), output) for text in references)
        rows.append((100 * best, 1))
    return np.array(rows, dtype=np.float64)


def signature(corpus: Corpus, name: str) -> str:
    """Return such as `rouge1|f|nrefs:1|refs:best|stem:porter|tok:unicode|as:rouge-score-0.1.2`."""
    counts = set(map(len, corpus.references))
    nrefs = str(counts.pop()) if len(counts) == 1 else "var"
    stem = "porter" if stemmed(corpus.target_lang) else "no"
    return f"{name}|f|nrefs:{nrefs}|refs:best|stem:{stem}|tok:unicode|as:rouge-score-0.1.2"


def _ngrams(tokens: Words, order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


def _f(matches: int, ours: int, theirs: int) -> float:
    """Return the harmonic mean of precision and recall, in rouge-score's order of operations."""
    if matches == 0:
        return 0.0
    precision, recall = matches / ours, matches / theirs
    return 2 * precision * recall / (precision + recall)


def _longest_common(first: Words, second: Words) -> int:
    """Return the length of the longest common subsequence.

    Bit-parallel (Hyyrö 2004): bit i of `row` is 0 if the length grows at first[i], so that one
    addition of integers computes a whole row of the usual table.
    """
    places: dict[str, int] = {}
    for i, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << i
    full = (1 << len(first)) - 1
    row = full
    for token in second:
        matches = row & places.get(token, 0)
        row = (row + matches | row - matches) & full
    return len(first) - row.bit_count()
