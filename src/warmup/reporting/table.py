"""A table, and its forms Markdown and HTML; `latex_table` has that of LaTeX."""

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """The text of a cell, and for a number its value, for sorting."""

    text: str
    value: float | None = None
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A titled table whose first `labels` columns name the row."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    labels: int
    notes: Sequence[str] = ()
    name: str = ""
    """For anchors and LaTeX labels."""


def number(value: float, digits: int = 1, sign: bool = False) -> str:
    """Return a number with a true minus sign; `–` for NaN."""
    if math.isnan(value):
        return "–"
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    if is_zero(value, digits):  # no "−0.0"
        text = text.replace("-", "").replace("+", "")
    return text.replace("-", "−")


def is_zero(value: float, digits: int = 1) -> bool:
    """Return whether a number is written as zero."""
    return not math.isnan(value) and not re.search("[1-9]", f"{value:.{digits}f}")


def interval(low: float, high: float, digits: int = 1, sign: bool = False) -> str:
    """Return `[low, high]`; `[–]` if a bound is NaN."""
    if math.isnan(low) or math.isnan(high):
        return "[–]"
    return f"[{number(low, digits, sign)}, {number(high, digits, sign)}]"


_HTML = re.compile(r"<(?=[A-Za-z/!?])|&(?=#?\w+;)")
"""What begins a tag or an entity in Markdown."""
_BLOCK = re.compile(r"^(\d*)(?=[*+>#.)-])")
"""The beginning of a text that Markdown would read as a list, a quotation or a heading."""


def markdown(table: Table) -> str:
    """Return a heading, the table and its notes."""

    def plain(text: str) -> str:
        one_line = " ".join(text.splitlines())
        return _HTML.sub(lambda found: html.escape(found[0]), one_line)

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(plain(cell).replace("|", "\\|") for cell in cells) + " |"

    def shown(cell: Cell) -> str:
        return f"**{cell.text}**" if cell.strong and cell.text else cell.text

    rules = ["---" if i < table.labels else "---:" for i in range(len(table.header))]
    lines = [f"### {plain(table.title)}", "", line(table.header), line(rules)]
    lines += [line([shown(cell) for cell in row]) for row in table.rows]
    notes = (_BLOCK.sub(r"\1\\", plain(note)) for note in table.notes)
    lines += ["", *(f"- {note}" for note in notes)]
    return "\n".join(lines).rstrip() + "\n"


_INTERVAL = re.compile(r" (\[[^\[\]<>]*\])")
_LONG = 40
"""Labels with more characters than this may be broken into lines in HTML."""


def to_html(table: Table, source: str = "") -> str:
    """Return a `figure` with the table; numeric cells carry their value for sorting.

    On a phone each row is a card, for which a cell carries the head of its column.

    Args:
        table: the table.
        source: the command that makes it, and its data.
    """

    def head(index: int, name: str) -> str:
        kind = "" if index < table.labels else ' class="number"'
        return f'<th scope="col"{kind}>{html.escape(name)}</th>'

    def shown(index: int, cell: Cell) -> str:
        text = html.escape(cell.text)
        text = f"<strong>{text}</strong>" if cell.strong else text
        head = f' data-head="{html.escape(table.header[index])}"'
        if index < table.labels:
            long = ' class="long"' if len(cell.text) > _LONG else ""
            return f'<td{long}{head} dir="auto">{text}</td>'
        text = _INTERVAL.sub(r' <span class="interval">\1</span>', text)
        known = cell.value is not None and not math.isnan(cell.value)
        value = f' data-value="{cell.value!r}"' if known else ""
        return f'<td class="number"{value}{head}>{text}</td>'

    header = "".join(head(i, name) for i, name in enumerate(table.header))
    rows = "\n".join(
        "<tr>" + "".join(shown(i, cell) for i, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
    if source:
        made_by = re.sub("`(.*?)`", r"<code>\1</code>", html.escape(source))
        notes += f'<li class="source">Made by {made_by}.</li>'
    return (
        f'<figure class="table" id="{html.escape(table.name)}">'
        f"<figcaption>{html.escape(table.title)}</figcaption>\n"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(table.title)}">'
        f'<table class="sortable"><thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody>'
        f'</table></div>\n<ul class="notes">{notes}</ul></figure>\n'
    )
