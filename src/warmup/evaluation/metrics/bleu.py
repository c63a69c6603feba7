"""BLEU (Papineni et al. 2002) of sacrebleu (Post 2018), with its tokenizer for the language."""

from typing import TYPE_CHECKING

from warmup.common.errors import InputError
from warmup.common.languages import primary_code
from warmup.evaluation.metrics import Corpus, FloatArray, _sacrebleu

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

NAME = "bleu"
LABEL = "BLEU"
HIGHER_IS_BETTER = True
RANGE = (0.0, 100.0)
KIND = "surface"


def statistics(corpus: Corpus) -> FloatArray:
    """Return hypothesis length, reference length, 4 match counts and 4 n-gram counts: [n, 10].

    Raises:
        InputError: the tokenizer of the target language is not installed.
    """
    return _sacrebleu.statistics(_bleu(corpus.target_lang), corpus)


def aggregate(sums: FloatArray) -> FloatArray:
    """Return BLEU of summed statistics: [..., 10] -> [...]."""
    bleu = _bleu("en")  # the tokenizer has done its work
    return _sacrebleu.aggregate(lambda row: bleu._compute_score_from_stats(row).score, sums)


def signature(corpus: Corpus) -> str:
    """Return sacrebleu's signature, such as `nrefs:1|case:mixed|eff:no|tok:13a|…`."""
    return _sacrebleu.signature(_bleu(corpus.target_lang), corpus)


def _bleu(target_lang: str) -> "BLEU":
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415  # other metrics start without it

    code = primary_code(target_lang)
    try:
        # force only silences a warning about text that looks tokenized
        return BLEU(trg_lang=code, force=True)
    except RuntimeError:
        raise InputError(
            f"bleu: the tokenizer for target language {code!r} is not installed; "
            f"run: pip install 'sacrebleu[{code}]'"
        ) from None
