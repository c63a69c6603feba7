"""Ablations by what they vary, compared with warmup."""

from warmup.config.methods import FOCUS
from warmup.reporting.display_names import task_label
from warmup.reporting.results import Results
from warmup.reporting.table import Table
from warmup.reporting.tables import Section, _to_warmup

SECTION = Section.ABLATIONS
PLACE = 1


def table(results: Results) -> Table | None:
    """Return the ablations of a task, and warmup; None without ablations."""
    trained = _to_warmup.trained(results)
    if not any(row.aspect for row in trained):
        return None
    rows = [row for row in trained if row.aspect or row.score.method == FOCUS]
    title = f"{task_label(results.task)}: ablations, by what they vary"
    return _to_warmup.table_of(rows, results, title, ablations=True)
