"""Gains over SFT in recalled content words and function words of the reference."""

from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _warmups
from warmup.reporting.warmup_quantities import CLASSES

SECTION = Section.WARMUPS
PLACE = 3
_NOTES = (
    "Words of the reference that are in the output, in points above SFT with the same seed; an "
    "interval that excludes 0 is evidence of a difference. Last column: gain on content words "
    "minus gain on function words.",
)


def table(results: Results) -> Table | None:
    """Return the gains in recalled words with one decoding, if they were analysed."""
    title = "Gain over SFT in recalled words of the reference"
    return _warmups.table_of(results, title, CLASSES, _NOTES, sign=True)
