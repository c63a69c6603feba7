"""chrF++ (Popović 2017) of sacrebleu: chrF with word n-grams up to 2."""

from typing import TYPE_CHECKING

from warmup.evaluation.metrics import Corpus, FloatArray, _sacrebleu

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

NAME = "chrf++"
LABEL = "chrF++"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return n-gram counts of hypothesis, best reference and match for each order: [n, 24]."""
    return _sacrebleu.statistics(_chrf(), corpus)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return chrF++ of summed statistics: [..., 24] -> [...]."""
    return _sacrebleu.aggregate(_chrf()._compute_f_score, sums)


def signature(corpus: Corpus) -> str:
    """Return sacrebleu's signature, such as `nrefs:1|case:mixed|eff:yes|nc:6|nw:2|…`."""
    return _sacrebleu.signature(_chrf(), corpus)


def _chrf() -> "CHRF":
    from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415  # other metrics start without it

    return CHRF(word_order=2)
