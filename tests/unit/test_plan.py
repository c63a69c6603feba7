"""What the rules are told: paths, inputs and parameters of jobs."""

import json
from types import SimpleNamespace

import pytest

import tiny
from warmup import config
from warmup.errors import InputError
from warmup.plan import Plan


class Wildcards(SimpleNamespace):
    """Snakemake's wildcards: attributes that also unpack as keywords."""

    def keys(self):
        return vars(self).keys()

    def __getitem__(self, key):
        return vars(self)[key]


def run(method, seed="1", model="t5", **more):
    parts = {"dataset": "shell_game", "pair": "en", "model": model, "method": method, "seed": seed}
    return Wildcards(**parts, **more)


@pytest.fixture
def plan():
    return Plan(tiny.experiment())


DATA = "results/tiny/data/shell_game/en"
RUNS = "results/tiny/runs/shell_game/en/t5"


def test_a_run_is_told_where_it_starts_and_what_its_budget_needs(plan):
    data = {"train": f"{DATA}/train.jsonl", "valid": f"{DATA}/valid.jsonl"}
    start = {"start": f"{RUNS}/sft/seed1/model"}
    reference = {"reference": f"{RUNS}/warmup/seed1/training.json"}
    baseline = {"baseline": f"{RUNS}/sft/seed1/training.json"}
    tokenizer = {"start": "results/tiny/tokenizers/shell_game/en/t5"}
    assert plan.training_inputs(run("sft")) == data | tokenizer
    assert plan.training_inputs(run("warmup")) == data | start
    assert plan.training_inputs(run("sft_continued")) == data | start | reference
    assert plan.training_inputs(run("sft_compute")) == data | start | reference | baseline


def test_a_run_refers_to_runs_of_its_own_seed():
    plan = Plan(tiny.experiment(seeds=[1, 12]))
    inputs = plan.training_inputs(run("sft_compute", seed="12"))
    for role in ("start", "reference", "baseline"):
        assert "/seed12/" in inputs[role]


@pytest.mark.parametrize(
    ("origin", "start"),
    [
        ({"local": "models/mine"}, "models/mine"),
        ({"hub": "google-t5/t5-small", "revision": "0" * 40}, "downloads/models/t5"),
    ],
)
def test_pretrained_models_are_taken_from_where_they_are(origin, start):
    value = tiny.experiment()
    value["models"]["t5"] = {"architecture": "encoder_decoder", **origin}
    value["methods"]["sft"]["start"] = "pretrained"
    assert Plan(value).training_inputs(run("sft"))["start"] == start


def test_only_what_comes_from_the_network_is_fetched(plan):
    assert plan.fetched(run("sft")) == []
    value = tiny.experiment()
    value["datasets"]["shell_game"]["splits"]["train"] = {"type": "hub"}
    assert Plan(value).fetched(run("sft")) == ["downloads/shell_game.en.json"]


def test_every_run_is_evaluated_on_every_test_split_by_every_decoding():
    value = tiny.experiment(decodings={"greedy": {}, "beam4": {"beams": 4, "batch_size": 8}})
    splits = value["datasets"]["shell_game"]["splits"]
    splits["hard"] = splits["test"]
    plan = Plan(value)
    paths = plan.of_evaluations("scores.json")
    assert len(paths) == len(set(paths)) == 4 * 2 * 2
    assert f"{RUNS}/warmup/seed1/hard.beam4.scores.json" in paths
    assert not [path for path in paths if "/train." in path or "/valid." in path]
    wildcards = run("warmup", split="hard", decoding="beam4")
    assert (plan.beams(wildcards), plan.batch_size(wildcards)) == (4, 8)


def test_parameters_are_json_of_the_configuration(plan):
    assert json.loads(plan.run_config(run("warmup"))) == tiny.resolved("warmup")
    assert set(json.loads(plan.dataset_config(run("sft")))) == {"task", "pairs", "splits"}
    assert json.loads(plan.tokenizer_config(run("sft"))) == {"type": "word", "vocab_size": 100}
    scored = json.loads(plan.score_config(run("sft", split="test", decoding="greedy")))
    assert scored == tiny.resolved("sft")["run"] | {
        "split": "test",
        "decoding": "greedy",
        "target_lang": "en",
    }


def test_the_language_of_outputs_is_that_of_the_targets():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = ["en-zho_Hans"]
    wildcards = Wildcards(
        **vars(run("sft", split="test", decoding="greedy")) | {"pair": "en-zho_Hans"}
    )
    assert json.loads(Plan(value).score_config(wildcards))["target_lang"] == "zho_Hans"


def test_tables_are_of_the_tasks_in_use_and_figures_of_all(plan):
    assert plan.of_tables() == [
        f"results/tiny/tables/multiple_choice.{kind}" for kind in ("md", "tex", "csv")
    ]
    assert len(plan.of_figures()) == 3 * len(plan.figures)
    assert plan.methods == "sft sft_continued=sft sft_compute=sft warmup=sft"
    assert len(plan.of_runs("training.json")) == len(config.run_names(plan.config)) == 4


def test_a_wrong_configuration_has_no_plan():
    with pytest.raises(InputError, match="unknown key 'mdoels'"):
        Plan(tiny.experiment(mdoels={}))
