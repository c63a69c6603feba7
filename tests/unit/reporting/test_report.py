"""The page of the report: what is on it, that it asks for nothing, that no text breaks out."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import chromium
from helpers.report_page import Reader, build, data_of
from helpers.synthetic_results import make_curves, make_runs, make_scores
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.reporting import figures
from warmup.reporting.report import findings, provenance_tables
from warmup.reporting.report.page import _SCRIPTS, _STYLES, embed

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)


def test_the_page_asks_for_nothing_outside_itself(report_inputs):
    reader = Reader(build(report_inputs))
    assert all(re.match(r"#|data:", address) for address in reader.addresses)
    assert "link" not in reader.tags
    assert len(reader.scripts) == 2
    assert reader.events == []


def test_the_page_has_its_sections_tables_and_figures(report_inputs):
    html = build(report_inputs)
    for part in ("results", "tables", "warmups", "figures", "cost", "examples", "origin"):
        assert f'<section id="{part}">' in html
    for name in figures.names():
        assert f'id="{name}"' in html
    assert html.count("<figcaption>") > 10
    assert "abc1234def" in html
    assert "made:up" in html
    assert "reported in the paper" in html


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, report_inputs):
    """Return a page whose data try to break out wherever they can."""
    paths = make_runs(tmp_path_factory.mktemp("hostile"), items=2)
    for path in paths:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row.update(id=HOSTILE + row["id"], source=HOSTILE, output=HOSTILE, warmup=HOSTILE)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scores = make_scores(seeds=3).assign(experiment=HOSTILE, signature=HOSTILE)
    return build(report_inputs, scores, paths)


def test_hostile_text_is_inert(hostile, report_inputs):
    reader = Reader(hostile)
    assert reader.tags.count("script") == 2
    assert reader.tags.count("img") == Reader(build(report_inputs)).tags.count("img")
    assert reader.events == []
    assert HOSTILE not in hostile
    assert HOSTILE in data_of(hostile)["texts"]


@chromium.needed
def test_hostile_text_is_inert_in_a_browser(hostile, tmp_path):
    (tmp_path / "report.html").write_text(hostile)
    view = chromium.Page(tmp_path / "profile")
    view.show((tmp_path / "report.html").as_uri())
    view.run("document.querySelector('#found a').click()")
    view.wait("!document.getElementById('example').hidden")
    view.run("document.forms.filter.elements.highlight; document.querySelector('#next').click()")
    assert view.run("document.title") != "owned"
    assert HOSTILE in view.texts("#example dd")
    view.close()


@given(st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_embedded_json_comes_back_and_holds_no_markup(value):
    text = embed(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_a_figure_names_its_command_and_one_without_data_is_only_named(report_inputs, tmp_path):
    shutil.copytree(report_inputs, tmp_path / "copy")
    lookahead = tmp_path / "copy" / "figures" / "lookahead.svg"
    lookahead.write_text('<svg><g id="nothing-to-show"/></svg>')
    html = build(tmp_path / "copy")
    assert 'id="lookahead"' not in html
    assert "Without data here: The score by the look-ahead that an item needs" in html
    for name in set(figures.names()) - {"lookahead"}:
        assert f"<code>warmup figures --only {name}</code>" in html


def test_wrong_provenance_is_named(tmp_path):
    path = tmp_path / "provenance.json"
    path.write_text('{"git": {}}')
    with pytest.raises(InputError, match=r"provenance\.json: missing key 'python'"):
        provenance_tables.read([path])


def test_a_missing_figure_says_how_to_make_it(report_inputs, tmp_path):
    shutil.copytree(report_inputs, tmp_path / "copy")
    (tmp_path / "copy" / "figures" / "lookahead.svg").unlink()
    with pytest.raises(InputError, match=r"lookahead\.svg: missing; .* `warmup figures`"):
        build(tmp_path / "copy")


def test_command_reads_the_files_that_are_given(report_inputs, tmp_path):
    make_scores(seeds=3).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    make_curves(seeds=1).to_csv(tmp_path / "curves.tsv", sep="\t", index=False)
    arguments = [
        "--scores", tmp_path / "scores.tsv", "--curves", tmp_path / "curves.tsv",
        "--figures-dir", report_inputs / "figures", "--tables-dir", report_inputs / "tables",
        "--predictions", *report_inputs.glob("runs/**/*.jsonl"),
        "--provenance", *report_inputs.glob("runs/**/provenance.json"),
        "--output", tmp_path / "report.html",
    ]  # fmt: skip
    main(["report", *map(str, arguments)])
    assert len(data_of((tmp_path / "report.html").read_text())["cells"]) == 8


def test_it_runs_without_torch():
    code = (
        "import sys, warmup.reporting.report.page, warmup.reporting.report.examples;"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_assets_are_package_data():
    names = {path.name for path in (Path(findings.__file__).parent / "assets").iterdir()}
    assert {"page.html", *_STYLES, *_SCRIPTS} <= names
