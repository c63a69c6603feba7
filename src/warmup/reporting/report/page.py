"""Put the page together. Every text is escaped, and scripts may only run if their hash is known."""

import base64
import hashlib
import html
import string
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError
from warmup.common.files import read_bytes, to_json
from warmup.reporting import figures, tables
from warmup.reporting.display_names import task_label
from warmup.reporting.report.example_data import pack
from warmup.reporting.report.findings import Finding, cost, dynamics, findings, rule
from warmup.reporting.report.warmup_examples import examples_table
from warmup.reporting.results import Results
from warmup.reporting.table import Table, to_html
from warmup.reporting.tables import Placed, Section

_SCRIPTS = ("sort.js", "element.js", "difference.js", "choice.js", "example.js", "browser.js")
_STYLES = ("style.css", "browser.css")
_LONG = 20  # rows
_MIME = {"csv": "text/csv", "tex": "text/x-tex", "md": "text/markdown"}


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
        placed.table
        for page_of_task in by_task.values()
        for placed in page_of_task
        if placed.section is Section.COST
    ]
    experiments = ", ".join(sorted(set(results.scores["experiment"])))
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_source(style)}; script-src {_source(script)}"
    )
    return string.Template(_asset("page.html")).substitute(
        title=html.escape(f"Warmup Generations: {experiments}"),
        policy=html.escape(policy),
        style=style,
        script=script,
        findings=_findings(findings(results), rule(results))
        + "".join(map(_shown, dynamics(results))),
        tables="".join(_task(task, placed, tables_dir) for task, placed in by_task.items()),
        warmups=_warmups(tables.of_warmups(results), examples),
        figures="".join(_figure(name, figures_dir) for name in figures.names()),
        cost=_list(cost(results)) + "".join(map(to_html, costs)),
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


def _findings(findings: Sequence[Finding], meaning: str) -> str:
    if not findings:
        return "<p>No method named warmup was evaluated.</p>"
    parts = []
    for finding in findings:
        parts.append(f"<h3>{html.escape(finding.heading)}</h3>")
        parts.append(_list(finding.sentences))
        parts.append(to_html(finding.table))
    return "\n".join([*parts, f'<p class="notes">{html.escape(meaning)}</p>'])


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _task(task: str, page_of_task: Sequence[Placed], folder: Path) -> str:
    links = ", ".join(
        f'<a download="{task}.{suffix}" href="{_data(folder / f"{task}.{suffix}", mime)}">'
        f"{suffix}</a>"
        for suffix, mime in _MIME.items()
    )
    parts = [
        f"<h3>{html.escape(task_label(task))}</h3>",
        *(_placed(placed) for placed in page_of_task if placed.section is not Section.COST),
        f'<p class="files">As files: {links}</p>',
    ]
    return "\n".join(parts)


def _placed(placed: Placed) -> str:
    if placed.section is Section.REPORTED:
        return f'<div class="reported">{to_html(placed.table)}</div>'
    return _folded(placed.table) if placed.folded else to_html(placed.table)


def _warmups(by_decoding: Mapping[str, Sequence[Table]], examples: Sequence[dict[str, Any]]) -> str:
    first, *others = list(by_decoding.values()) or [[]]
    parts = [*map(to_html, first), *(_folded(table) for of_other in others for table in of_other)]
    if table := examples_table(examples):
        parts.append(to_html(table))
    return "\n".join(parts) or "<p>No method with warmups was evaluated.</p>"


def _figure(name: str, folder: Path) -> str:
    module = figures.load(name)
    title, caption = html.escape(module.TITLE), html.escape(module.CAPTION)
    source = _data(folder / f"{name}.svg", "image/svg+xml")
    return (
        f'<figure class="picture" id="{name}">'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f'<img alt="{title}: described below" src="{source}">'
        f"</div><figcaption><strong>{title}.</strong> {caption}</figcaption></figure>\n"
    )


def _data(path: Path, mime: str) -> str:
    made_by = "figures" if path.suffix == ".svg" else "tables"
    if not path.is_file():
        raise InputError(f"{path}: missing; make it with `warmup {made_by}`")
    return f"data:{mime};base64,{base64.b64encode(read_bytes(path)).decode()}"


def _shown(table: Table) -> str:
    """Return a table, folded if it is so long that it would hide what comes after it."""
    return to_html(table) if len(table.rows) <= _LONG else _folded(table)


def _folded(table: Table) -> str:
    return f"<details><summary>{html.escape(table.title)}</summary>{to_html(table)}</details>"
