"""What the whole pipeline leaves when people have run it on a tiny experiment."""

import csv
import json

import pytest
from pipeline import EXPERIMENT, RUNS, snakemake


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_every_run_leaves_all_its_files(finished):
    for name in RUNS:
        folder = finished / "results/tiny/runs" / name
        for file in (
            "model/model.safetensors", "model/config.json", "model/warmup.json", "training.json",
            "provenance.json", "test.greedy.predictions.jsonl", "test.greedy.scores.json",
            "test.greedy.statistics.json",
        ):  # fmt: skip
            assert (folder / file).stat().st_size, f"{name}/{file}"
        predictions = (folder / "test.greedy.predictions.jsonl").read_text().splitlines()
        assert len(predictions) == 30
        assert {"id", "source", "references", "warmup", "output", "meta"} <= set(
            json.loads(predictions[0])
        )
    assert not list((finished / "work").rglob("checkpoint-*"))


def test_scores_are_one_long_table(finished):
    table = rows(finished / "results/tiny/scores.tsv")
    assert " ".join(table[0]) == (
        "experiment task dataset pair model method seed split decoding subset metric value low "
        "high n signature hypotheses_sha256 references_sha256"
    )
    found = {"/".join(row[k] for k in ("dataset", "pair", "model", "method")) for row in table}
    assert found == {name.removesuffix("/seed1") for name in RUNS}
    scores = [row for row in table if row["split"] == "test" and row["subset"] != "texts"]
    metrics = {(row["task"], row["metric"]) for row in scores}
    assert metrics == {
        ("multiple_choice", "accuracy"), ("multiple_choice", "macro_f1"),
        ("translation", "bleu"), ("translation", "chrf"), ("translation", "chrf++"),
        ("translation", "comet"),
        ("summarization", "rouge1"), ("summarization", "rouge2"), ("summarization", "rougeL"),
    }  # fmt: skip
    accuracy = [r for r in table if r["metric"] == "accuracy" and r["subset"] == "all"]
    assert all(0 <= float(row["value"]) <= 100 and row["n"] == "30" for row in accuracy)
    assert {r["subset"] for r in table if r["metric"] == "accuracy"} == {
        "all", "lookahead=2", "lookahead=3", "lookahead=4",
    }  # fmt: skip


def test_targets_that_are_cut_are_said_in_all_places(finished):
    said = "targets are longer than max_target_tokens (8) and cut"
    assert said in (finished / "logs/tiny/train/agreement/qaa-qab/t5/sft/seed1.log").read_text()
    folder = finished / "results/tiny/runs/agreement/qaa-qab/t5/sft/seed1"
    cut = json.loads((folder / "training.json").read_text())["texts"]["train"]["targets"]["cut"]
    assert cut > 0
    note = f"Texts, agreement qaa-qab, t5, train: {cut} of 200 targets cut"
    assert note in (finished / "results/tiny/tables/translation.md").read_text()
    assert note in (finished / "results/tiny/report.html").read_text()


def test_a_metric_whose_model_is_out_of_reach_is_said_and_all_else_is_there(finished):
    table = rows(finished / "results/tiny/scores.tsv")
    (owed,) = [row for row in table if not row["value"]]
    assert (owed["dataset"], owed["metric"], owed["n"]) == ("agreement", "comet", "30")
    reason = "out/of/reach: no such folder (neural_metrics.comet.local)"
    assert owed["signature"].startswith(f"not computed: {reason}")
    shown = (finished / "results/tiny/tables/translation.md").read_text()
    assert "| not computed |" in shown
    assert f"COMET not computed: {reason}" in shown
    page = (finished / "results/tiny/report.html").read_text()
    assert f"COMET not computed: {reason}" in page
    assert "comet" not in (finished / "results/tiny/comparisons.tsv").read_text()


def test_every_method_is_compared_with_sft_and_warmup_with_every_method(finished):
    table = rows(finished / "results/tiny/comparisons.tsv")
    found = {
        (row["method"], row["baseline"])
        for row in table
        if (row["dataset"], row["model"], row["metric"]) == ("shell_game", "t5", "accuracy")
        and row["decoding"] == "greedy"
    }
    methods = {
        row["method"]
        for row in rows(finished / "results/tiny/scores.tsv")
        if (row["dataset"], row["model"]) == ("shell_game", "t5")
    }
    others = methods - {"sft", "warmup"}
    assert found == {(name, "sft") for name in methods - {"sft"}} | {
        ("warmup", name) for name in others
    }
    assert all(0 < float(row["p"]) <= float(row["p_holm"]) <= 1 for row in table)
    assert {row["scope"] for row in table} == {"items"}


def test_controls_get_the_updates_and_the_operations_of_warmup(finished):
    table = rows(finished / "results/tiny/scores.tsv")
    cost = {
        (row["method"], row["metric"]): float(row["value"])
        for row in table
        if row["split"] == "train" and row["model"] == "t5" and row["dataset"] == "shell_game"
    }
    assert cost["sft_continued", "train_updates"] == cost["warmup", "train_updates"] == 8
    assert cost["sft_compute", "train_updates"] > 12
    assert cost["sft_compute", "train_flops"] == pytest.approx(
        cost["warmup", "train_flops"], rel=0.15
    )


def test_curves_tables_figures_and_report_are_there(finished):
    results = finished / "results/tiny"
    quantities = {row["quantity"] for row in rows(results / "curves.tsv")}
    assert {"loss", "nll", "reward", "warmup_length", "effective_sample_size"} <= quantities
    assert {path.name for path in (results / "tables").iterdir()} == {
        f"{task}.{kind}"
        for task in ("multiple_choice", "translation", "summarization", "warmups")
        for kind in ("md", "tex", "csv")
    }
    from warmup.common import plugins

    assert {path.name for path in (results / "figures").iterdir()} == {
        f"{name}.{kind}"
        for name in plugins.names("figure")
        for kind in ("svg", "pdf", "png", "rst")
    }
    page = (results / "report.html").read_text()
    assert "shell_game" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_snakemakes_own_report_has_the_captions_of_the_figures(finished, tmp_path):
    from warmup.reporting import figures

    status, output = snakemake(finished, EXPERIMENT, "--report", str(tmp_path / "report.html"))
    assert status == 0, output
    page = (tmp_path / "report.html").read_text()
    for name in figures.names():
        assert figures.load(name).CAPTION[:40] in page
