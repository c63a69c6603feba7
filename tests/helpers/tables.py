"""Tables of results, as tests look at them."""

from warmup.reporting import tables
from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section


def tables_of(
    results: Results, task: str, section: Section, folded: bool | None = None
) -> list[Table]:
    """Return the tables of a section of a task's page; only folded or unfolded ones if given."""
    return [
        placed.table
        for placed in tables.of_task(results, task)
        if placed.section is section and folded in (None, placed.folded)
    ]


def table_of(name: str, results: Results, task: str) -> Table | None:
    """Return a table of a task by the name of its module."""
    return tables.load(name).table(results.of(task))


def column(table: Table, name: str) -> list[str]:
    """Return the texts of a column."""
    return [row[list(table.header).index(name)].text for row in table.rows]
