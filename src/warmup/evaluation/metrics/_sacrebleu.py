"""Sufficient statistics and scores through sacrebleu's own code, so that values are its values.

The three private methods used here are those of sacrebleu's own significance tests.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray


def statistics(metric: Any, corpus: Corpus) -> FloatArray:
    """Return sacrebleu's statistics of each segment: [n, k]."""
    most = max(map(len, corpus.references))
    # sacrebleu wants one stream for each reference; None says that a segment has no more of them
    streams = [
        [references[k] if k < len(references) else None for references in corpus.references]
        for k in range(most)
    ]
    rows = metric._extract_corpus_statistics(corpus.hypotheses, streams)
    return np.array(rows, dtype=np.float64)


def aggregate(score: Callable[[list[int]], float], sums: FloatArray) -> FloatArray:
    """Return `score` of each row of statistics: [..., k] -> [...].

    A loop and no array formula: at about 5 µs a row, identity with sacrebleu is worth more.
    """
    rows = sums.reshape(-1, sums.shape[-1]).astype(np.int64).tolist()
    return np.array([score(row) for row in rows], dtype=np.float64).reshape(sums.shape[:-1])


def signature(metric: Any, corpus: Corpus) -> str:
    """Return sacrebleu's signature; `nrefs:var` if the number of references varies."""
    counts = set(map(len, corpus.references))
    metric.num_refs = counts.pop() if len(counts) == 1 else -1
    return str(metric.get_signature())
