"""A report on synthetic results, and what its page holds."""

import json
from html.parser import HTMLParser

from helpers.synthetic_results import (
    make_curves,
    make_results,
    make_runs,
    make_warmups,
)
from warmup.reporting import figures, write_tables
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page


class Reader(HTMLParser):
    """Keeps the elements, their addresses, and what scripts hold."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.scripts, self.events = [], [], [], []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action")]
        self.events += [name for name, _ in attrs if name.startswith("on")]
        self.open = tag == "script"
        if self.open:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.open = False

    def handle_data(self, data):
        if self.open:
            self.scripts[-1] += data


def write_inputs(folder):
    """Write tables, figures (their places taken by stubs) and runs; return the folder."""
    make_runs(folder)
    write_tables.write(make_results(), folder / "tables")
    (folder / "figures").mkdir()
    for name in figures.names():
        (folder / "figures" / f"{name}.svg").write_text(f"<svg><title>{name}</title></svg>")
    return folder


def build(folder, scores=None, predictions=None):
    results = make_results(scores, curves=make_curves(seeds=2), warmups=make_warmups(seeds=3))
    paths = sorted(folder.glob("runs/**/*.predictions.jsonl"))
    provenance = provenance_tables.read(sorted(folder.glob("runs/**/provenance.json")))
    return page(
        results,
        examples=examples.collect(predictions or paths, results),
        provenance=provenance_tables.tables(provenance, results),
        figures_dir=folder / "figures",
        tables_dir=folder / "tables",
    )


def data_of(html):
    return json.loads(Reader(html).scripts[0])
