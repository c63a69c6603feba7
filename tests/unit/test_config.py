"""The configuration: defaults, references, overrides, resolved runs."""

import copy
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

import tiny
from warmup import config, errors
from warmup.errors import InputError

ROOT = Path(__file__).parents[2]


def test_defaults_are_filled_in_and_the_argument_is_left_as_it_is():
    value = tiny.experiment()
    before = copy.deepcopy(value)
    checked = config.check(value)
    assert value == before
    assert checked["seeds"] == [1]
    assert checked["data_root"] == "data"
    assert checked["on_mismatch"] == "refuse"
    assert checked["decodings"] == {
        "greedy": {"beams": 1, "batch_size": 64, "warmup": "own", "samples": None}
    }
    assert checked["resources"] == {
        "threads": 1,
        "nodes": 1,
        "gpus": 0,
        "sharded": False,
        "mem_mb": 4000,
        "runtime": 120,
    }
    assert checked["models"]["t5"]["separator"] == "<extra_id_0>"
    assert checked["models"]["t5"]["dtype"] == "float32"
    sft = checked["methods"]["sft"]
    assert (sft["warmup"], sft["patience"], sft["pass_tokens"]) == (None, None, None)
    assert sft["learning_rate"] == 0.01  # not the default
    warmup = checked["methods"]["warmup"]["warmup"]
    assert warmup["temperature"] == 1.0
    assert warmup["anchor"] == {"weight": 1.0, "updates": 6}


def test_checking_twice_changes_nothing_of_what_determines_a_run():
    once = config.check(tiny.experiment())
    name = "shell_game/en/t5/warmup/seed1"
    again = config.check({key: value for key, value in once.items() if key != "runs"} | {
        "runs": tiny.experiment()["runs"]
    })  # fmt: skip
    assert config.resolve(again, name) == config.resolve(once, name)


def test_runs_are_the_grid_in_the_order_of_the_configuration():
    value = tiny.experiment(
        seeds=[1, 2],
        runs=[
            {"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft", "warmup"]},
            {
                "datasets": ["shell_game"],
                "models": ["llama"],
                "methods": ["sft"],
                "seeds": [7],
            },
        ],
    )
    assert config.run_names(config.check(value)) == [
        "shell_game/en/t5/sft/seed1",
        "shell_game/en/t5/sft/seed2",
        "shell_game/en/t5/warmup/seed1",
        "shell_game/en/t5/warmup/seed2",
        "shell_game/en/llama/sft/seed7",
    ]


def test_an_entry_may_take_some_pairs_of_a_data_set():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = ["en", "de", "fr"]
    value["runs"] = [
        {"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"], "pairs": ["de"]}
    ]
    assert config.run_names(config.check(value)) == ["shell_game/de/t5/sft/seed1"]
    value["runs"][0]["pairs"] = ["it"]
    with pytest.raises(InputError, match=r"runs\.0\.pairs: unknown 'it'; choose from: de, en, fr"):
        config.check(value)


def test_a_run_that_two_entries_name_is_refused():
    value = tiny.experiment()
    value["runs"].append({"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft"]})
    with pytest.raises(InputError, match="shell_game/en/t5/sft/seed1 is there twice"):
        config.check(value)


def test_a_resolved_run_holds_what_determines_it_and_nothing_else():
    value = tiny.experiment()
    run = config.resolve(config.check(value), "shell_game/en/t5/warmup/seed1")
    assert run["run"] == {
        "experiment": "tiny", "task": "multiple_choice", "dataset": "shell_game", "pair": "en",
        "model": "t5", "method": "warmup", "seed": 1,
    }  # fmt: skip
    assert "splits" not in run["dataset"]
    config.check_run(run, "x")

    # what does not concern the run does not change it
    other = copy.deepcopy(value)
    other["methods"]["sft_continued"]["learning_rate"] = 0.5
    other["models"]["llama"]["scratch"]["hidden_size"] = 32
    other["decodings"] = {"beam4": {"beams": 4}}
    other["resources"] = {"threads": 2}
    other["data_root"] = "elsewhere"
    assert config.resolve(config.check(other), run["name"]) == run
    # and what does, does
    other["methods"]["warmup"]["learning_rate"] = 0.5
    assert config.resolve(config.check(other), run["name"]) != run


def test_an_unknown_run_lists_the_runs():
    with pytest.raises(InputError, match="unknown run 'x'; choose from: shell_game/en/t5/sft/"):
        config.resolve(config.check(tiny.experiment()), "x")


def test_an_override_changes_a_method_in_its_entry_only():
    value = tiny.experiment()
    value["runs"] = [
        {"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft", "warmup"]},
        {
            "datasets": ["shell_game"],
            "models": ["llama"],
            "methods": ["sft", "warmup"],
            "override": {
                "warmup": {"warmup": {"max_tokens": 9}, "learning_rate": 0.5},
                "sft": {"budget": {"updates": 3}},
            },
        },
    ]
    checked = config.check(value)

    def method(model, name):
        return config.resolve(checked, f"shell_game/en/{model}/{name}/seed1")["method"]

    plain, changed = method("t5", "warmup"), method("llama", "warmup")
    assert changed["warmup"] == plain["warmup"] | {"max_tokens": 9}  # key by key
    assert changed["learning_rate"] == 0.5
    assert plain["learning_rate"] == 0.01
    assert changed["budget"] == plain["budget"]
    assert method("llama", "sft")["budget"] == {"updates": 3}
    assert method("t5", "sft")["budget"] == {"updates": 8}


def test_an_override_may_replace_the_kind_of_budget_or_remove_the_anchor():
    value = tiny.experiment()
    value["runs"][0]["override"] = {
        "sft_continued": {"budget": {"updates": 5}},
        "warmup": {"warmup": {"anchor": None}},
    }
    checked = config.check(value)
    run = "shell_game/en/t5/{}/seed1".format
    assert config.resolve(checked, run("sft_continued"))["method"]["budget"] == {"updates": 5}
    warmup = config.resolve(checked, run("warmup"))["method"]["warmup"]
    assert warmup["anchor"] is None
    assert warmup["samples"] == 3


def test_a_wrong_override_is_refused():
    value = tiny.experiment()
    value["runs"][0]["override"] = {"warmup": {"warmup": {"smaples": 3}}}
    with pytest.raises(InputError, match="unknown key 'smaples'; valid keys: adaptive_samples,"):
        config.check(value)
    value["runs"][0]["override"] = {"sft": {"start": "warmup"}}
    with pytest.raises(InputError, match="starts from itself"):
        config.check(value)


def test_lineage_says_what_starts_from_what():
    assert config.lineage(config.check(tiny.experiment())) == [
        "sft", "sft_continued=sft", "sft_compute=sft", "warmup=sft",
    ]  # fmt: skip
    value = tiny.experiment()
    value["runs"][0]["methods"] = ["sft"]
    assert config.lineage(config.check(value)) == ["sft"]


def test_methods_that_are_not_run_need_no_partner():
    value = tiny.experiment()
    value["runs"][0]["methods"] = ["sft"]
    value["methods"]["sft_compute"]["budget"] = {"same_compute_as": "nobody"}
    assert config.run_names(config.check(value)) == ["shell_game/en/t5/sft/seed1"]


def test_the_same_compute_needs_a_method_whose_updates_cost_the_same():
    value = tiny.experiment()
    value["methods"]["sft_compute"]["start"] = "scratch"
    with pytest.raises(InputError, match="same_compute_as needs a method to start from"):
        config.check(value)


@pytest.mark.parametrize("kind", ["models", "datasets", "methods", "decodings"])
@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "a b", "", "a.b", "~", "x\n"])
def test_names_become_paths_and_cannot_leave_their_folder(kind, name):
    value = tiny.experiment(decodings={"greedy": {"beams": 1}})
    value[kind][name] = next(iter(value[kind].values()))
    with pytest.raises(InputError, match=f"config: {kind}: "):
        config.check(value)


def test_pairs_and_revisions_become_arguments_and_paths_and_end_where_they_end():
    value = tiny.experiment()
    value["datasets"]["shell_game"]["pairs"] = ["en\n"]
    with pytest.raises(InputError, match=r"config: datasets\.shell_game\.pairs\.0: 'en\\n' does"):
        config.check(value)
    entry = {"architecture": "decoder_only", "hub": "a/b", "revision": "0" * 40 + "\n"}
    with pytest.raises(InputError, match=r"config: models\.hub\.revision: "):
        config.check(tiny.experiment(models={"hub": entry}))


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "", ".", "x\n"])
def test_the_name_of_the_experiment_and_of_splits_likewise(name):
    with pytest.raises(InputError, match="config: experiment: "):
        config.check(tiny.experiment(experiment=name))
    value = tiny.experiment()
    splits = value["datasets"]["shell_game"]["splits"]
    splits[name] = splits["test"]
    with pytest.raises(InputError, match=r"config: datasets\.shell_game\.splits: "):
        config.check(value)


@pytest.mark.parametrize(
    ("decodings", "message"),
    [
        (
            {"greedy": {}, "x": {"warmup": "oracle"}},
            r"config: decodings\.x\.warmup: unknown 'oracle'; choose from: best_of_n, gold_prefix, "
            "own, shuffled",
        ),
        (
            {"greedy": {}, "x": {"warmup": "shuffled", "samples": 3}},
            r"config: decodings\.x\.samples: warmup shuffled takes no samples",
        ),
        ({"greedy": {"samples": 3}}, r"decodings\.greedy\.samples: warmup own takes no samples"),
        ({"x": {"warmup": "shuffled"}}, "config: decodings: one at least must have warmup: own"),
        ({"x": {"warmup": "best_of_n", "samples": 0}}, r"decodings\.x\.samples: 0 is less than"),
    ],
)
def test_a_wrong_decoding_is_explained(decodings, message):
    with pytest.raises(InputError, match=message):
        config.check(tiny.experiment(decodings=decodings))


@pytest.mark.parametrize("value", [None, [], "text", 3, {}])
def test_what_is_no_configuration_is_refused(value):
    with pytest.raises(InputError, match="config: top level: "):
        config.check(value)


@pytest.mark.parametrize("path", sorted([ROOT / "config.yaml", *ROOT.glob("configs/*.yaml")]))
def test_the_configurations_of_the_repository_are_right(path):
    checked = config.load(path)
    for name in config.run_names(checked):
        config.check_run(config.resolve(checked, name), name)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("method", None, "x: missing key 'method'"),
        ("seed", None, "x: missing key 'seed'"),
        ("method.warmup", None, r"x: missing key 'method\.warmup'"),
        ("dataset.task", None, r"x: missing key 'dataset\.task'"),
        ("model.architecture", None, r"x: missing key 'model\.architecture'"),
        ("method.batch_size", 0, "x: method: batch_size: 0 is less than the minimum of 1"),
        ("method.warmup.samples", "4", "x: method: warmup.samples: '4' is not of type"),
        ("model.dtype", "float16", "is not one of: float32, bfloat16"),
        ("dataset", [], "x: dataset must be an object"),
    ],
)
def test_a_damaged_run_is_explained(path, value, message):
    run = tiny.resolved("warmup")
    *parents, last = path.split(".")
    place = run
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(InputError, match=message):
        config.check_run(run, "x")


def test_the_command_lists_runs_and_prints_one(tmp_path, monkeypatch, capsys):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tiny.experiment()))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["config", "--configfile", str(file), *arguments])
        errors.run(config.main)
        return capsys.readouterr().out

    names = call().splitlines()
    assert names == config.run_names(config.check(tiny.experiment()))
    printed = json.loads(call("--run", names[-1]))
    assert printed == tiny.resolved("warmup")


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("bleurt", {}, "unknown neural metric 'bleurt'; choose from: bertscore, comet"),
        ("comet", {"tasks": ["poetry"]}, "comet.tasks: unknown 'poetry'; choose from: multiple"),
        ("comet", {"local": "x", "hub": "a/b"}, "needs exactly one of hub and local"),
        ("comet", {"local": None}, "is not of type 'string'"),
        ("comet", {"hub": "a/b"}, "hub and revision go together"),
        ("comet", {"hub": "a/b", "revision": "main"}, "'main' does not match"),
        ("comet", {"hub": "a/b", "revision": "0" * 40}, "missing key 'encoder_revision'"),
        ("comet", {"local": "x", "layer": 3}, "comet: layer has no meaning here"),
        ("bertscore", {"local": "x"}, "bertscore: missing key 'layer'"),
        ("bertscore", {"local": "x", "layers": 1}, "unknown key 'layers'; valid keys: batch_size,"),
    ],
)
def test_a_neural_metric_that_is_incomplete_is_refused(name, entry, message):
    value = tiny.experiment(neural_metrics={name: {"tasks": ["translation"]} | entry})
    with pytest.raises(InputError, match=re.escape(message)):
        config.check(value)


@pytest.mark.parametrize(
    ("resources", "processes"), [({"gpus": 3}, 3), ({"nodes": 3}, 3), ({"nodes": 2, "gpus": 8}, 16)]
)
def test_processes_that_do_not_divide_the_batch_are_refused(resources, processes):
    with pytest.raises(
        InputError, match=f"method sft: batch_size 8: not divisible by {processes} processes"
    ):
        config.check(tiny.experiment(resources=resources))
    config.check(tiny.experiment(resources={"nodes": 2, "gpus": 4}))
