"""Which methods are ablations, of what, and in which order they are shown."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from warmup.config import experiment, experiment_summary
from warmup.config.methods import Methods, varied
from warmup.config.settings import Budget

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ablations():
    return experiment.load(ROOT / "config" / "experiments" / "ablations.yaml")


def test_each_ablation_is_of_the_setting_that_the_file_changes(ablations):
    found = varied(ablations)
    assert found["jensen"] == "objective"
    assert found["weighted_concatenation"] == "control_variate"
    assert (found["samples_2"], found["tokens_12"]) == ("samples", "max_tokens")
    assert (found["tau_03"], found["no_reference_kl"]) == ("tau", "reference_kl")
    assert found["from_scratch"] == "start"  # it has no reference KL, either, and more updates
    assert found["adaptive"] == "adaptive_samples"
    everything = set(ablations.methods)
    assert everything - found.keys() == {"sft", "sft_continued", "sft_compute", "warmup"}


def test_controls_are_no_ablations():
    assert varied(experiment.load(ROOT / "config" / "experiments" / "controls.yaml")) == {}


def test_a_setting_of_training_is_one_where_nothing_else_differs(ablations):
    warmup = ablations.runs[0].methods["warmup"]
    slow = replace(warmup, learning_rate=1e-4, validate_every=1)
    same = replace(warmup, budget=Budget(updates=5))

    def of(**methods):
        return varied(replace(ablations, runs=(replace(ablations.runs[0], methods=methods),)))

    assert of(warmup=warmup, slow=slow, same=same) == {"slow": "learning_rate"}
    assert of(slow=slow) == {}


def test_ablations_stand_by_what_they_vary_between_controls_and_warmup(ablations):
    summary = experiment.summarise(ablations)
    methods = experiment_summary.parse(summary, Path()).methods
    names = methods.sort(methods.order)
    assert names[:2] == ["sft", "sft_continued"]
    assert names[-1] == "warmup"
    groups = [methods.aspect(name) for name in names[2:-1]]
    changes = sum(one != other for one, other in itertools.pairwise(groups))
    assert changes + 1 == len(set(groups)) == 6
    assert methods.aspect("tau_3") == methods.aspect("length_normalised") == "weights"
    assert methods.aspect("sft") == methods.aspect("unknown") == ""
    assert methods.chain("tau_3") == ["tau_3", "sft"]
    assert methods.chain("from_scratch") == ["from_scratch"]


def test_a_setting_without_words_of_its_own_is_named_as_it_is_written():
    assert Methods(varied={"slow": "learning_rate"}).aspect("slow") == "learning rate"
