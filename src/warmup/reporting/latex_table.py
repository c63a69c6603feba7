"""A table as LaTeX: `table` floats for `booktabs` that keep their letters at any size.

The labels of a row but the last are a heading above its group, and heads of columns have several
lines. A column with one value is a note. What is still wider than a line or longer than a page
becomes several floats.
"""

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import NamedTuple

from warmup.reporting import latex_text
from warmup.reporting.table import Cell, Table

_LINE = 340.0
"""Width of a line of plain `article` in points, nearly."""
_GAP = 6.0
"""Width in points of the gap between columns."""
_NARROW, _WIDE = " .,:;()[]il", f"+−×↑↓%mw{ascii_uppercase}"
_LETTER = 4.5
_WIDTHS = dict.fromkeys(_NARROW, 2.5) | dict.fromkeys(_WIDE, 7.0)
"""Width in points of a letter in footnotesize; of those that are narrower and wider."""
_BOLD = 1.15
"""Width of bold letters, compared with others."""
_HEAD, _TEXT = 13, 24
"""Characters per line of a head, and of a text in a cell."""
_PAGE, _NOTE, _LEAST = 48, 85, 20
"""Lines on a page, characters per line of a note, and lines of rows in a float at least."""
_INTERVAL = re.compile(r"(?<=\S) (\[(?:–|[−+\d.,]+, [−+\d.,]+)\])")
"""The interval after a number."""


class _Part(NamedTuple):
    """Rows and columns of one float."""

    rows: Sequence[Sequence[Cell]]
    columns: Sequence[int]


def latex(table: Table) -> str:
    """Return one `table` float, or several if the table is too wide or too long for one."""
    constant = {column: texts for column in _numbers(table) if (texts := _constant(table, column))}
    notes = [latex_text.escape(note) for note in [*constant.values(), *table.notes]]
    columns = [*_columns(table, [column for column in _numbers(table) if column not in constant])]
    lines = _PAGE - sum(1 + len(note) // _NOTE for note in table.notes)
    rows = [*_rows(table, max(lines, _LEAST))]
    parts = [_Part(*part) for part in itertools.product(rows, columns)]
    bodies = [_tabular(table, part) for part in parts]
    if any(map(latex_text.has_codes, [latex_text.escape(table.title), *bodies, *notes])):
        notes.append(latex_text.escape(latex_text.CODES))
    floats = []
    for number, body in enumerate(bodies, start=1):
        of_parts = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        last = number == len(parts)
        floats.append(
            "\n".join(
                [
                    r"\begin{table}[htbp]",
                    r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
                    rf"\caption{{{latex_text.escape(table.title)}{of_parts}}}",
                    rf"\label{{tab:{table.name}{'' if number == 1 else f'-{number}'}}}",
                    body,
                    *([_below(notes)] if notes and last else []),
                    r"\end{table}",
                    "",
                ]
            )
        )
    return "\n".join(floats)


def _below(notes: Sequence[str]) -> str:
    lines = [r"\par\smallskip\begin{minipage}{\linewidth}\footnotesize", *notes]
    return "\n".join([*lines, r"\end{minipage}"])


def _numbers(table: Table) -> range:
    """Return the columns after the labels."""
    return range(table.labels, len(table.header))


def _constant(table: Table, column: int) -> str:
    """Return a note on a column that has the same value in all of several rows, else nothing."""
    texts = {row[column].text for row in table.rows}
    if len(texts) > 1 or len(table.rows) < 2:
        return ""
    return f"{table.header[column]}: {texts.pop()} in all rows."


def _columns(table: Table, columns: Sequence[int]) -> Iterator[list[int]]:
    """Yield the columns of each part: as many as a line has room for, after the last label."""
    label = table.labels - 1
    room = _LINE - _width(table, label)
    part: list[int] = []
    for column in columns:
        if part and sum(_width(table, other) for other in [*part, column]) > room:
            yield part
            part = []
        part.append(column)
    yield part


def _width(table: Table, column: int) -> float:
    """Return the approximate width of a column in points."""
    heads = map(_points, _head(table.header[column]))
    return _GAP + max([0.0, *heads, *(_width_of(row[column]) for row in table.rows)])


def _width_of(cell: Cell) -> float:
    parts = ["n" * _TEXT, *cell.text.split()] if _is_long(cell) else [cell.text]
    return max(map(_points, parts)) * (_BOLD if cell.strong else 1)


def _is_long(cell: Cell) -> bool:
    """Return whether a text is broken into lines; a number with its interval is not."""
    return len(cell.text) > (_TEXT if cell.value is None else 2 * _TEXT)


def _points(text: str) -> float:
    return sum(_WIDTHS.get(letter, _LETTER) for letter in latex_text.printed(text))


def _head(words: str) -> list[str]:
    return textwrap.wrap(words, _HEAD, break_long_words=False, break_on_hyphens=False)


def _rows(table: Table, most: int) -> Iterator[list[Sequence[Cell]]]:
    """Yield the rows of each part; a group is divided only if it is longer than a page."""
    part: list[Sequence[Cell]] = []
    used = 0
    for heading, rows in itertools.groupby(table.rows, lambda row: _heading(table, row)):
        of_group = [*rows]
        if part and used + bool(heading) + len(of_group) > most:
            yield part
            part, used = [], 0
        for row in of_group:
            if used >= most:
                yield part
                part, used = [], 0
            part.append(row)
            used += 1
        used += bool(heading)
    yield part


def _heading(table: Table, row: Sequence[Cell]) -> str:
    return ", ".join(cell.text for cell in row[: table.labels - 1])


def _tabular(table: Table, part: _Part) -> str:
    columns = [table.labels - 1, *part.columns]
    body: list[str] = []
    for heading, rows in itertools.groupby(part.rows, lambda row: _heading(table, row)):
        if heading:
            body += [r"\addlinespace"] if body else []
            text = rf"\emph{{{latex_text.escape(heading)}}}"
            body.append(rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{{text}}} \\")
        body += [_line([_cell(row[column]) for column in columns]) for row in rows]
    kinds = "".join(_kind(table, column) for column in columns)
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{kinds}}}",
            r"\toprule",
            _line([_head_cell(table, column) for column in columns]),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _kind(table: Table, column: int) -> str:
    """Return the kind of a column: right for numbers, left for texts, in lines for long texts."""
    if any(_is_long(row[column]) for row in table.rows):
        return f"p{{{_width(table, column):.0f}pt}}"
    return "l" if column < table.labels else "r"


def _head_cell(table: Table, column: int) -> str:
    lines = [latex_text.escape(line) for line in _head(table.header[column])]
    side = "l" if column < table.labels else "r"
    words = r" \\ ".join(lines)
    return rf"\shortstack[{side}]{{{words}}}" if len(lines) > 1 else words


def _cell(cell: Cell) -> str:
    # print an interval smaller
    before, *rest = _INTERVAL.split(cell.text)
    text = latex_text.escape(before)
    for bounds, after in zip(rest[::2], rest[1::2], strict=True):
        text += rf" {{\scriptsize {latex_text.escape(bounds)}}}{latex_text.escape(after)}"
    text = rf"\textbf{{{text}}}" if cell.strong else text
    return rf"{{\raggedright {text}\par}}" if _is_long(cell) else text


def _line(cells: Sequence[str]) -> str:
    row = " & ".join(cells)
    # without the guard, the \\ of the line before takes [ or * as its argument
    guard = "{}" if row.startswith(("[", "*")) else ""
    return guard + row + r" \\"
