"""Two tables of all scores and curves: complete, ordered, exact, and checked when read."""

import csv
import json
import math
import shutil

import pytest

from helpers import experiment_files
from warmup.__main__ import main
from warmup.common import errors
from warmup.common.files import write_json
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation.result_tables import CURVES, SCORES

MODEL = {
    "experiment": "test", "task": "translation", "dataset": "invented", "pair": "qaa-qab",
    "model": "t5_tiny", "method": "warmup", "seed": 2,
}  # fmt: skip
SCORE = {
    "metric": "bleu", "subset": "all", "value": 31.123456789012345, "low": 30.0, "high": 32.5,
    "n": 500, "signature": "nrefs:1|case:mixed", "hypotheses_sha256": "ab",
    "references_sha256": "cd",
}  # fmt: skip


def scores_json(seed=2, decoding="greedy", **changes):
    other = {**SCORE, "metric": "chrf++", "low": None, "high": None}
    run = {**MODEL, "seed": seed, "split": "test", "decoding": decoding}
    return {"run": run, "scores": [{**SCORE, **changes}, other]}


def training_json(seed=2, **changes):
    return {
        "config": {
            "name": "x",
            "run": {**MODEL, "seed": seed},
            "method": {"objective": "likelihood"},
        },
        "updates": 200,
        "best_update": 100,
        "stopped": "budget",
        "cost": {"seconds": 12.5, "flops": 3.25e12, "examples": 6400, "target_tokens": 50000},
        "history": [
            {"update": 100, "loss": 2.5, "warmup_length": 3.0},
            {"update": 200, "loss": 1.25, "warmup_length": 4.0},
        ],
        "validation": [
            {"update": 100, "nll": 20.5, "n": 64, "warmups": {"n": 8, "constant": 0.25}},
        ],
    } | changes


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        outputs = ("--scores-tsv", "out/scores.tsv", "--curves-tsv", "out/curves.tsv")
        try:
            main(["collect", *map(str, arguments), *outputs])
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


@pytest.fixture
def inputs(tmp_path):
    """Write the files of two seeds; return the paths of scores and of training."""
    scores, training = [], []
    for seed in (2, 10):
        folder = tmp_path / f"seed{seed}"
        folder.mkdir()
        scores.append(folder / "test.greedy.scores.json")
        scores[-1].write_text(json.dumps(scores_json(seed)))
        training.append(folder / "training.json")
        training[-1].write_text(json.dumps(training_json(seed)))
    return scores, training


def test_every_number_of_the_inputs_is_in_the_tables(call, inputs, tmp_path):
    scores, training = inputs
    assert call("--scores", *scores, "--training", *training) == (0, "")
    table = SCORES.read(tmp_path / "out/scores.tsv")
    assert list(table.columns) == list(SCORES.columns)
    assert len(table) == 2 * (2 + 3)
    assert list(table["seed"]) == [2] * 5 + [10] * 5  # numbers sort as numbers
    bleu = table[(table["metric"] == "bleu") & (table["seed"] == 2)].iloc[0]
    assert bleu["value"] == SCORE["value"]  # all digits
    assert (bleu["low"], bleu["high"], bleu["n"]) == (30.0, 32.5, 500)
    assert bleu["signature"] == SCORE["signature"]
    chrf = table[table["metric"] == "chrf++"].iloc[0]
    assert math.isnan(chrf["low"]) and math.isnan(chrf["high"])
    costs = table[(table["split"] == "train") & (table["seed"] == 10)].set_index("metric")
    assert dict(costs["value"]) == {
        "train_seconds": 12.5,
        "train_flops": 3.25e12,
        "train_updates": 200,
    }
    assert set(costs["n"]) == {200} and set(costs["decoding"]) == {"-"}
    assert set(costs["signature"]) == {""}
    curves = CURVES.read(tmp_path / "out/curves.tsv")
    assert list(curves.columns) == list(CURVES.columns)
    assert len(curves) == 2 * (2 * 2 + 2)
    first = curves[curves["seed"] == 2]
    points = {
        (u, q): v
        for u, q, v in zip(first["update"], first["quantity"], first["value"], strict=True)
    }
    assert points == {
        (100, "loss"): 2.5,
        (200, "loss"): 1.25,
        (100, "warmup_length"): 3.0,
        (200, "warmup_length"): 4.0,
        (100, "nll"): 20.5,
        (100, "validation_constant"): 0.25,
    }


def test_the_order_of_the_inputs_does_not_matter(call, inputs, tmp_path):
    scores, training = inputs
    written = []
    for turn in (1, -1):
        call("--scores", *scores[::turn], "--training", *training[::turn])
        written.append(
            [(tmp_path / "out" / name).read_bytes() for name in ("scores.tsv", "curves.tsv")]
        )
    assert written[0] == written[1]


def test_an_experiment_names_its_files(call, inputs, tmp_path):
    scores, training = inputs
    call("--scores", *scores, "--training", *training)
    expected = (tmp_path / "out/scores.tsv").read_bytes()
    runs = {f"d/p/m/sft/{path.parent.name}": ["test.greedy"] for path in scores}
    for run, path in zip(runs, scores, strict=True):
        shutil.copytree(path.parent, tmp_path / "e" / "runs" / run)
    write_json(tmp_path / "e/data/d/p/summary.json", {"task": "t", "pair": "p", "splits": {}})
    experiment = experiment_files.write(
        tmp_path / "e/experiment.json", Methods(("sft",)), Decodings(("greedy",)), {"d": "t"}, runs
    )
    assert call("--experiment", experiment) == (0, "")
    assert (tmp_path / "out/scores.tsv").read_bytes() == expected


def without(document, key):
    return {name: value for name, value in document.items() if name != key}


@pytest.mark.parametrize(
    ("name", "document", "message"),
    [
        ("scores.json", [], "expected an object, not list"),
        ("scores.json", without(scores_json(), "run"), "scores.json: missing key 'run'"),
        (
            "scores.json",
            scores_json(extra=1),
            "scores[0]: unknown key 'extra'; valid keys: subset,",
        ),
        ("scores.json", scores_json(value=None), "scores[0]: missing key 'value'"),
        ("scores.json", scores_json(value="3"), "value must be float, not str '3'"),
        ("scores.json", scores_json(n=2.5), "n must be int, not float 2.5"),
        ("scores.json", scores_json(seed="1"), "run: seed must be int, not str '1'"),
        ("training.json", {}, "training.json: missing key 'config'"),
        ("training.json", training_json(config={}), "config.run: expected an object"),
        ("training.json", training_json(cost={}), "train_seconds: missing key 'value'"),
        ("training.json", training_json(history=[1]), "history must be a list of objects"),
        ("training.json", training_json(history=[{"loss": 1.0}]), "loss: missing key 'update'"),
        (
            "training.json",
            training_json(validation=[{"update": 1}]),
            "nll: missing key 'value'",
        ),
        (
            "training.json",
            training_json(validation=[{"update": 1, "nll": 2.0, "warmups": [1]}]),
            "validation: warmups must be an object",
        ),
        (
            "training.json",
            training_json(validation=[{"update": 1, "nll": 2.0, "warmups": {"constant": "1"}}]),
            "validation_constant: value must be float, not str '1'",
        ),
    ],
)
def test_a_wrong_input_is_named_in_one_line(call, tmp_path, name, document, message):
    (tmp_path / name).write_text(json.dumps(document))
    status, err = call(f"--{name.removesuffix('.json')}", tmp_path / name)
    assert status == 2
    assert err.startswith("error: ") and err.count("\n") == 1
    assert message in err and name in err
    assert not (tmp_path / "out").exists()


def test_nothing_to_collect_is_an_error(call):
    status, err = call()
    assert status == 2 and "nothing to collect" in err


def test_the_same_number_twice_is_an_error(call, inputs):
    scores, _ = inputs
    status, err = call("--scores", scores[0], scores[0])
    assert status == 2
    assert "two inputs give the same row: experiment=test" in err and "metric=bleu" in err


def _with_second_column(name):
    """Return a change of a table: a column is there twice."""

    def change(text):
        rows = [line.split("\t") for line in text.splitlines()]
        return "".join("\t".join([*row, row[rows[0].index(name)]]) + "\n" for row in rows)

    return change


def _with_cell(name, cell):
    """Return a change of a table: another cell in the first row."""

    def change(text):
        header, first, *others = text.splitlines(keepends=True)
        row = first.split("\t")
        row[header.split("\t").index(name)] = cell
        return "".join([header, "\t".join(row), *others])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("\tvalue\t", "\tworth\t"), ":1: missing column 'value'"),
        (
            lambda text: text.replace("\tn\t", "\tn\tmore\t"),
            ":1: unknown column 'more'; valid: exp",
        ),
        (lambda text: text.replace("\t500\t", "\tmany\t"), "column 'n'"),
        (lambda text: text.replace("\t31.1", "\tx31.1"), "column 'value'"),
        (lambda text: text + "cut\toff\n", "2 cells under 18 columns"),
        (_with_second_column("value"), ":1: column 'value' is there twice"),
        (lambda text: text + text.splitlines()[1] + "\n", "the same row as line 2"),
        (_with_cell("n", "9" * 20), ":2: column 'n': '99999999999999999999' is not a whole number"),
        (_with_cell("value", "inf"), ":2: column 'value': 'inf' is not a finite number"),
        (_with_cell("value", "nan"), ":2: column 'value': 'nan' is not a finite number"),
        (_with_cell("signature", "x" * 200_000), ":2: field larger than field limit"),
        (_with_cell("signature", '"open'), "unexpected end of data"),
        (lambda _: "", ":1: missing column 'experiment'"),
    ],
)
def test_a_damaged_table_is_refused(call, inputs, tmp_path, change, message):
    call("--scores", *inputs[0])
    path = tmp_path / "out/scores.tsv"
    path.write_text(change(path.read_text()))
    limit = csv.field_size_limit(2**17)  # of Python; sources of data have none
    try:
        with pytest.raises(errors.InputError) as error:
            SCORES.read(path)
    finally:
        csv.field_size_limit(limit)
    assert message in str(error.value) and str(path) in str(error.value)


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(errors.InputError, match=r"none\.tsv: cannot read"):
        CURVES.read(tmp_path / "none.tsv")


def test_a_table_without_rows_keeps_its_types(call, inputs, tmp_path):
    call("--scores", *inputs[0])  # no training: no curves
    curves = CURVES.read(tmp_path / "out/curves.tsv")
    assert len(curves) == 0
    assert curves["value"].dtype == float and curves["seed"].dtype == int


def test_words_that_look_like_missing_values_stay_words(call, tmp_path):
    document = scores_json()
    document["run"] |= {"pair": "na", "dataset": "null", "method": "nan"}
    (tmp_path / "scores.json").write_text(json.dumps(document))
    call("--scores", "scores.json")
    row = SCORES.read(tmp_path / "out/scores.tsv").iloc[0]
    assert (row["pair"], row["dataset"], row["method"]) == ("na", "null", "nan")
