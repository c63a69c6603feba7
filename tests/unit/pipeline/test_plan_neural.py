"""What the rules of neural metrics are told."""

import json
from types import SimpleNamespace

from helpers import tiny
from helpers.wildcards import RUNS, run
from warmup.pipeline.plan import Plan

NEURAL = {
    "comet": {
        "tasks": ["translation"], "hub": "Unbabel/x", "revision": "0" * 40,
        "encoder_revision": "1" * 40,
    },
    "bertscore": {"tasks": ["multiple_choice"], "local": "models/bert", "layer": 3},
}  # fmt: skip
EVALUATION = {"split": "test", "decoding": "greedy"}


def test_neural_metrics_score_the_tasks_they_name(plan):
    assert plan.segments_of(run("sft", **EVALUATION)) == []
    plan = Plan(tiny.experiment(neural_metrics=NEURAL))
    made = f"{RUNS}/sft/seed1/test.greedy.bertscore.segments.json"
    assert plan.segments_of(run("sft", **EVALUATION)) == [made]
    entry = json.loads(plan.metric_config(SimpleNamespace(metric="bertscore")))
    assert entry == NEURAL["bertscore"] | {"batch_size": 16}


def test_only_another_model_is_downloaded_again():
    comet, bert = (
        json.loads(Plan(tiny.experiment(neural_metrics=NEURAL)).metric_model(wildcards))
        for wildcards in (SimpleNamespace(metric="comet"), SimpleNamespace(metric="bertscore"))
    )
    assert set(comet) == {"hub", "revision", "encoder_revision"}
    assert bert == {"local": "models/bert"}


def test_what_was_not_computed_is_due_once_the_environment_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wildcards = run("sft", metric="bertscore", **EVALUATION)
    without, ready = (
        Plan(tiny.experiment(neural_metrics=NEURAL), metrics_ready=there) for there in (False, True)
    )
    path = tmp_path / f"{RUNS}/sft/seed1/test.greedy.bertscore.segments.json"
    path.parent.mkdir(parents=True)
    assert without.metrics_environment(wildcards) == "missing"
    path.write_text('{"not_computed": "no environment"}')
    assert without.metrics_environment(wildcards) == "missing"
    assert ready.metrics_environment(wildcards) == "there"
    path.write_text('{"scores": []}')  # not computed anew where the environment is gone
    assert without.metrics_environment(wildcards) == "there"
