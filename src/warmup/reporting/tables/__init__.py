"""Tables: one file per table, found by its name; each has the members of `TableModule`."""

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, Protocol, cast

from warmup.common import plugins
from warmup.data import text_counts
from warmup.reporting.results import Results
from warmup.reporting.table import Table


class Section(StrEnum):
    """Place of a table on its page; it also says which results the table is made from."""

    SCORES = "scores"
    """Scores and gains, from results of one task and decoding."""
    CONTROLS = "controls"
    """Controls compared with warmup, from results of one task."""
    ABLATIONS = "ablations"
    """Ablations compared with warmup, from results of one task."""
    COMPARISONS = "comparisons"
    """Tests of differences, from results of one task and decoding."""
    COST = "cost"
    """Training cost, from results of one task."""
    REPORTED = "reported"
    """Numbers of the paper, from results of one task."""
    WARMUPS = "warmups"
    """Quantities of warmups, from results of one decoding; these tables have their own page."""


_MEASURED = (Section.SCORES, Section.CONTROLS, Section.ABLATIONS, Section.COMPARISONS)
"""Sections with scores of texts: a note says which texts were changed."""


class TableModule(Protocol):
    """What the module of a table has."""

    SECTION: Section
    PLACE: int
    """The tables of a section stand in this order."""

    def table(self, results: Results) -> Table | None:
        """Return the table; None if the results have nothing that it shows.

        Args:
            results: the part that the section says.
        """


class Placed(NamedTuple):
    """A table on the page of its task."""

    section: Section
    folded: bool
    """Whether the report shows it only when it is unfolded."""
    table: Table


def names() -> list[str]:
    """Return the names of all tables, sorted."""
    return plugins.names("table")


def load(name: str) -> TableModule:
    """Return the table of that name.

    Raises:
        InputError: there is none; the message lists the valid names.
    """
    return cast(TableModule, plugins.load("table", name))


def of_task(results: Results, task: str) -> list[Placed]:
    """Return the tables of a task in the order of its page."""
    return [
        Placed(section, folded, table)
        for section, folded, part in _parts(results, task)
        for name in _names(section)
        if (table := _table(name, part))
    ]


def of_warmups(results: Results) -> dict[str, list[Table]]:
    """Return the tables of the quantities of warmups by decoding, the first decoding first."""
    return {
        part.decoding: [table for name in _names(Section.WARMUPS) if (table := _table(name, part))]
        for part in _warmup_parts(results)
    }


def of_name(results: Results, name: str) -> list[Table]:
    """Return the tables of one name: those of each task and decoding that has it.

    Raises:
        InputError: there is no such table; the message lists the valid names.
    """
    section = load(name).SECTION
    if section is Section.WARMUPS:
        parts = _warmup_parts(results)
    else:
        parts = [
            part
            for task in results.tasks
            for of_section, _, part in _parts(results, task)
            if of_section is section
        ]
    return [table for part in parts if (table := _table(name, part))]


def _parts(results: Results, task: str) -> list[tuple[Section, bool, Results]]:
    """Return the sections of a task's page, whether they are folded, and their results."""
    whole = results.of(task)
    by_decoding = [
        results.of(task, decoding) for decoding in results.own_decodings(whole.estimates)
    ]
    return [
        *((Section.SCORES, False, part) for part in by_decoding[:1]),
        (Section.CONTROLS, False, whole),
        (Section.ABLATIONS, False, whole),
        *((Section.SCORES, True, part) for part in by_decoding[1:]),
        *((Section.COMPARISONS, True, part) for part in by_decoding),
        (Section.COST, False, whole),
        (Section.REPORTED, False, whole),
    ]


def _warmup_parts(results: Results) -> list[Results]:
    decodings = results.own_decodings(results.warmup_quantities)
    return [results.of(decoding=decoding) for decoding in decodings]


def _names(section: Section) -> list[str]:
    """Return the names of the tables of a section in their order."""
    modules = {name: module for name in names() if (module := load(name)).SECTION is section}
    return sorted(modules, key=lambda name: modules[name].PLACE)


def _table(name: str, results: Results) -> Table | None:
    """Return a table under a name made of task, decoding and the name of its module."""
    module = load(name)
    table = module.table(results)
    if table is None:
        return None
    words = [results.task, results.decoding, name.replace("_", "-")]
    changed_texts = text_counts.notes(results.scores) if module.SECTION in _MEASURED else []
    return replace(table, name="-".join(filter(None, words)), notes=[*table.notes, *changed_texts])
