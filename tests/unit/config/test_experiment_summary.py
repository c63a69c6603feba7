"""What experiment.json says, and what is refused when it is read."""

import json
from pathlib import Path

import pytest

from helpers import tiny
from warmup.common import code_digest
from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.config import experiment, experiment_summary
from warmup.config.experiment_summary import ExperimentSummary, parse

ROOT = Path(__file__).parents[3]


def summary(change=lambda value: None):
    value = tiny.experiment()
    change(value)
    return parse(experiment.summarise(experiment.check(value)), Path("results/e/experiment.json"))


def test_methods_have_an_order_starts_roles_and_labels():
    methods = summary(lambda value: value.update(labels={"warmup": "Warmup!"})).methods
    assert methods.order == ("sft", "sft_continued", "sft_compute", "warmup")
    assert methods.chain("warmup") == ["warmup", "sft"]
    assert methods.chain("sft") == ["sft"]
    assert [methods.role(name) for name in methods.order] == [
        "baseline", "control", "control", "focus",
    ]  # fmt: skip
    assert methods.label("warmup") == "Warmup!"
    assert (methods.label("sft"), methods.label("sft_compute")) == ("SFT", "sft compute")


def test_methods_that_are_not_run_are_left_out():
    assert summary(lambda value: value["runs"][0].update(methods=["sft"])).methods.order == ("sft",)


def test_ablations_say_what_they_vary():
    config = experiment.load(ROOT / "config" / "experiments" / "ablations.yaml")
    methods = parse(experiment.summarise(config), Path("experiment.json")).methods
    assert methods.role("tau_03") == "ablation"
    assert methods.varied["tau_03"] == "tau"
    assert methods.label("tau_03") == "tau 0.3"
    assert methods.role("sft_continued") == "control"


def test_decodings_say_which_are_controls_and_of_what():
    entries = {"beam4": {"beams": 4}, "greedy": {}, "shuffled": {"warmup": "shuffled"}}
    decodings = summary(lambda value: value.update(decodings=entries)).decodings
    assert decodings.order == ("beam4", "greedy", "shuffled")
    assert decodings.controls == {"shuffled": "greedy"}  # of the same beam width


def test_runs_name_their_files():
    found = summary(
        lambda value: value.update(decodings={"shuffled": {"warmup": "shuffled"}, "x": {}})
    )
    place = "results/e/runs/shell_game/en/t5"
    assert found.tasks == {"shell_game": "multiple_choice"}
    # SFT writes no warmups that could be shuffled
    assert [path.as_posix() for path in found.evaluation_files("scores.json")][:2] == [
        f"{place}/sft/seed1/test.x.scores.json",
        f"{place}/sft_continued/seed1/test.x.scores.json",
    ]
    of_warmup = [path.name for path in found.evaluation_files("x") if "/warmup/" in str(path)]
    assert of_warmup == ["test.shuffled.x", "test.x.x"]
    assert Path(f"{place}/sft/seed1/training.json") in found.run_files("training.json")
    assert len(found.run_files("training.json")) == 4
    assert found.data_files("summary.json") == [Path("results/e/data/shell_game/en/summary.json")]


def test_what_is_written_is_read(tmp_path):
    value = experiment.summarise(experiment.check(tiny.experiment()))
    path = tmp_path / "experiment.json"
    write_json(path, value)
    assert experiment_summary.read(path) == parse(value, path)
    assert experiment_summary.read(None) == ExperimentSummary()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.pop("runs"), "'runs' is a required property"),
        (lambda v: v.update(more=1), "unknown key 'more'"),
        (lambda v: v["methods"]["sft"].update(role="boss"), "methods.sft.role: 'boss' is not one"),
        (lambda v: v["methods"]["sft"].update(start="x"), "methods.sft.start: 'x' is not one of"),
        (lambda v: v["methods"]["sft"].update(start="warmup"), "it starts from itself"),
        (lambda v: v["methods"]["sft"].update(start="sft"), "it starts from itself"),
        (
            lambda v: v["decodings"]["greedy"].update(control_of="beam4"),
            "decodings.greedy.control_of: 'beam4' is not one of",
        ),
        (
            lambda v: v["decodings"]["greedy"].update(control_of="greedy"),
            "decodings.greedy.control_of: 'greedy' is not one of",
        ),
    ],
)
def test_another_form_is_refused_with_file_and_key(tmp_path, change, words):
    value = json.loads(json.dumps(experiment.summarise(experiment.check(tiny.experiment()))))
    change(value)
    write_json(tmp_path / "experiment.json", value)
    with pytest.raises(InputError, match=f"experiment.json: .*{words}"):
        experiment_summary.read(tmp_path / "experiment.json")


def test_a_label_of_no_method_is_refused():
    value = tiny.experiment() | {"labels": {"stf": "SFT"}}
    with pytest.raises(InputError, match="config: labels: unknown 'stf'"):
        experiment.check(value)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ({"sft_continued": "SFT"}, "SFT"),
        ({"sft": "base", "sft_continued": "base"}, "base"),
        ({"sft": "sft continued"}, "sft continued"),
    ],
)
def test_two_methods_with_the_same_label_are_refused(labels, shown):
    value = tiny.experiment() | {"labels": labels}
    message = f"^config: labels: sft and sft_continued are both shown as '{shown}'$"
    with pytest.raises(InputError, match=message):
        experiment.check(value)


@pytest.mark.parametrize("label", [" ", "\u200b"])
def test_a_label_that_cannot_be_seen_is_refused(label):
    value = tiny.experiment() | {"labels": {"warmup": label}}
    with pytest.raises(
        InputError, match=r"config: labels\.warmup: .* has nothing that can be seen"
    ):
        experiment.check(value)


@pytest.mark.parametrize(
    "module", ["evaluation.collect", "evaluation.compare", "reporting.results"]
)
def test_what_reads_it_does_not_run_the_checks_of_configurations(module):
    files = {path.name for path in code_digest.files([f"warmup.{module}"])}
    assert "experiment_summary.py" in files
    assert "checks.py" not in files
