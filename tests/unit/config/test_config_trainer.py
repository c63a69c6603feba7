"""`trainer`: other settings of TrainingArguments in a configuration."""

import pytest

from helpers import tiny
from warmup.common.errors import InputError
from warmup.config import checks
from warmup.config.conversion import to_json
from warmup.config.experiment import check, runs
from warmup.pipeline.plan import Plan


def the_run(**trainer):
    """Return the run of a configuration, as JSON."""
    return to_json(runs(check(tiny.experiment(trainer=trainer)))["shell_game/en/t5/sft/seed1"])


def test_a_setting_is_part_of_each_run_and_a_tracker_is_not():
    assert "trainer" not in the_run()
    assert the_run(optim="adafactor")["trainer"] == {"optim": "adafactor"}
    assert the_run(report_to=["tensorboard"]) == the_run()
    plan = Plan(tiny.experiment(trainer={"report_to": ["tensorboard"]}))
    assert plan.report_to == "--report-to tensorboard"
    assert Plan(tiny.experiment()).report_to == ""


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ({"optm": "sgd"}, "unknown key 'optm'; valid keys: "),
        ({"optim": "adam"}, "optim: 'adam' is not one of: adafactor, adagrad, "),
        ({"adam_beta2": "0.9"}, "adam_beta2: '0.9' is not of type 'number'"),
        ({"learning_rate": 0.1}, "cannot be set: set `learning_rate` of the method"),
        ({"max_steps": 5}, "'max_steps' cannot be set: set `budget` of the method"),
        ({"label_smoothing_factor": 0.1}, "a smoothed target has no probability"),
        ({"report_to": ["tensorbord"]}, "'tensorbord' is not one of: tensorboard, trackio, wandb"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(trainer, message):
    with pytest.raises(InputError) as error:
        check(tiny.experiment(trainer=trainer))
    assert str(error.value).startswith("config: trainer")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_tracker_that_is_not_installed_is_named_before_the_first_job():
    config = check(tiny.experiment(trainer={"report_to": ["trackio"]}))
    with pytest.raises(InputError, match="report_to: trackio is not installed; pip install tr"):
        checks.check_trackers(config)
    checks.check_trackers(check(tiny.experiment()))
