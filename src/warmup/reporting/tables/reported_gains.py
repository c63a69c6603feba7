"""The gains over SFT that the paper reports."""

from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _reported

SECTION = Section.REPORTED
PLACE = 1


def table(results: Results) -> Table | None:
    """Return the numbers reported for a task, if there are any."""
    return _reported.table_of(results, "gain", "gain over SFT (reported in the paper)")
