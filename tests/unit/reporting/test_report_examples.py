"""Examples in the report: which ones, what is shown of them, and how they are packed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.report_page import build, data_of
from helpers.synthetic_results import make_results, make_runs, make_scores
from warmup.common.errors import InputError
from warmup.reporting.report import examples
from warmup.reporting.report.example_data import pack
from warmup.reporting.report.warmup_examples import examples_table


def collect(paths, seeds=1):
    return examples.collect(paths, make_results(make_scores(seeds=seeds)))


def test_examples_show_what_each_method_wrote(report_inputs):
    cells = collect(report_inputs.glob("runs/**/*.predictions.jsonl"))
    assert len(cells) == 8
    cell = next(c for c in cells if (c["data"], c["model"]) == ("Shell game (English)", "T5 tiny"))
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


def test_packed_examples_hold_each_text_once(report_inputs):
    cells = collect(report_inputs.glob("runs/**/*.predictions.jsonl"))
    packed = pack(cells)
    texts = packed["texts"]
    assert len(texts) == len(set(texts))
    assert packed == data_of(build(report_inputs))
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


def test_the_first_warmups_are_shown_with_their_quantities(report_inputs, tmp_path):
    html = build(report_inputs)
    section = html[html.index('<section id="warmups">') : html.index('<section id="figures">')]
    for name in ("form", "content", "word-classes"):
        assert f'id="greedy-warmup-{name}"' in section
    cells = collect(make_runs(tmp_path, items=5))
    table = examples_table(cells)
    assert len(table.rows) == 8 * 3  # of the method with warmups alone
    assert [cell.text for cell in table.rows[0][2:6]] == [
        "Llama tiny", "warmup", "swap 2 and 4; swap 4 and 1", "2 4 1",
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
    cells = collect(paths)
    assert {cell["decoding"] for cell in cells} == {"greedy"}


def test_an_item_that_a_method_lacks_is_left_empty(tmp_path):
    paths = make_runs(tmp_path, items=3)
    short = next(path for path in paths if path.parts[-3] == "warmup")
    short.write_text("".join(short.open().readlines()[:1]))
    cell = next(cell for cell in collect(paths) if cell["items"][2]["outputs"][-1] is None)
    assert cell["items"][0]["outputs"][-1] is not None


def test_long_texts_are_cut(tmp_path):
    (path, *_) = make_runs(tmp_path, items=1)
    row = json.loads(path.read_text())
    path.write_text(json.dumps(row | {"source": "x" * 2000}))
    (cell,) = collect([path])
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
        collect([path])
    assert str(path) in str(error.value)
