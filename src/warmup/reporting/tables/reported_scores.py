"""The scores of warmup that the paper reports."""

from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _reported

SECTION = Section.REPORTED
PLACE = 2


def table(results: Results) -> Table | None:
    """Return the numbers reported for a task, if there are any."""
    return _reported.table_of(results, "absolute", "scores of warmup (reported in the paper)")
