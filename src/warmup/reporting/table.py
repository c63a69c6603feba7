"""A table and its forms: Markdown, LaTeX, HTML."""

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from warmup.reporting import latex_text


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
    lines += ["", *(f"- {plain(note)}" for note in table.notes)]
    return "\n".join(lines).rstrip() + "\n"


def latex(table: Table) -> str:
    """Return a `table` float for `booktabs` and `graphicx`; a wide table shrinks to the line."""

    def shown(cell: Cell) -> str:
        text = latex_text.escape(cell.text)
        # print the interval smaller; brackets are an interval only after a number
        if cell.value is not None:
            text = re.sub(r"(?<=.) (\[.*\])", r" {\\scriptsize \1}", text)
        return rf"\textbf{{{text}}}" if cell.strong else text

    def line(cells: Sequence[str]) -> str:
        row = " & ".join(cells)
        # without the guard, the \\ of the line before takes [ or * as its argument
        guard = "{}" if row.startswith(("[", "*")) else ""
        return guard + row + r" \\"

    columns = "l" * table.labels + "r" * (len(table.header) - table.labels)
    body: list[str] = []
    before = [""] * table.labels
    for row in table.rows:
        keys = [cell.text for cell in row[: table.labels]]
        # write a label only if it or one to its left changed, to make groups visible
        first = next((i for i, key in enumerate(keys) if key != before[i]), table.labels)
        if body and first < table.labels - 1:
            body.append(r"\addlinespace")
        body.append(line(["" if i < first else shown(cell) for i, cell in enumerate(row)]))
        before = keys
    title, header, notes = (
        [latex_text.escape(text) for text in texts]
        for texts in ([table.title], table.header, table.notes)
    )
    if any(map(latex_text.has_codes, [*title, *header, *body, *notes])):
        notes.append(latex_text.escape(latex_text.CODES))
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering\small",
            rf"\caption{{{title[0]}}}",
            rf"\label{{tab:{table.name}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            line(header),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize",
            *notes,
            r"\end{minipage}",
            r"\end{table}",
            "",
        ]
    )


_LONG = 40
"""Labels with more characters than this may be broken into lines in HTML."""


def to_html(table: Table) -> str:
    """Return a `figure` with the table; numeric cells carry their value for sorting."""

    def head(index: int, name: str) -> str:
        kind = "" if index < table.labels else ' class="number"'
        return f'<th scope="col"{kind}>{html.escape(name)}</th>'

    def shown(index: int, cell: Cell) -> str:
        text = html.escape(cell.text)
        text = f"<strong>{text}</strong>" if cell.strong else text
        if index < table.labels:
            long = ' class="long"' if len(cell.text) > _LONG else ""
            return f'<td{long} dir="auto">{text}</td>'
        known = cell.value is not None and not math.isnan(cell.value)
        value = f' data-value="{cell.value!r}"' if known else ""
        return f'<td class="number"{value}>{text}</td>'

    header = "".join(head(i, name) for i, name in enumerate(table.header))
    rows = "\n".join(
        "<tr>" + "".join(shown(i, cell) for i, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
    return (
        f'<figure class="table" id="{html.escape(table.name)}">'
        f"<figcaption>{html.escape(table.title)}</figcaption>\n"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(table.title)}">'
        f'<table class="sortable"><thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody>'
        f'</table></div>\n<ul class="notes">{notes}</ul></figure>\n'
    )
