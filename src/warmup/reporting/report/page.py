"""Put the page together. Every text is escaped, and scripts may only run if their hash is known."""

import base64
import hashlib
import html
import string
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_bytes, to_json
from warmup.reporting import figures, tables
from warmup.reporting.display_names import task_label
from warmup.reporting.figures._panels import NOTHING
from warmup.reporting.report import worked
from warmup.reporting.report.example_data import pack
from warmup.reporting.report.findings import Finding, basis, cost, dynamics, findings, rule, summary
from warmup.reporting.report.warmup_examples import examples_table
from warmup.reporting.results import Results
from warmup.reporting.table import Table, to_html
from warmup.reporting.tables import Placed, Section

_SCRIPTS = ("sort.js", "element.js", "difference.js", "choice.js", "example.js", "browser.js")
_STYLES = ("style.css", "browser.css")
_MIME = {"csv": "text/csv", "tex": "text/x-tex", "md": "text/markdown"}
_SUMMARY = "`warmup report` from scores.tsv and comparisons.tsv"
_ANSWER = "gain_per_pair"
"""The figure that the page opens with."""
_DATA = {
    Section.SCORES: "scores.tsv and comparisons.tsv",
    Section.CONTROLS: "scores.tsv and comparisons.tsv",
    Section.ABLATIONS: "scores.tsv and comparisons.tsv",
    Section.COMPARISONS: "comparisons.tsv",
    Section.COST: "scores.tsv",
    Section.REPORTED: "what the paper reports, not measured here",
    Section.WARMUPS: "warmups.tsv",
}
"""Section -> the data of its tables."""


def page(
    results: Results,
    *,
    examples: Sequence[dict[str, Any]],
    provenance: Sequence[Table],
    figures_dir: Path,
    tables_dir: Path,
) -> str:
    """Return the page as HTML that loads nothing from elsewhere.

    Args:
        results: of the experiment.
        examples: as `warmup.reporting.report.examples.collect` returns them.
        provenance: as `warmup.reporting.report.provenance_tables.tables` returns them.
        figures_dir: has `{name}.svg` of every figure.
        tables_dir: has `{task}.md`, `.tex` and `.csv` of every task.

    Raises:
        InputError: a figure or a table is missing.
    """
    script, style = ("".join(map(_asset, names)) for names in (_SCRIPTS, _STYLES))
    by_task = {task: tables.of_task(results, task) for task in results.tasks}
    costs = [
        placed
        for page_of_task in by_task.values()
        for placed in page_of_task
        if placed.section is Section.COST
    ]
    experiments = ", ".join(sorted(set(results.scores["experiment"])))
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_source(style)}; script-src {_source(script)}"
    )
    chosen = worked.worked(examples)
    return string.Template(_asset("page.html")).substitute(
        title=html.escape(f"Warmup Generations: {experiments}"),
        policy=html.escape(policy),
        style=style,
        script=script,
        contents=_contents(results),
        basis=html.escape(basis(results)),
        answer=_figure(_ANSWER, figures_dir),
        example=_worked(chosen[:1]),
        summary="".join(to_html(table, _SUMMARY) for table in summary(results)),
        findings=_findings(findings(results), rule(results)),
        data=_data_sets(chosen),
        tables="".join(_task(task, placed, tables_dir) for task, placed in by_task.items()),
        warmups=_warmups(results, examples),
        figures=_figures([name for name in figures.names() if name != _ANSWER], figures_dir),
        cost=_list(cost(results)) + "".join(map(_placed, costs)),
        cells=embed(pack(examples)),
        origin="".join(map(to_html, provenance[:1])) + "".join(map(_folded, provenance[1:])),
    )


def embed(value: Any) -> str:
    """Return JSON that cannot end or leave a `script` element, whatever text it has."""
    text = to_json(value, "report", separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Return the source of a content security policy that allows exactly this inline content."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _contents(results: Results) -> str:
    """Return the entries of the tasks for the table of contents."""
    return "".join(
        f'<li><a href="#task-{task}">{html.escape(task_label(task))}</a></li>'
        for task in results.tasks
    )


def _findings(findings: Sequence[Finding], meaning: str) -> str:
    if not findings:
        return "<p>No method named warmup was evaluated.</p>"
    parts = []
    for finding in findings:
        parts.append(f"<h3>{html.escape(finding.heading)}</h3>")
        parts.append(_list(finding.sentences))
    return "\n".join([*parts, f'<p class="notes">{html.escape(meaning)}</p>'])


def _worked(examples: Sequence[worked.Worked]) -> str:
    if not examples:
        return "<p>There are no predictions to show.</p>"
    cell, item, _, _, decides = examples[0]
    which = (
        f"the first test item that {cell['focus']} answers right and {cell['baseline']} does not"
        if decides
        else "the first test item"
    )
    where = f"{cell['data']}, {cell['model']}: {which} ({item['id']}, seed {cell['seed']})."
    return (
        f'<p class="notes">{html.escape(where)} <ins>Not in the reference</ins>, '
        f"<del>only in the reference</del>.</p>{worked.to_html(examples[0])}"
    )


def _data_sets(examples: Sequence[worked.Worked]) -> str:
    parts = []
    for number, example in enumerate(examples):
        cell = example.cell
        about = f"{cell['about']} {cell['total']:,} test items."
        parts.append(f"<h3>{html.escape(cell['data'])}</h3><p>{html.escape(about)}</p>")
        if number:  # the page opens with the first
            parts.append(worked.to_html(example))
    return "".join(parts)


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _task(task: str, page_of_task: Sequence[Placed], folder: Path) -> str:
    """Return the main table of a task, the others folded after it, and its files."""
    links = ", ".join(
        f'<a download="{task}.{suffix}" href="{_data(folder / f"{task}.{suffix}", mime)}">'
        f"{suffix}</a>"
        for suffix, mime in _MIME.items()
    )
    main, *others = [placed for placed in page_of_task if placed.section is not Section.COST]
    parts = [
        f'<h3 id="task-{task}">{html.escape(task_label(task))}</h3>',
        _placed(main),
        *(_folded(_once(placed.table), _made_by(placed)) for placed in others),
        f'<p class="files">As files: {links}</p>',
    ]
    return "\n".join(parts)


def _placed(placed: Placed) -> str:
    return to_html(placed.table, _made_by(placed))


def _made_by(placed: Placed) -> str:
    """Return the command that makes a table, and its data."""
    endings = {name: name.replace("_", "-") for name in tables.names()}
    fitting = [name for name, ending in endings.items() if placed.table.name.endswith(ending)]
    name = max(fitting, key=len)
    return f"`warmup tables --only {name}` from {_DATA[placed.section]}"


def _once(table: Table) -> Table:
    """Return a table that compares scores, without the scores: the main table has them."""
    if not any(head.startswith("difference to ") for head in table.header):
        return table
    kept = [
        index
        for index, head in enumerate(table.header)
        if index < table.labels or head.startswith("difference to ")
    ]
    rows = [[row[index] for index in kept] for row in table.rows]
    notes = [*table.notes, "The scores are in the first table of the task, and in the files."]
    return replace(table, header=[table.header[index] for index in kept], rows=rows, notes=notes)


def _warmups(results: Results, examples: Sequence[dict[str, Any]]) -> str:
    first, *others = list(tables.of_warmups(results).values()) or [[]]

    def made_by(table: Table) -> str:
        return _made_by(Placed(Section.WARMUPS, False, table))

    parts = [to_html(table, made_by(table)) for table in first[:1]]
    parts += [_folded(table, made_by(table)) for table in first[1:]]
    parts += [_folded(table, made_by(table)) for of_other in others for table in of_other]
    parts += [_folded(table, "`warmup report` from curves.tsv") for table in dynamics(results)]
    if table := examples_table(examples):
        parts.append(_folded(table, "`warmup report` from predictions.jsonl"))
    return "\n".join(parts) or "<p>No method with warmups was evaluated.</p>"


def _figures(names: Sequence[str], folder: Path) -> str:
    """Return the figures, and a list of those with nothing to show."""
    drawn = {name: _figure(name, folder) for name in names}
    empty = [name for name in names if f'id="{NOTHING}"' in (folder / f"{name}.svg").read_text()]
    parts = [drawn[name] for name in names if name not in empty]
    if empty:
        titles = ", ".join(f"{figures.load(name).TITLE} (`{name}`)" for name in empty)
        parts.append(f'<p class="notes">Without data here: {html.escape(titles)}.</p>')
    return "".join(parts)


def _figure(name: str, folder: Path) -> str:
    module = figures.load(name)
    title, caption = html.escape(module.TITLE), html.escape(module.CAPTION)
    source = _data(folder / f"{name}.svg", "image/svg+xml")
    made_by = f"<code>warmup figures --only {name}</code> from {_figure_data(name)}"
    return (
        f'<figure class="picture" id="{name}">'
        f'<img alt="{title}: described below" src="{source}">'
        f"<figcaption><details><summary>{title}: how to read it</summary>{caption}</details> "
        f'<span class="source">Made by {made_by}.</span></figcaption></figure>\n'
    )


def _figure_data(name: str) -> str:
    if name.endswith("_curves"):
        return "curves.tsv"
    return "warmups.tsv" if name.startswith("warmup_") else "scores.tsv and comparisons.tsv"


def _data(path: Path, mime: str) -> str:
    made_by = "figures" if path.suffix == ".svg" else "tables"
    if not path.is_file():
        raise InputError(f"{path}: missing; make it with `warmup {made_by}`")
    return f"data:{mime};base64,{base64.b64encode(read_bytes(path)).decode()}"


def _folded(table: Table, source: str = "") -> str:
    return (
        f"<details><summary>{html.escape(table.title)}</summary>{to_html(table, source)}</details>"
    )
