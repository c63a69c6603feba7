import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import chromium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_results import (
    METHODS,
    STARTS,
    make_curves,
    make_runs,
    make_scores,
    make_warmups,
    reported,
)

from warmup import figures, tables
from warmup.errors import InputError
from warmup.methods import Methods
from warmup.report import examples, findings, origin
from warmup.report.__main__ import main
from warmup.report.pack import pack
from warmup.report.page import _SCRIPTS, _STYLES, embed, page
from warmup.report.warmups import examples_table

ORDER = Methods(METHODS, STARTS)
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)


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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with tables, figures (their places taken by stubs) and runs."""
    path = tmp_path_factory.mktemp("results")
    make_runs(path)
    tables.write(make_scores(seeds=3), reported(), ORDER, path / "tables")
    (path / "figures").mkdir()
    for name in figures.names():
        (path / "figures" / f"{name}.svg").write_text(f"<svg><title>{name}</title></svg>")
    return path


def build(folder, scores=None, predictions=None):
    scores = make_scores(seeds=3) if scores is None else scores
    paths = sorted(folder.glob("runs/**/*.predictions.jsonl"))
    return page(
        scores,
        make_curves(seeds=2),
        reported(),
        ORDER,
        cells=examples.collect(predictions or paths, scores, ORDER),
        origin=origin.tables(origin.read(sorted(folder.glob("runs/**/provenance.json"))), scores),
        figures_dir=folder / "figures",
        tables_dir=folder / "tables",
        warmups=make_warmups(seeds=3),
    )


def data_of(html):
    return json.loads(Reader(html).scripts[0])


def test_the_page_asks_for_nothing_outside_itself(folder):
    reader = Reader(build(folder))
    assert all(re.match(r"#|data:", address) for address in reader.addresses)
    assert "link" not in reader.tags
    assert len(reader.scripts) == 2
    assert reader.events == []


def test_the_page_has_its_sections_tables_and_figures(folder):
    html = build(folder)
    for part in ("results", "tables", "warmups", "figures", "cost", "examples", "origin"):
        assert f'<section id="{part}">' in html
    for name in figures.names():
        assert f'id="{name}"' in html
    assert html.count("<figcaption>") > 10
    assert "abc1234def" in html
    assert "made:up" in html
    assert "reported in the paper" in html


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, folder):
    """Return a page whose data try to break out wherever they can."""
    paths = make_runs(tmp_path_factory.mktemp("hostile"), items=2)
    for path in paths:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row.update(id=HOSTILE + row["id"], source=HOSTILE, output=HOSTILE, warmup=HOSTILE)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scores = make_scores(seeds=3).assign(experiment=HOSTILE, signature=HOSTILE)
    return build(folder, scores, paths)


def test_hostile_text_is_inert(hostile, folder):
    reader = Reader(hostile)
    assert reader.tags.count("script") == 2
    assert reader.tags.count("img") == Reader(build(folder)).tags.count("img")
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


def collect(paths, seeds=1):
    return examples.collect(paths, make_scores(seeds=seeds), ORDER)


def test_examples_show_what_each_method_wrote(folder):
    cells = collect(folder.glob("runs/**/*.predictions.jsonl"))
    assert len(cells) == 8
    cell = next(c for c in cells if (c["data"], c["model"]) == ("shell_game en", "t5_tiny"))
    assert cell["methods"] == ["SFT", "SFT (same compute)", "SFT (same updates)", "warmup"]
    item = cell["items"][1]
    assert item["lookahead"] == 2
    sft, warmup = item["outputs"][0], item["outputs"][-1]
    assert (sft["right"], sft["warmup"], sft["score"]) == (False, None, 0)
    assert (warmup["right"], warmup["warmup"], warmup["warmupLogProbability"]) == (
        True,
        "2 4 1",
        -0.5,
    )


def test_examples_are_of_the_first_seed_and_all_of_them(tmp_path):
    cells = collect(make_runs(tmp_path, items=250, seeds=2), seeds=2)
    assert {cell["seed"] for cell in cells} == {1}
    assert [item["id"] for item in cells[0]["items"]] == [
        f"multiple_choice-{i}" for i in range(250)
    ]


def test_beyond_the_limit_items_are_evenly_spaced_and_the_same_for_all_models(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(examples, "LIMIT", 8)
    cells = collect(make_runs(tmp_path, items=10))
    assert [(cell["total"], len(cell["items"])) for cell in cells] == [(10, 4)] * 4 + [(10, 2)] * 4
    assert [[item["id"][-1] for item in cell["items"]] for cell in cells if cell["model"]][:2] == [
        ["0", "2", "5", "7"]
    ] * 2
    for cell in cells:
        assert None not in [output for item in cell["items"] for output in item["outputs"]]


@given(st.lists(st.integers()), st.integers(1, 20))
def test_spread(rows, most):
    found = examples.spread(rows, most)
    assert len(found) == min(len(rows), most)
    assert found[:1] == rows[:1]
    if len(rows) <= most:
        assert found == rows


def test_packed_examples_hold_each_text_once(folder):
    cells = collect(folder.glob("runs/**/*.predictions.jsonl"))
    packed = pack(cells)
    texts = packed["texts"]
    assert len(texts) == len(set(texts))
    assert packed == data_of(build(folder))
    for cell, one in zip(packed["cells"], cells, strict=True):
        assert cell["ids"] == [item["id"] for item in one["items"]]
        for row, item in enumerate(one["items"]):
            assert texts[cell["sources"][row]] == item["source"]
            assert [texts[number] for number in cell["references"][row]] == item["references"]
            for columns, output in zip(cell["outputs"], item["outputs"], strict=True):
                assert texts[columns["output"][row]] == output["output"]
                assert columns["score"][row] == output["score"]
                tokens = columns["outputByToken"][row]
                assert [texts[number] for number in tokens[::2]] == [
                    text for text, _ in output["outputByToken"]
                ]
                assert tokens[1::2] == pytest.approx(
                    [-100 * p for _, p in output["outputByToken"]], abs=0.5
                )


def test_predictions_without_tokens_are_shown_without(tmp_path):
    (path, *_) = make_runs(tmp_path, items=1)
    row = json.loads(path.read_text())
    del row["output_by_token"], row["warmup_by_token"]
    path.write_text(json.dumps(row))
    (cell,) = pack(collect([path]))["cells"]
    assert cell["outputs"][0]["outputByToken"] == [None]


def test_the_first_warmups_stand_beside_what_was_measured_of_them(folder, tmp_path):
    html = build(folder)
    section = html[html.index('<section id="warmups">') : html.index('<section id="figures">')]
    for name in ("form", "content", "classes"):
        assert f'id="warmups-greedy-{name}"' in section
    cells = examples.collect(make_runs(tmp_path, items=5), make_scores(seeds=1), ORDER)
    table = examples_table(cells)
    assert len(table.rows) == 8 * 3  # of the method with warmups alone
    assert [cell.text for cell in table.rows[0][2:6]] == [
        "llama_tiny", "warmup", "swap 2 and 4; swap 4 and 1", "2 4 1",
    ]  # fmt: skip
    cells[0]["items"][0]["outputs"][-1]["warmup"] = " "
    cells[0]["items"][0]["source"] = "x" * 500
    first = examples_table(cells).rows[0]
    assert (first[4].text, first[5].text) == ("x" * 160 + " […]", "ε")
    assert examples_table([]) is None


def test_every_cell_shows_the_first_decoding(tmp_path):
    paths = make_runs(tmp_path, items=1)
    for path in list(paths):
        paths.append(path.with_name("test.beam.predictions.jsonl"))
        paths[-1].write_text(path.read_text())
    cells = examples.collect(paths, make_scores(seeds=1), ORDER)
    assert {cell["decoding"] for cell in cells} == {"greedy"}


def test_an_item_that_a_method_lacks_is_left_empty(tmp_path):
    paths = make_runs(tmp_path, items=3)
    short = next(path for path in paths if path.parts[-3] == "warmup")
    short.write_text("".join(short.open().readlines()[:1]))
    cell = next(
        cell
        for cell in examples.collect(paths, make_scores(seeds=1), ORDER)
        if cell["items"][2]["outputs"][-1] is None
    )
    assert cell["items"][0]["outputs"][-1] is not None


def test_long_texts_are_cut(tmp_path):
    (path, *_) = make_runs(tmp_path, items=1)
    row = json.loads(path.read_text())
    path.write_text(json.dumps(row | {"source": "x" * 2000}))
    (cell,) = examples.collect([path], make_scores(seeds=1), ORDER)
    assert cell["items"][0]["source"] == "x" * 1500 + " […] (500 more characters)"


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("d/en/m/sft/seed1/predictions.jsonl", "", "must be named"),
        ("d/en/m/sft/one/test.greedy.predictions.jsonl", "", "must be named"),
        ("d/en/m/sft/seed1/test.greedy.predictions.jsonl", "", "no row of this data set"),
        (
            "shell_game/en/t5_tiny/sft/seed1/test.greedy.predictions.jsonl",
            '{"id": "1"}',
            ":1: missing key 'source'",
        ),
        (
            "shell_game/en/t5_tiny/sft/seed1/test.greedy.predictions.jsonl",
            "what",
            ":1: not JSON",
        ),
    ],
)
def test_wrong_predictions_are_named(tmp_path, name, line, words):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(line)
    with pytest.raises(InputError, match=re.escape(words)) as error:
        examples.collect([path], make_scores(seeds=1), ORDER)
    assert str(path) in str(error.value)


def test_wrong_provenance_is_named(tmp_path):
    path = tmp_path / "provenance.json"
    path.write_text('{"git": {}}')
    with pytest.raises(InputError, match=r"provenance\.json: missing key 'python'"):
        origin.read([path])


def test_a_missing_figure_says_how_to_make_it(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "figures" / "lookahead.svg").unlink()
    with pytest.raises(InputError, match=r"lookahead\.svg: missing; .* warmup\.figures"):
        build(tmp_path / "copy")


def test_findings_follow_the_scores():
    scores = make_scores(seeds=3)
    good = {f.heading: f.sentences for f in findings.findings(scores, ORDER)}
    assert good["Multiple choice (accuracy)"][0] == (
        "Against SFT, warmup is better in 2 of 2 settings of data and model (+61.1 points)."
    )
    # the same scores with the names of two methods swapped must say the opposite
    swapped = scores.replace({"method": {"sft": "warmup", "warmup": "sft"}})
    bad = {f.heading: f.sentences for f in findings.findings(swapped, ORDER)}
    assert bad["Multiple choice (accuracy)"][0] == (
        "Against SFT, warmup is worse in 2 of 2 settings of data and model (−61.1 points)."
    )
    equal = scores.copy()
    equal["value"] = 50 + equal["seed"] * (equal["method"] == "warmup") * (equal["seed"] - 2)
    even = {f.heading: f.sentences for f in findings.findings(equal, ORDER)}
    assert "not told apart in 2 of 2" in even["Multiple choice (accuracy)"][0]


def test_findings_name_no_average_over_pairs_as_a_setting():
    (translation,) = [
        f for f in findings.findings(make_scores(seeds=3), ORDER) if f.heading.startswith("Trans")
    ]
    assert "4 of 4 settings" in translation.sentences[0]
    assert [row[0].text for row in translation.table.rows][-1] == "invented mean of 2"


def test_without_warmup_there_are_no_findings(folder):
    scores = make_scores(seeds=3)
    scores = scores[scores["method"] != "warmup"]
    assert findings.findings(scores, ORDER) == []
    assert findings.cost(scores) == []
    assert "No method named warmup" in build(folder, scores)


def test_cost_of_an_update():
    (sentence,) = findings.cost(make_scores(seeds=2))
    assert "5.0 times [5.0 to 5.0] the floating-point operations" in sentence
    assert "over 8 settings" in sentence


def test_dynamics_are_of_the_last_update():
    (table,) = findings.dynamics(make_curves(seeds=2), ORDER)
    assert len(table.rows) == 8
    assert {row[2].text for row in table.rows} == {"warmup"}
    assert table.rows[0][3].value == pytest.approx(6.9, abs=0.15)
    assert findings.dynamics(make_curves(seeds=1).head(0), ORDER) == []


def test_command_reads_inputs_from_a_list(folder, tmp_path, monkeypatch):
    make_scores(seeds=3).to_csv(tmp_path / "scores.tsv", sep="\t", index=False)
    make_curves(seeds=1).to_csv(tmp_path / "curves.tsv", sep="\t", index=False)
    found = [*folder.glob("runs/**/*.jsonl"), *folder.glob("runs/**/provenance.json")]
    (tmp_path / "inputs").write_text("".join(f"{path}\n" for path in found))
    arguments = [
        "--scores", tmp_path / "scores.tsv", "--curves", tmp_path / "curves.tsv",
        "--figures-dir", folder / "figures", "--tables-dir", folder / "tables",
        "--inputs-from", tmp_path / "inputs", "--output", tmp_path / "report.html",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["report", *map(str, arguments)])
    main()
    assert len(data_of((tmp_path / "report.html").read_text())["cells"]) == 8
    (tmp_path / "inputs").write_text("what.txt\n")
    with pytest.raises(InputError, match=r"'what\.txt' ends neither in"):
        main()


def test_it_runs_without_torch():
    code = "import sys, warmup.report.page, warmup.report.examples; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_assets_are_package_data():
    names = {path.name for path in Path(findings.__file__).parent.iterdir()}
    assert {"page.html", *_STYLES, *_SCRIPTS} <= names
