"""Words of warmups, compared with reference, source and output."""

from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _warmups
from warmup.reporting.warmup_quantities import CONTENT

SECTION = Section.WARMUPS
PLACE = 2
_NOTES = (
    "Precision: share of the warmups' words that are in the reference, in the source. Recall: "
    "share of the reference's words that are in the warmup. Novelty: share of the warmups' words "
    "that are neither in the source nor in the output.",
    "Agreement: share of the output's first words, as many as the warmup has, that are in the "
    "warmup.",
)


def table(results: Results) -> Table | None:
    """Return the words of warmups with one decoding, if they were analysed."""
    return _warmups.table_of(results, "Words of warmups", CONTENT, _NOTES)
