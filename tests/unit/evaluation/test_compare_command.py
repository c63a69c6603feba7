"""From outputs to comparisons.tsv by the commands: the files of statistics, and the table."""

import csv
import json
import math
import random
import re
from pathlib import Path

import pytest

from helpers import experiment_files
from helpers.evaluations import RUN
from helpers.prediction_lines import prediction_line
from warmup.__main__ import main
from warmup.common import files as files_of
from warmup.common.errors import InputError
from warmup.config.decodings import Decodings
from warmup.config.methods import Methods
from warmup.evaluation import item_statistics, metrics, score
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.result_tables import COMPARISONS


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Score predictions of two methods as the pipeline does; return the files of statistics."""
    monkeypatch.chdir(tmp_path)
    shuffler, paths = random.Random(0), []
    references = [" ".join(shuffler.choices(["ka", "lo", "mi", "su"], k=9)) for _ in range(40)]
    for method, share in (("sft", 0.7), ("warmup", 0.9)):
        rows = [
            prediction_line(
                id=str(i),
                references=[text],
                output=" ".join(w if shuffler.random() < share else "xx" for w in text.split()),
            )
            for i, text in enumerate(references)
        ]
        files_of.write_jsonl(Path(f"{method}.jsonl"), rows)
        run = RUN | {"task": "translation", "pair": "qaa-de", "method": method, "target_lang": "de"}
        paths.append(f"{method}.statistics.json")
        call("score", "--predictions", f"{method}.jsonl", "--run", json.dumps(run),
             "--output", f"{method}.scores.json", "--statistics", paths[-1])  # fmt: skip
    return paths


def call(*arguments):
    main(list(map(str, arguments)))


def test_statistics_of_items_add_up_to_the_scores(files, tmp_path):
    for path in files:
        found = item_statistics.read(tmp_path / path)
        scores = json.loads((tmp_path / path.replace("statistics", "scores")).read_text())
        known = {"experiment": found.experiment, "task": found.task, **found.key.as_row()}
        assert known == scores["run"]
        for row in scores["scores"]:
            metric = metrics.load(row["metric"])
            sums = found.statistics[row["metric"]].sum(axis=0)
            assert float(metric.aggregate(sums)) == row["value"]
            assert found.signatures[row["metric"]] == row["signature"]
            assert found.references_sha256 == row["references_sha256"]


def test_command_writes_the_same_table_each_time(files, tmp_path):
    arguments = ["--statistics", *files, "--resamples", 300]
    call("compare", *arguments, "--output", "one.tsv")
    call("compare", *arguments[:2], files[1], *arguments[3:], "--output", "two.tsv")
    call("compare", *arguments, "--output", "other.tsv", "--seed", 1)
    one, two, other = ((tmp_path / f"{n}.tsv").read_bytes() for n in ("one", "two", "other"))
    assert one == two != other
    with Path("one.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["metric"] for row in rows] == ["bleu", "chrf", "chrf++"]
    assert {(row["resamples"], row["resampling_seed"]) for row in rows} == {("300", "0")}
    table = COMPARISONS.read(tmp_path / "one.tsv")
    assert table["p_holm"].dtype == float and table["n"].tolist() == [40] * 3
    outputs = {name: list(files_of.read_jsonl(Path(f"{name}.jsonl"))) for name in ("warmup", "sft")}
    corpora = [
        Corpus([row["output"] for row in rows], [row["references"] for row in rows], "de")
        for rows in outputs.values()
    ]
    ours, theirs = (score.score(corpus, ["bleu"])[0]["value"] for corpus in corpora)
    assert table["difference"][0] == pytest.approx(ours - theirs)


def refused(capsys, *arguments):
    """Return the one line with which the command ends."""
    with pytest.raises(SystemExit) as stop:
        call("compare", *arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("run"), "missing key 'run'"),
        (lambda d: d["run"].pop("seed"), "missing key 'seed'"),
        (lambda d: d["metrics"]["bleu"].pop("signature"), "metric bleu: no signature"),
        (lambda d: d["metrics"]["bleu"].update(statistics=[[1, 2], [3]]), "metric bleu"),
        (
            lambda d: d["metrics"]["bleu"].update(statistics=[]),
            "one row of numbers per item",
        ),
        (
            lambda d: d["metrics"]["bleu"].update(statistics=[[math.nan]]),
            "where a number must be finite",
        ),
        (lambda d: d["metrics"]["chrf"]["statistics"].pop(), "number of items"),
    ],
)
def test_a_broken_file_of_statistics_is_named(files, tmp_path, capsys, change, message):
    document = json.loads((tmp_path / files[0]).read_text())
    change(document)
    (tmp_path / files[0]).write_text(json.dumps(document))
    line = refused(capsys, "--statistics", *files, "--output", "x.tsv")
    assert re.search(rf"sft\.statistics\.json.*{message}", line)


def test_statistics_of_another_experiment_are_refused(files, tmp_path, capsys):
    path = experiment_files.write(
        tmp_path / "experiment.json", Methods(("warmup",)), Decodings((RUN["decoding"],)),
        {RUN["dataset"]: "translation"},
    )  # fmt: skip
    line = refused(capsys, "--statistics", *files, "--output", "x.tsv", "--experiment", path)
    assert "sft.statistics.json: method 'sft' is not one of experiment 'test': warmup" in line


def test_too_few_resamples_are_refused(files, capsys):
    line = refused(capsys, "--statistics", *files, "--output", "x", "--resamples", 10)
    assert "--resamples: must be at least 100, got 10" in line


def test_a_single_method_makes_an_empty_table(files, tmp_path):
    call("compare", "--statistics", files[0], "--output", "x.tsv")
    assert len(COMPARISONS.read(tmp_path / "x.tsv")) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("p_holm", "p_bonferroni"), ":1: missing column 'p_holm'"),
        (lambda text: text.replace("\t40\t", "\tmany\t"), "column 'n'"),
        (lambda text: text + "a\tb\n", ":5: 2 cells"),
    ],
)
def test_a_broken_table_is_named(files, tmp_path, change, message):
    call("compare", "--statistics", *files, "--output", "x.tsv", "--resamples", 100)
    path = tmp_path / "x.tsv"
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=message):
        COMPARISONS.read(path)
