"""Put the page together. Every text goes through `html.escape`, every script is known by hash."""

import base64
import hashlib
import html
import string
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmup.common.errors import InputError
from warmup.common.files import read_bytes, to_json
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import Methods
from warmup.reporting import figures
from warmup.reporting.display_names import TASKS, label
from warmup.reporting.report.example_data import pack
from warmup.reporting.report.findings import Finding, cost, dynamics, findings, rule
from warmup.reporting.report.warmup_examples import examples_table
from warmup.reporting.table import Table, to_html
from warmup.reporting.tables import warmups as warmup_tables
from warmup.reporting.tables.task import TaskTables, task_tables

if TYPE_CHECKING:
    import pandas as pd

_SCRIPTS = ("sort.js", "element.js", "difference.js", "choice.js", "example.js", "browser.js")
_STYLES = ("style.css", "browser.css")
_LONG = 20  # rows
_MIME = {"csv": "text/csv", "tex": "text/x-tex", "md": "text/markdown"}


def page(
    scores: "pd.DataFrame",
    curves: "pd.DataFrame",
    claims: "pd.DataFrame",
    methods: Methods,
    *,
    cells: Sequence[dict[str, Any]],
    origin: Sequence[Table],
    figures_dir: Path,
    tables_dir: Path,
    tested: "pd.DataFrame | None" = None,
    decodings: Decodings = UNKNOWN,
    warmups: "pd.DataFrame | None" = None,
) -> str:
    """Return the page as HTML that asks for nothing outside itself.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
        curves: as `warmup.evaluation.result_tables.CURVES` reads them.
        claims: as `warmup.reporting.paper.reported.read` returns them.
        methods: order of the methods, and which starts from which.
        cells: as `warmup.reporting.report.examples.collect` returns them.
        origin: as `warmup.reporting.report.provenance_tables.tables` returns them.
        figures_dir: holds `{name}.svg` of every figure.
        tables_dir: holds `{task}.md`, `.tex` and `.csv` of every task.
        tested: as `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests.
        decodings: their order, and which are controls of which.
        warmups: as `warmup.evaluation.result_tables.WARMUPS` reads them; None for no tables.

    Raises:
        InputError: a figure or table file is missing.
    """
    script, style = ("".join(map(_asset, names)) for names in (_SCRIPTS, _STYLES))
    by_task = {
        task: task_tables(scores, claims, methods, task, tested, decodings=decodings)
        for task in sorted(set(scores["task"]))
    }
    scores = decodings.without_controls(scores)
    costs = [table for found in by_task.values() for table in found.cost]
    experiments = ", ".join(sorted(set(scores["experiment"])))
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_source(style)}; script-src {_source(script)}"
    )
    return string.Template(_asset("page.html")).substitute(
        title=html.escape(f"Warmup Generations: {experiments}"),
        policy=html.escape(policy),
        style=style,
        script=script,
        findings=_findings(findings(scores, methods, decodings, tested), rule(tested))
        + "".join(map(_shown, dynamics(curves, methods))),
        tables="".join(_task(task, found, tables_dir) for task, found in by_task.items()),
        warmups=_warmups(
            {} if warmups is None else warmup_tables.tables(warmups, methods, decodings), cells
        ),
        figures="".join(_figure(name, figures_dir) for name in figures.names()),
        cost=_list(cost(scores)) + "".join(map(to_html, costs)),
        cells=embed(pack(cells)),
        origin="".join(map(to_html, origin[:1])) + "".join(map(_folded, origin[1:])),
    )


def embed(value: Any) -> str:
    """Return JSON that is inert inside a `script` element, whatever text it holds."""
    text = to_json(value, "report", separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _source(content: str) -> str:
    """Return what allows exactly this inline content in a content security policy."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _findings(found: Sequence[Finding], meaning: str) -> str:
    if not found:
        return "<p>No method named warmup was evaluated.</p>"
    parts = []
    for finding in found:
        parts.append(f"<h3>{html.escape(finding.heading)}</h3>")
        parts.append(_list(finding.sentences))
        parts.append(to_html(finding.table))
    return "\n".join([*parts, f'<p class="notes">{html.escape(meaning)}</p>'])


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _task(task: str, found: TaskTables, folder: Path) -> str:
    links = ", ".join(
        f'<a download="{task}.{suffix}" href="{_data(folder / f"{task}.{suffix}", mime)}">'
        f"{suffix}</a>"
        for suffix, mime in _MIME.items()
    )
    parts = [
        f"<h3>{html.escape(label(TASKS, task))}</h3>",
        *map(to_html, found.main),
        *map(to_html, found.controls),
        *map(to_html, found.ablations),
        *map(_folded, found.others),
        *map(_folded, found.comparisons),
        *(f'<div class="reported">{to_html(table)}</div>' for table in found.reported),
        f'<p class="files">As files: {links}</p>',
    ]
    return "\n".join(parts)


def _warmups(tables: Mapping[str, Sequence[Table]], cells: Sequence[dict[str, Any]]) -> str:
    first, *others = list(tables.values()) or [[]]
    parts = [*map(to_html, first), *(_folded(table) for found in others for table in found)]
    if table := examples_table(cells):
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
    """Return a table, folded where it is so long that it would hide what comes after it."""
    return to_html(table) if len(table.rows) <= _LONG else _folded(table)


def _folded(table: Table) -> str:
    return f"<details><summary>{html.escape(table.title)}</summary>{to_html(table)}</details>"
