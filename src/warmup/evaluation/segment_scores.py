"""Files of segment scores: one number per item from a neural metric, or why there are none."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.files import read_json, sha256_text, write_json
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus, FloatArray

_KEYS = {"signature": str, "hypotheses_sha256": str, "scores": list, "provenance": dict}
NOT_COMPUTED = "not computed: "
"""How the signature of a score without a value begins."""
LONGEST = 400
"""Maximum length of a reason in characters; errors of libraries can be long."""


class NotComputed(NamedTuple):
    """A metric that has no scores."""

    metric: str
    reason: str


@dataclass
class SegmentScores:
    """Scores of one file of predictions, as a `warmup.evaluation.metrics.Scoring`."""

    NAME: str
    scores: Sequence[float]
    """One per item."""
    stated_signature: str

    def statistics(self, corpus: Corpus) -> FloatArray:
        """Return the score and the number 1 for each item: [n, 2]."""
        return np.array([(score, 1) for score in self.scores], dtype=np.float64)

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """Return the mean over items: [..., 2] -> [...]."""
        return metrics.mean(sums)

    def signature(self, corpus: Corpus) -> str:
        """Return every choice that changes the value."""
        return self.stated_signature


def signature_without(reason: str) -> str:
    """Return the signature of a score that was not computed: the reason, as one line."""
    return NOT_COMPUTED + " ".join(reason.split())


def aggregate_of(name: str) -> Callable[[FloatArray], FloatArray]:
    """Return the function that computes the score of a metric from summed statistics.

    Raises:
        InputError: there is no metric of that name, neural or not.
    """
    return metrics.mean if name in plugins.names("neural metric") else metrics.load(name).aggregate


def write(
    path: Path, computed: SegmentScores, corpus: Corpus, provenance: Mapping[str, Any]
) -> None:
    """Write the scores of a file of predictions.

    Raises:
        InputError: a score is not a finite number.
    """
    for number, score in enumerate(computed.scores, start=1):
        if not math.isfinite(score):
            raise InputError(f"{computed.NAME}: the score of item {number} is {score}")
    document = {
        "metric": computed.NAME,
        "signature": computed.stated_signature,
        "hypotheses_sha256": sha256_text(corpus.hypotheses),
        "provenance": dict(provenance),
        "scores": list(computed.scores),
    }
    write_json(path, document)


def write_reason(path: Path, owed: NotComputed) -> None:
    """Write why a metric has no scores, as one line, which is shown below tables."""
    reason = textwrap.shorten(owed.reason, LONGEST, placeholder=" …")
    write_json(path, {"metric": owed.metric, "not_computed": reason})


def read(path: Path, corpus: Corpus) -> SegmentScores | NotComputed:
    """Read the segment scores of the outputs of a corpus, or why there are none.

    Raises:
        InputError: the file does not have the form of `write`, or is about other outputs.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("metric"), str):
        raise InputError(f"{path}: metric must be a str")
    name = document["metric"]
    if isinstance(document.get("not_computed"), str):
        return NotComputed(name, document["not_computed"])
    for key, kind in _KEYS.items():
        if not isinstance(document.get(key), kind):
            raise InputError(f"{path}: {key} must be a {kind.__name__}")
    scores = document["scores"]
    if document["hypotheses_sha256"] != sha256_text(corpus.hypotheses):
        raise InputError(f"{path}: is about other outputs; compute it again")
    if len(scores) != len(corpus.hypotheses):
        raise InputError(f"{path}: {len(scores)} scores for {len(corpus.hypotheses)} outputs")
    if not all(isinstance(score, int | float) and math.isfinite(score) for score in scores):
        raise InputError(f"{path}: scores must be finite numbers")
    return SegmentScores(name, scores, document["signature"])
