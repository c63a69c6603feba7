"""COMET and BERTScore with their own libraries, on tiny models, alone and in the pipeline."""

import csv
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers import tiny
from helpers.prediction_lines import prediction_line

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "build" / "metrics" / "bin" / "python"
TEXTS = [
    {"src": "a dog runs", "mt": "ein hund rennt", "ref": "ein hund rennt"},
    {"src": "a dog", "mt": "", "ref": "ein hund"},
    {"src": "the cat", "mt": "猫坐在垫子上", "ref": "一只猫坐在垫子上"},
    {"src": "the cat", "mt": "Кошка сидела", "ref": "кошка на коврике"},
    {"src": "dogs " * 300, "mt": "ein hund " * 300, "ref": "hunde"},
    {"src": "the heart", "mt": "दिल", "ref": "किताब पढ़ो"},
]
FOLDERS = {"comet": "comet", "bertscore": "bert"}
TASKS = {"comet": "translation", "bertscore": "summarization"}

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the environment of neural metrics is missing: make metrics-env"
)


def environment():
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the models, and what their libraries say of `TEXTS`."""
    # a name with t5 in it, from which bert-score would conclude that it is a T5
    folder = tmp_path_factory.mktemp("not_t5")
    (folder / "texts.json").write_text(json.dumps(TEXTS))
    subprocess.run(
        [PYTHON, ROOT / "tests" / "helpers" / "neural_models.py", folder],
        env=environment(), check=True, capture_output=True,
    )  # fmt: skip
    return folder


def compute(models, folder, name, rows, python=PYTHON):
    """Run both commands as the rules do; return what is in the file of segment scores."""
    entry = {
        "local": str(models / FOLDERS[name]),
        "layer": 1,
        "batch_size": 4,
        "tasks": ["translation"],
    }
    predictions = folder / "predictions.jsonl"
    predictions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["--metric", name, "--entry", json.dumps(entry)]
    described, output = folder / f"{name}.json", folder / f"{name}.segments.json"
    for command in (
        [sys.executable, "-m", "warmup", "fetch", "metric", *options,
         "--folder", folder / "no", "--output", described],
        [python, "-m", "warmup", "score-neural", *options, "--model", described,
         "--predictions", predictions, "--target-lang", "de", "--output", output],
    ):  # fmt: skip
        done = subprocess.run(
            command, env=environment(), cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


def prediction(text, *more):
    references = [text["ref"], *more]
    return prediction_line(source=text["src"], output=text["mt"], references=references)


def test_comet_is_what_its_library_says(models, tmp_path):
    expected = json.loads((models / "expected.json").read_text())["comet"]
    found = compute(models, tmp_path, "comet", map(prediction, TEXTS))
    assert found["scores"] == pytest.approx([100 * score for score in expected], abs=1e-3)
    assert len({round(score, 6) for score in found["scores"]}) == len(TEXTS)
    assert "|refs:mean|scale:100|lang:de|unbabel-comet:2.2.7|" in found["signature"]
    assert len(found["provenance"]["model"]["sha256"]) == 64


def test_comet_of_several_references_is_their_mean(models, tmp_path):
    chosen = [("eine",), ("zwei",), ("eine", "zwei")]
    rows = [prediction({**TEXTS[2], "ref": first}, *more) for first, *more in chosen]
    one, two, both = compute(models, tmp_path, "comet", rows)["scores"]
    assert one != pytest.approx(two, abs=1e-3)
    assert both == pytest.approx((one + two) / 2, abs=1e-3)


def test_bertscore_is_what_its_library_says(models, tmp_path):
    expected = json.loads((models / "expected.json").read_text())["bertscore"]
    found = compute(models, tmp_path, "bertscore", map(prediction, TEXTS))
    scores = dict(zip((text["mt"] for text in TEXTS), found["scores"], strict=True))
    assert {text: scores[text] for text in expected} == pytest.approx(
        {text: 100 * score for text, score in expected.items()}, abs=1e-3
    )
    assert scores["ein hund rennt"] == pytest.approx(100, abs=1e-3)
    assert scores[""] == 0
    assert 0 < scores["ein hund " * 300] < 100  # cut where the network ends
    assert "|f1|layer:1|idf:no|rescale:no|refs:best|" in found["signature"]


@pytest.mark.skipif(importlib.util.find_spec("comet") is not None, reason="comet is installed here")
@pytest.mark.parametrize("name", FOLDERS)
def test_another_python_says_what_it_lacks(models, tmp_path, name):
    found = compute(models, tmp_path, name, map(prediction, TEXTS), python=sys.executable)
    assert found["metric"] == name
    assert "make metrics-env" in found["not_computed"]


def test_weights_that_are_missing_or_hold_code_are_refused(models, tmp_path):
    shutil.copytree(models / "comet", tmp_path / "comet")
    checkpoint = tmp_path / "comet" / "checkpoints" / "model.ckpt"
    change = (
        "import sys, torch; path, kind = sys.argv[1:]; c = torch.load(path, weights_only=True)\n"
        "if kind == 'code': c['more'] = torch.nn.Linear(1, 1)\n"
        "else: del c['state_dict']['estimator.ff.0.weight']\n"
        "torch.save(c, path)"
    )
    for kind, message in (("missing", "no weights for estimator.ff.0.weight"), ("code", "weights")):
        shutil.copy(models / "comet" / "checkpoints" / "model.ckpt", checkpoint)
        subprocess.run([PYTHON, "-c", change, checkpoint, kind], check=True, env=environment())
        found = compute(tmp_path, tmp_path, "comet", map(prediction, TEXTS[:1]))
        assert message in found["not_computed"], kind


def synthetic(generator, task, pair):
    source = {"type": "synthetic", "generator": generator}
    return {
        "task": task, "pairs": [pair], "max_source_tokens": 40, "max_target_tokens": 8,
        "splits": {
            split: {**source, "size": size, "seed": seed}
            for split, size, seed in (("train", 200, 1), ("valid", 30, 2), ("test", 30, 3))
        },
    }  # fmt: skip


def experiment(models):
    return tiny.experiment(
        datasets={
            "agreement": synthetic("agreement", "translation", "qaa-qab"),
            "tally": synthetic("tally", "summarization", "en"),
        },
        runs=[
            {"datasets": ["agreement", "tally"], "models": ["t5"], "methods": ["sft", "warmup"]},
        ],
        neural_metrics={
            "comet": {"tasks": ["translation"], "local": str(models / "comet")},
            "bertscore": {"tasks": ["summarization"], "local": str(models / "bert"), "layer": 1},
        },
    )


def snakemake(folder, config, *arguments):
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
         "--directory", str(folder), "--configfile", str(folder / "config.yaml"),
         "--cores", "2", *arguments],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_the_pipeline_has_them_in_all_tables_and_again_once_a_model_is_there(models, tmp_path):
    config = experiment(models)
    away = tmp_path / "away"
    (models / "bert").rename(away)
    snakemake(tmp_path, config)
    results = tmp_path / "results" / "tiny"
    owed = [row for row in rows(results / "scores.tsv") if not row["value"]]
    assert {row["metric"] for row in owed} == {"bertscore"}
    assert "BERTScore not computed: " in (results / "tables" / "summarization.md").read_text()
    assert {row["metric"] for row in rows(results / "comparisons.tsv")} >= {"comet", "rouge1"}

    away.rename(models / "bert")
    snakemake(tmp_path, config, "--forcerun", "fetch_metric")
    scores = [
        row
        for row in rows(results / "scores.tsv")
        if row["metric"] in TASKS and row["subset"] == "all" and row["value"]
    ]
    assert {(row["task"], row["metric"], row["method"]) for row in scores} == {
        (task, metric, method) for metric, task in TASKS.items() for method in ("sft", "warmup")
    }
    for row in scores:
        assert row["n"] == "30"
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        run = "/".join((row["dataset"], row["pair"], row["model"], row["method"], "seed1"))
        path = results / "runs" / run / f"test.greedy.{row['metric']}.segments.json"
        segments = json.loads(path.read_text())["scores"]
        assert float(row["value"]) == pytest.approx(math.fsum(segments) / 30)
    tests = {row["metric"]: row for row in rows(results / "comparisons.tsv")}
    assert all(0 < float(tests[metric]["p"]) <= 1 for metric in TASKS)
    for metric, task in (("COMET", "translation"), ("BERTScore", "summarization")):
        table = (results / "tables" / f"{task}.md").read_text()
        assert f"| {metric} ↑ |" in table
        assert "not computed" not in table
        assert metric in (results / "report.html").read_text()
    assert "Nothing to be done" in snakemake(tmp_path, config)
