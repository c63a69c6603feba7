"""A report on synthetic results, and what its page holds."""

import json
from html.parser import HTMLParser

from helpers.synthetic_results import (
    METHODS,
    STARTS,
    make_curves,
    make_runs,
    make_scores,
    make_warmups,
    reported,
)
from warmup.config.decodings import UNKNOWN
from warmup.config.methods import Methods
from warmup.reporting import figures
from warmup.reporting.report import examples, provenance_tables
from warmup.reporting.report.page import page
from warmup.reporting.tables import task

ORDER = Methods(METHODS, STARTS)


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
    task.write(make_scores(seeds=3), reported(), ORDER, folder / "tables")
    (folder / "figures").mkdir()
    for name in figures.names():
        (folder / "figures" / f"{name}.svg").write_text(f"<svg><title>{name}</title></svg>")
    return folder


def build(folder, scores=None, predictions=None):
    scores = make_scores(seeds=3) if scores is None else scores
    paths = sorted(folder.glob("runs/**/*.predictions.jsonl"))
    return page(
        scores,
        make_curves(seeds=2),
        reported(),
        ORDER,
        cells=examples.collect(predictions or paths, scores, ORDER, UNKNOWN),
        origin=provenance_tables.tables(
            provenance_tables.read(sorted(folder.glob("runs/**/provenance.json"))), scores
        ),
        figures_dir=folder / "figures",
        tables_dir=folder / "tables",
        warmups=make_warmups(seeds=3),
    )


def data_of(html):
    return json.loads(Reader(html).scripts[0])
