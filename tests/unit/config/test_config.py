"""The configuration: defaults, references, overrides, resolved runs."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from helpers import tiny
from helpers.configurations import configurations
from warmup.__main__ import main
from warmup.common.errors import InputError
from warmup.common.keys import Setting
from warmup.config import experiment, experiment_summary
from warmup.config.conversion import to_json
from warmup.config.methods import dependents
from warmup.config.settings import (
    Budget,
    DecodingConfig,
    ReferenceKLConfig,
    Resources,
    RunIdentity,
)


def test_defaults_are_filled_in_and_the_argument_is_left_as_it_is():
    value = tiny.experiment()
    before = copy.deepcopy(value)
    checked = experiment.check(value)
    assert value == before
    assert checked.seeds == (1,)
    assert checked.data_root == "data"
    assert checked.on_mismatch == "refuse"
    assert checked.decodings == {
        "greedy": DecodingConfig(beams=1, batch_size=64, warmup="own", samples=None)
    }
    assert checked.resources == Resources(
        threads=1, nodes=1, gpus=0, sharded=False, mem_mb=None, runtime=None
    )
    assert checked.models["t5"].separator == "<extra_id_0>"
    assert checked.models["t5"].dtype == "float32"
    sft = checked.methods["sft"]
    assert (sft.sampling, sft.patience, sft.max_tokens_per_microbatch) == (None, None, None)
    assert sft.learning_rate == 0.01  # not the default
    warmup = checked.methods["warmup"]
    assert warmup.sampling.temperature == 1.0
    assert warmup.sampling.settle == 0
    assert warmup.drafts is None
    assert warmup.reference_kl == ReferenceKLConfig(
        weight=1.0, updates=6, final=0.0, divergence="reverse"
    )


def test_checking_twice_changes_nothing_of_what_determines_a_run():
    once = experiment.check(tiny.experiment())
    name = "shell_game/en/t5/warmup/seed1"
    again = experiment.check(to_json(once) | {"runs": tiny.experiment()["runs"]})
    assert experiment.resolve(again, name) == experiment.resolve(once, name)


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
    assert experiment.run_names(experiment.check(value)) == [
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
    assert experiment.run_names(experiment.check(value)) == ["shell_game/de/t5/sft/seed1"]
    value["runs"][0]["pairs"] = ["it"]
    with pytest.raises(InputError, match=r"runs\.0\.pairs: unknown 'it'; choose from: de, en, fr"):
        experiment.check(value)


def test_a_resolved_run_holds_what_determines_it_and_nothing_else():
    value = tiny.experiment()
    run = experiment.resolve(experiment.check(value), "shell_game/en/t5/warmup/seed1")
    assert run.run == RunIdentity(
        experiment="tiny", task="multiple_choice", dataset="shell_game", pair="en",
        model="t5", method="warmup", seed=1,
    )  # fmt: skip
    assert "splits" not in to_json(run)["dataset"]
    assert experiment.read_run(to_json(run), "x") == run

    # what does not concern the run does not change it
    other = copy.deepcopy(value)
    other["methods"]["sft_continued"]["learning_rate"] = 0.5
    other["models"]["llama"]["scratch"]["hidden_size"] = 32
    other["decodings"] = {"beam4": {"beams": 4}}
    other["resources"] = {"threads": 2}
    other["data_root"] = "elsewhere"
    assert experiment.resolve(experiment.check(other), run.name) == run
    # and what does, does
    other["methods"]["warmup"]["learning_rate"] = 0.5
    assert experiment.resolve(experiment.check(other), run.name) != run


def test_an_override_changes_a_method_in_its_entry_only():
    value = tiny.experiment()
    value["runs"] = [
        {"datasets": ["shell_game"], "models": ["t5"], "methods": ["sft", "warmup"]},
        {
            "datasets": ["shell_game"],
            "models": ["llama"],
            "methods": ["sft", "warmup"],
            "override": {
                "warmup": {"sampling": {"max_tokens": 9}, "learning_rate": 0.5},
                "sft": {"budget": {"updates": 3}},
            },
        },
    ]
    checked = experiment.check(value)

    def method(model, name):
        return experiment.resolve(checked, f"shell_game/en/{model}/{name}/seed1").method

    plain, changed = method("t5", "warmup"), method("llama", "warmup")
    assert changed.sampling == replace(plain.sampling, max_tokens=9)  # key by key
    assert changed.learning_rate == 0.5
    assert plain.learning_rate == 0.01
    assert changed.budget == plain.budget
    assert method("llama", "sft").budget == Budget(updates=3)
    assert method("t5", "sft").budget == Budget(updates=8)


def test_an_override_may_replace_the_kind_of_budget_or_remove_the_reference_kl():
    value = tiny.experiment()
    value["runs"][0]["override"] = {
        "sft_continued": {"budget": {"updates": 5}},
        "warmup": {"reference_kl": None},
    }
    checked = experiment.check(value)
    run = "shell_game/en/t5/{}/seed1".format
    assert experiment.resolve(checked, run("sft_continued")).method.budget == Budget(updates=5)
    warmup = experiment.resolve(checked, run("warmup")).method
    assert warmup.reference_kl is None
    assert warmup.sampling.samples == 3


def test_methods_that_are_not_run_need_no_partner():
    value = tiny.experiment()
    value["runs"][0]["methods"] = ["sft"]
    value["methods"]["sft_compute"]["budget"] = {"same_compute_as": "nobody"}
    assert experiment.run_names(experiment.check(value)) == ["shell_game/en/t5/sft/seed1"]


def test_methods_wait_for_each_other_within_an_entry():
    value = tiny.experiment()
    for one, other in (("x", "y"), ("y", "x")):  # not run: as if they were not there
        value["methods"][one] = value["methods"]["sft_continued"] | {
            "budget": {"same_updates_as": other}
        }
    turned = {"warmup": {"budget": {"same_updates_as": "sft_continued"}},
              "sft_continued": {"budget": {"updates": 3}}}  # fmt: skip
    value["runs"].append({**value["runs"][0], "models": ["llama"], "override": turned})
    checked = experiment.check(value)
    assert dependents(checked, "sft") == {"sft_continued", "sft_compute", "warmup"}
    assert dependents(checked, "sft_compute") == set()
    assert dependents(checked, "warmup") >= {"sft_continued", "sft_compute"}


@pytest.mark.parametrize("files", configurations().values(), ids=configurations())
def test_the_configurations_of_the_repository_are_right(files):
    checked = experiment.load(*files)
    names = experiment.run_names(checked)
    assert names
    for name in names:
        assert experiment.read_run(to_json(experiment.resolve(checked, name)), name)


def test_the_command_lists_runs_and_prints_one(tmp_path, capsys):
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tiny.experiment()))

    def call(*arguments):
        main(["config", *arguments])
        return capsys.readouterr().out

    names = call("runs", "--configfile", str(file)).splitlines()
    assert names == experiment.run_names(experiment.check(tiny.experiment()))
    printed = json.loads(call("show", names[-1], "--configfile", str(file)))
    assert printed == tiny.resolved("warmup")
    assert call("check", str(file)) == f"tiny: valid, {len(names)} runs\n"


def test_splits_share_the_keys_of_every_split_and_may_say_their_own():
    value = tiny.experiment()
    source = value["datasets"]["shell_game"]["splits"]["train"]
    value["datasets"]["shell_game"] |= {
        "every_split": source | {"settings": {"places": 3, "swaps": [1, 2]}},
        "splits": {"train": None, "valid": {"settings": {"swaps": [2]}}, "test": {"seed": 5}},
    }
    splits = experiment.check(value).datasets["shell_game"].splits
    assert splits["train"] == source | {"settings": {"places": 3, "swaps": [1, 2]}}
    assert splits["valid"] == source | {"settings": {"places": 3, "swaps": [2]}}
    assert splits["test"] == source | {"settings": {"places": 3, "swaps": [1, 2]}, "seed": 5}


def test_metrics_and_the_prefix_of_a_data_set_are_those_of_its_runs():
    value = tiny.experiment()
    value["datasets"]["shell_game"] |= {
        "task": "text_to_text", "prefix": "move: ", "metrics": ["cer", "exact_match"],
    }  # fmt: skip
    config = experiment.check(value)
    run = next(iter(experiment.runs(config).values()))
    assert run.dataset.prefix == "move: "
    assert experiment.summarise(config)["metrics"] == {"shell_game": ["cer", "exact_match"]}
    assert "metrics" not in experiment.summarise(experiment.check(tiny.experiment()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prefix": "x: "}, "datasets.shell_game.prefix: multiple_choice has words of its own bef"),
        ({"metrics": ["wre"]}, "datasets.shell_game.metrics: unknown 'wre'; choose from: accuracy"),
    ],
)
def test_a_prefix_or_metric_that_does_not_fit_is_refused(changes, message):
    value = tiny.experiment()
    value["datasets"]["shell_game"] |= changes
    with pytest.raises(InputError, match=message):
        experiment.check(value)


def test_labels_order_and_colours_are_those_of_methods_models_and_data_sets():
    value = tiny.experiment(
        labels={"shell_game": "Shell game", "t5": "T5, tiny", "sft": "baseline"},
        order=["warmup", "t5"],
        colours={"warmup": "#112233"},
    )
    summary = experiment.summarise(experiment.check(value))
    assert summary["labels"] == {"shell_game": "Shell game", "t5": "T5, tiny"}
    assert summary["methods"]["sft"]["label"] == "baseline"
    read = experiment_summary.parse(summary, Path("experiment.json"))
    assert read.methods.sort(["sft", "warmup", "sft_continued"])[0] == "warmup"
    assert read.methods.colours == {"warmup": "#112233"}
    setting = Setting("multiple_choice", "shell_game", "en", "t5", "test")
    assert read.names.data(setting) == "Shell game (English)"
    assert read.names.model("t5") == "T5, tiny"
    assert sorted(["bart", "t5"], key=read.names.rank) == ["t5", "bart"]
    unlabelled = experiment.summarise(experiment.check(tiny.experiment()))
    assert not {"labels", "order", "colours"} & unlabelled.keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"t6": "x"}}, "config: labels: unknown 't6'; choose from: "),
        ({"order": ["nothing"]}, "config: order: unknown 'nothing'; choose from: "),
        ({"colours": {"t5": "#112233"}}, "config: colours: unknown 't5'; choose from: sft, "),
        ({"colours": {"sft": "red"}}, r"colours\.sft: 'red' does not match .*six hexadecimal"),
    ],
)
def test_labels_order_and_colours_of_nothing_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        experiment.check(tiny.experiment(**changes))


def test_two_models_of_the_runs_that_would_be_shown_alike_are_refused():
    value = tiny.experiment(labels={"t5": "small", "bart": "small"})
    experiment.check(value)  # no run has the other
    value["runs"][0]["models"] = ["t5", "bart"]
    with pytest.raises(InputError, match="labels: t5 and bart are both shown as 'small'"):
        experiment.check(value)
