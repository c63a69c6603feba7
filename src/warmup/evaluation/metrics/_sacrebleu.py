"""Sufficient statistics and scores by sacrebleu's own code, so that values are sacrebleu's.

The three private methods used here are also used by sacrebleu's significance tests.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from warmup.evaluation.metrics import Corpus, FloatArray


def statistics(metric: Any, corpus: Corpus) -> FloatArray:
    """Return sacrebleu's statistics of each segment: [n, k]."""
    most = max(map(len, corpus.references))
    # sacrebleu needs one stream per reference; None if a segment has fewer references
    streams = [
        [references[k] if k < len(references) else None for references in corpus.references]
        for k in range(most)
    ]
    rows = metric._extract_corpus_statistics(corpus.hypotheses, streams)
    return np.array(rows, dtype=np.float64)


def aggregate(score: Callable[[list[int]], float], sums: FloatArray) -> FloatArray:
    """Return `score` of each row of statistics: [..., k] -> [...].

    It is a loop, at about 5 µs per row, since values identical to sacrebleu's are worth more than
    the speed of an array formula.
    """
    rows = sums.reshape(-1, sums.shape[-1]).astype(np.int64).tolist()
    return np.array([score(row) for row in rows], dtype=np.float64).reshape(sums.shape[:-1])


def signature(metric: Any, corpus: Corpus) -> str:
    """Return sacrebleu's signature; `nrefs:var` if the number of references varies."""
    counts = set(map(len, corpus.references))
    metric.num_refs = counts.pop() if len(counts) == 1 else -1
    return str(metric.get_signature())
