"""The whole grid of the paper with tiny data and models: every rule runs, every cell is filled."""

import csv

import pytest
import yaml
from safetensors.torch import load_file

from helpers import rehearsal
from warmup.common.files import read_json

pytestmark = pytest.mark.slow

METHODS = {"sft", "sft_continued", "sft_compute", "warmup"}
DIRECTIONS = {pair for lang in ("de", "fr", "ru", "zh") for pair in (f"en-{lang}", f"{lang}-en")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a rehearsal with one seed."""
    folder = tmp_path_factory.mktemp("rehearsal") / "all"
    rehearsal.rehearse(folder, seeds=1, cores=2)
    return folder


def table(path, delimiter="\t"):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def test_the_configuration_is_that_of_the_paper_but_for_hashes_sizes_and_budgets(folder):
    paper = yaml.safe_load(rehearsal.PAPER.read_text())
    own = yaml.safe_load((folder / "config.yaml").read_text())
    assert own.keys() == paper.keys()
    for key in ("experiment", "labels"):
        assert own[key] == paper[key]
    for key in ("models", "datasets", "methods", "decodings", "neural_metrics"):
        assert own[key].keys() == paper[key].keys()
    for name, model in paper["models"].items():
        assert {**own["models"][name], "pickled_sha256": 0} == {**model, "pickled_sha256": 0}
    grid = ("datasets", "models", "methods")
    assert [[one[key] for key in grid] for one in own["runs"]] == [
        [one[key] for key in grid] for one in paper["runs"]
    ]


def test_every_file_is_there_and_every_cell_is_filled(folder):
    assert list(rehearsal.gaps(folder)) == []
    results = folder / "results/paper"
    assert len(list((results / "figures").glob("*.svg"))) > 5
    assert (results / "report.html").stat().st_size > 100_000
    assert len(list((folder / "downloads/models").iterdir())) == 3


def test_every_run_has_its_scores(folder):
    scores = table(folder / "results/paper/scores.tsv")
    whole = [row for row in scores if row["subset"] == "all" and row["split"] != "train"]
    keys = ("dataset", "pair", "model", "method", "decoding")
    found = {tuple(row[key] for key in keys) for row in whole}
    expected = {
        (f"wmt_{(set(pair.split('-')) - {'en'}).pop()}", pair, "mt5_base") for pair in DIRECTIONS
    }
    expected |= {
        ("xsum", "en", "t5_base"),
        ("logiqa2", "en", "t5_base"),
        ("logiqa2", "en", "llama_1b"),
    }
    assert found == {
        (*data, method, decoding)
        for data in expected
        for method in METHODS
        for decoding in ("greedy", "beam4")
    }
    neural = {"comet", "bertscore"}
    assert {row["metric"] for row in whole} >= neural
    empty = {row["metric"] for row in whole if not row["value"]}
    assert empty == (set() if rehearsal.METRICS_PYTHON.exists() else neural)


@pytest.mark.parametrize("task", ["translation", "summarization", "multiple_choice"])
def test_what_the_paper_reports_is_next_to_what_was_measured(folder, task):
    rows = table(folder / f"results/paper/tables/{task}.csv", ",")
    gains = [row for row in rows if row["quantity"] == "gain_over_sft"]
    assert any(row["reported"] for row in gains)
    assert {row["method"] for row in gains if row["measured"]} == METHODS - {"sft"}


def test_each_language_has_as_many_pairs_and_rows_without_a_side_are_left_out(folder):
    for lang in ("de", "fr", "ru", "zh"):
        for pair in (f"en-{lang}", f"{lang}-en"):
            summary = read_json(folder / f"results/paper/data/wmt_{lang}/{pair}/summary.json")
            assert summary["splits"]["train"]["records"] == rehearsal.SIZES["train"] - 8


def test_the_output_layer_of_mt5_is_its_own_after_all(folder):
    runs = folder / "results/paper/runs/wmt_de/en-de/mt5_base"
    for method in METHODS:
        weights = load_file(runs / method / "seed1/model/model.safetensors")
        assert not weights["lm_head.weight"].equal(weights["shared.weight"])


def test_a_second_start_has_nothing_to_do(folder):
    said = rehearsal.start(folder, "--cores", "2", "--dry-run", programs=folder / "bin")
    assert "Nothing to be done" in said
