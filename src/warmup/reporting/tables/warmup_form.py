"""What warmups are like: length, surprisal, variety, repetition."""

from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _warmups
from warmup.reporting.warmup_quantities import FORM

SECTION = Section.WARMUPS
PLACE = 1
_NOTES = (
    "Surprisal: −log P(c|x) per token; it is low if the model always generates what it is sure of. "
    "Distinct: different warmups per input. Constant: one word again and again.",
    "Copied beginning: the output begins with the words of the warmup. Copied whole: the output is "
    "the warmup, part of the former.",
)


def table(results: Results) -> Table | None:
    """Return the form of warmups with one decoding, if it was analysed."""
    return _warmups.table_of(results, "What warmups are like", FORM, _NOTES)
