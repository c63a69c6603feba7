"""The whole pipeline, as people run it: `snakemake` on a tiny experiment in an empty folder."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import tiny

ROOT = Path(__file__).parents[2]
METHODS = ["sft", "sft_continued", "sft_compute", "warmup"]


def synthetic(generator, task, pair, **settings):
    source = {"type": "synthetic", "generator": generator, "settings": settings}
    return {
        "task": task,
        "pairs": [pair],
        "max_source_tokens": 40,
        "max_target_tokens": 8,
        "validation_limit": 20,
        "splits": {
            split: {**source, "size": size, "seed": seed}
            for split, size, seed in (("train", 200, 1), ("valid", 30, 2), ("test", 30, 3))
        },
    }


EXPERIMENT = tiny.experiment(
    datasets={
        "shell_game": synthetic("shell_game", "multiple_choice", "en", swaps=[2, 4]),
        "agreement": synthetic("agreement", "translation", "qaa-qab"),
        "tally": synthetic("tally", "summarization", "en"),
    },
    neural_metrics={"comet": {"tasks": ["translation"], "local": "out/of/reach"}},
    runs=[
        {"datasets": ["shell_game"], "models": ["t5"], "methods": METHODS},
        {"datasets": ["shell_game"], "models": ["llama"], "methods": ["sft", "warmup"]},
        {"datasets": ["agreement", "tally"], "models": ["t5"], "methods": ["sft"]},
    ],
)
RUNS = [
    *(f"shell_game/en/t5/{method}/seed1" for method in METHODS),
    *(f"shell_game/en/llama/{method}/seed1" for method in ("sft", "warmup")),
    "agreement/qaa-qab/t5/sft/seed1",
    "tally/en/t5/sft/seed1",
]


def command(folder, config, *arguments):
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
        "--directory", str(folder), "--configfile", str(folder / "config.yaml"),
        "--cores", "2", *arguments,
    ]  # fmt: skip


def environment():
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}


def snakemake(folder, config=EXPERIMENT, *arguments):
    """Run Snakemake in a folder; return its exit status and all that it prints."""
    done = subprocess.run(
        command(folder, config, *arguments),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def planned(output):
    """Return the number of jobs by rule, from a dry run."""
    table = output.split("Job stats:")[1].split("total")[0] if "Job stats:" in output else ""
    rows = [line.split() for line in table.splitlines()[3:]]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


def times(folder):
    """Return when each result was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished experiment; tests leave its results as they are."""
    folder = tmp_path_factory.mktemp("experiment")
    status, output = snakemake(folder)
    assert status == 0, output
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished experiment to change things in."""
    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


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
    metrics = {(row["task"], row["metric"]) for row in table if row["split"] == "test"}
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
    from warmup import plugins

    assert {path.name for path in (results / "figures").iterdir()} == {
        f"{name}.{kind}"
        for name in plugins.names("figures")
        for kind in ("svg", "pdf", "png", "rst")
    }
    page = (results / "report.html").read_text()
    assert "shell_game" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_second_start_does_nothing(finished):
    before = times(finished / "results")
    status, output = snakemake(finished)
    assert status == 0, output
    assert "Nothing to be done" in output
    assert times(finished / "results") == before


@pytest.mark.parametrize("target", ["tables", "figures", "report"])
def test_what_is_shown_is_made_again_from_scores_alone(copy, target):
    results = copy / "results/tiny"
    path = results / "report.html" if target == "report" else results / target
    before = times(results)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    status, output = snakemake(copy, EXPERIMENT, target)
    assert status == 0, output
    assert path.exists()
    after = times(results)
    assert set(after) == set(before)
    changed = {file for file in after if after[file] != before[file]}
    assert all(file == path or path in file.parents for file in changed)


def test_another_setting_of_a_method_concerns_it_and_what_depends_on_it(finished):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["methods"]["sft_continued"]["learning_rate"] = 0.02  # nothing starts from it
    status, output = snakemake(finished, config, "--dry-run")
    assert status == 0, output
    jobs = planned(output)
    assert {rule: jobs[rule] for rule in ("train", "generate", "score", "aggregate")} == {
        "train": 1, "generate": 1, "score": 1, "aggregate": 1,
    }  # fmt: skip
    assert "prepare" not in jobs
    assert "tokenizer" not in jobs

    config = tiny.copy.deepcopy(EXPERIMENT)
    config["methods"]["warmup"]["learning_rate"] = 0.02
    jobs = planned(snakemake(finished, config, "--dry-run")[1])
    # of t5 the controls too, whose budgets are warmup's; of llama warmup alone
    assert jobs["train"] == 4


def test_another_model_leaves_finished_runs_alone(finished):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["runs"].append({"datasets": ["tally"], "models": ["llama"], "methods": ["sft"]})
    jobs = planned(snakemake(finished, config, "--dry-run")[1])
    assert (jobs["train"], jobs["tokenizer"], jobs["generate"]) == (1, 1, 1)


def test_only_on_a_cluster_a_lock_that_was_left_ends_the_next_start(copy):
    locks = copy / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("results/tiny/scores.tsv\n")
    (copy / "results/tiny/scores.tsv").unlink()
    slurm = ("--workflow-profile", str(ROOT / "profiles/slurm"))
    status, output = snakemake(copy, EXPERIMENT, *slurm)
    assert status != 0
    assert "LockException" in output
    status, output = snakemake(copy, EXPERIMENT, "results/tiny/scores.tsv")
    assert status == 0, output
    assert snakemake(copy, EXPERIMENT, *slurm, "--unlock")[0] == 0
    assert not locks.exists()


def test_snakemakes_own_report_has_the_captions_of_the_figures(finished, tmp_path):
    from warmup import figures

    status, output = snakemake(finished, EXPERIMENT, "--report", str(tmp_path / "report.html"))
    assert status == 0, output
    page = (tmp_path / "report.html").read_text()
    for name in figures.names():
        assert figures.load(name).CAPTION[:40] in page


def test_a_killed_experiment_is_completed_without_doing_finished_work_again(tmp_path):
    config = tiny.copy.deepcopy(EXPERIMENT)
    config["runs"] = [{"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]}]
    # some seconds between the first checkpoint and the end
    config["methods"]["sft"] |= {"budget": {"updates": 300}, "validate_every": 20, "log_every": 20}
    target = "results/tiny/runs/shell_game/en/t5/sft/seed1/test.greedy.predictions.jsonl"
    run = subprocess.Popen(
        command(tmp_path, config, target), env=environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    work = tmp_path / "work/tiny/shell_game/en/t5/sft/seed1"
    deadline = time.monotonic() + 300
    while not list(work.glob("checkpoint-*/complete")):
        assert time.monotonic() < deadline, "no checkpoint"
        assert run.poll() is None, "ended before it was killed"
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (tmp_path / target).exists()
    assert not (tmp_path / target).with_name("training.json").exists()
    before = times(tmp_path / "results")
    assert before
    log = tmp_path / "logs/tiny/train/shell_game/en/t5/sft/seed1.log"
    said = log.read_text()
    assert "update 20/300" in said

    status, output = snakemake(tmp_path, config, target)
    assert status == 0, output
    assert "resuming from checkpoint-" in output
    assert "update 300/300" in output
    assert "error:" not in output  # there are no scores to show
    assert log.read_text().startswith(said)
    more = log.read_text().removeprefix(said)
    assert re.match(r"started again .*\n.* resuming from checkpoint-", more)
    assert "update 300/300" in more
    assert not (work / "train.log").exists()
    after = times(tmp_path / "results")
    assert {path: after[path] for path in before} == before

    # the same model as without an interruption
    from warmup import config as configuration
    from warmup import train
    from warmup.files import read_json, sha256

    resolved = configuration.resolve(configuration.check(config), "shell_game/en/t5/sft/seed1")
    data = tmp_path / "results/tiny/data/shell_game/en"
    inputs = {
        "start": tmp_path / "results/tiny/tokenizers/shell_game/en/t5",
        "train": data / "train.jsonl",
        "valid": data / "valid.jsonl",
    }
    model, training = train.train(resolved, inputs, 300, tmp_path / "again", fresh=False)
    model.network.save_pretrained(tmp_path / "whole")
    folder = (tmp_path / target).parent
    assert sha256(folder / "model/model.safetensors") == sha256(
        tmp_path / "whole/model.safetensors"
    )
    found = read_json(folder / "training.json")
    for document in (found, training):
        del document["cost"]["seconds"]
    assert found == training
