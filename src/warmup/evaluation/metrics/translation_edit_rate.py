"""TER: edits and shifts of words from output to reference, per word of the reference (sacrebleu).

Case does not count, as in sacrebleu. Chinese and Japanese, which are written without spaces, are
compared character by character, as with its options `--ter-asian-support --ter-normalized`.
"""

from typing import TYPE_CHECKING

from warmup.common.languages import primary_code
from warmup.evaluation.metrics import Corpus, FloatArray, _sacrebleu

if TYPE_CHECKING:
    from sacrebleu.metrics.ter import TER

NAME = "ter"
LABEL = "TER"
HIGHER_IS_BETTER = False
RANGE = (0.0, None)
KIND = "surface"

_WITHOUT_SPACES = ("zh", "ja")


def statistics(corpus: Corpus) -> FloatArray:
    """Return the fewest edits and the mean length of the references for each item: [n, 2]."""
    return _sacrebleu.statistics(_metric(corpus), corpus)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return 100 times all edits over all words of the references: [..., 2] -> [...]."""
    rate: FloatArray = 100 * sums[..., 0] / sums[..., 1]
    return rate


def signature(corpus: Corpus) -> str:
    """Return sacrebleu's signature."""
    return _sacrebleu.signature(_metric(corpus), corpus)


def _metric(corpus: Corpus) -> "TER":
    from sacrebleu.metrics.ter import TER  # noqa: PLC0415  # other metrics start without it

    apart = primary_code(corpus.target_lang) in _WITHOUT_SPACES
    return TER(normalized=apart, asian_support=apart)
