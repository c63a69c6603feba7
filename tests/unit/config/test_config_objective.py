"""What a configuration may say of an objective: its settings, and warmups that it can use."""

import inspect
import subprocess
import sys

import pytest

from helpers import tiny
from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.config import experiment
from warmup.config.checks import check_objective
from warmup.config.conversion import from_json
from warmup.config.settings import MethodConfig

WRONG = {
    "text for a number": (
        {"objective_settings": {"tau": "1e-3"}},
        "objective_settings.tau: '1e-3' is not of type 'number' (YAML reads 1e-3 as text; write "
        "1.0e-3)",
    ),
    "true for a number": (
        {"objective_settings": {"tau": True}},
        "objective_settings.tau: True is not of type 'number'",
    ),
    "no temperature": (
        {"objective_settings": {"tau": 0}},
        "objective_settings.tau: 0 is less than or equal to the minimum of 0",
    ),
    "text for true or false": (
        {"objective_settings": {"control_variate": "no"}},
        "objective_settings.control_variate: 'no' is not of type 'boolean'",
    ),
    "misspelt": (
        {"objective_settings": {"tua": 2}},
        "objective_settings: unknown key 'tua'; valid keys: control_variate, length_normalised, "
        "tau",
    ),
    "a setting of another objective": (
        {"objective": "jensen", "objective_settings": {"tau": 2}},
        "objective_settings: unknown key 'tau'; valid keys: control_variate, length_normalised",
    ),
    "a setting of an objective without any": (
        {"objective": "likelihood", "objective_settings": {"tau": 2}},
        "objective_settings: unknown key 'tau'; valid keys: none",
    ),
    "no scale": (
        {"objective": "group_normalised", "objective_settings": {"epsilon": 0}},
        "objective_settings.epsilon: 0 is less than or equal to the minimum of 0",
    ),
    "one sample": (
        {"sampling": {"samples": 1}},
        "sampling.samples: reweighted needs at least 2, got 1",
    ),
    "no warmups": (
        {"sampling": None, "reference_kl": None},
        "sampling: reweighted needs at least 2 samples, got null",
    ),
    "a reference KL of no warmups": (
        {"objective": "likelihood", "sampling": None},
        "reference_kl: needs sampling, which is null",
    ),
    "drafts of no warmups": (
        {"objective": "likelihood", "sampling": None, "reference_kl": None, "drafts": {}},
        "drafts: needs sampling, which is null",
    ),
    "drafts and predefined warmups": (
        {
            "objective": "concatenation",
            "sampling": {"samples": 1, "predefined": "filler"},
            "drafts": {},
        },
        "drafts: has no part in predefined warmups",
    ),
    "more samples in the backward pass than there are": (
        {"sampling": {"samples": 3, "backprop_samples": 9}},
        "sampling.backprop_samples: 9 are more than the samples (3)",
    ),
    "as many samples for flat examples as for others": (
        {"sampling": {"samples": 3, "adaptive_samples": {"min_samples": 3}}},
        "sampling.adaptive_samples.min_samples: must be at least 2 and below samples (3), got 3",
    ),
    "predefined warmups that the model would not learn to write": (
        {"objective": "likelihood", "sampling": {"samples": 1, "predefined": "filler"}},
        "predefined warmups need the objective concatenation, not likelihood",
    ),
    "unknown predefined warmups": (
        {"objective": "concatenation", "sampling": {"samples": 1, "predefined": "noise"}},
        "sampling.predefined: unknown 'noise'; choose from: filler, keywords",
    ),
    "several predefined warmups": (
        {"objective": "concatenation", "sampling": {"samples": 2, "predefined": "filler"}},
        "predefined warmups need samples: 1, and neither backprop_samples nor adaptive_samples",
    ),
}  # fmt: skip
RIGHT = {
    "whole number": {"objective_settings": {"tau": 2, "control_variate": False}},
    "all samples in the backward pass": {"sampling": {"samples": 3, "backprop_samples": 3}},
    "adaptive": {"sampling": {"samples": 3, "adaptive_samples": {"min_samples": 2}}},
    "warmups that are not trained": {"objective": "likelihood", "sampling": {"samples": 1}},
    "predefined": {
        "objective": "concatenation",
        "sampling": {"samples": 1, "predefined": "filler"},
    },
}


@pytest.mark.parametrize("case", WRONG)
def test_what_an_objective_cannot_be_trained_with_is_refused(case):
    change, message = WRONG[case]
    value = tiny.experiment()
    value["methods"]["warmup"] |= change
    with pytest.raises(InputError) as error:
        experiment.check(value)
    assert str(error.value) == f"config: runs.0: method warmup: {message}"


@pytest.mark.parametrize("case", RIGHT)
def test_all_else_is_accepted(case):
    value = tiny.experiment()
    value["methods"]["warmup"] |= RIGHT[case]
    experiment.check(value)


def test_a_run_given_to_the_command_is_checked_alike():
    run = tiny.resolved("warmup")
    run["method"]["objective_settings"] = {"tua": 2}
    with pytest.raises(InputError, match=r"^x: method: objective_settings: unknown key 'tua'"):
        experiment.read_run(run, "x")
    run = tiny.resolved("warmup")
    run["method"]["sampling"]["samples"] = 1
    with pytest.raises(InputError, match=r"^x: method: sampling\.samples: reweighted needs at"):
        experiment.read_run(run, "x")


@pytest.mark.parametrize("name", plugins.names("objective"))
def test_the_settings_of_an_objective_are_its_keyword_arguments(name):
    module = plugins.load("objective", name)
    for key in ("SETTINGS", "MIN_SAMPLES"):
        assert plugins.constant("objective", name, key) == getattr(module, key)
    parameters = inspect.signature(module.coefficients).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert defaults.keys() == module.SETTINGS.keys()
    method = tiny.resolved("warmup")["method"]
    method |= {"objective": name, "objective_settings": defaults}
    check_objective(from_json(MethodConfig, method), "x")


def test_checking_a_configuration_does_not_import_torch():
    code = (
        "import sys; from warmup.config import experiment as config; config.load(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
