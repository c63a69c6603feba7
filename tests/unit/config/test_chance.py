"""The accuracy of guessing, of generators and of options that the configuration lists."""

import pytest

from helpers import tiny
from warmup.config import chance, experiment


def dataset(**test):
    value = tiny.experiment()
    entry = value["datasets"]["shell_game"]
    entry["splits"]["test"] = {**entry["splits"]["test"], **test}
    return experiment.check(value).datasets["shell_game"]


@pytest.mark.parametrize("places", [3, 5])
def test_guessing_is_right_once_per_place_of_the_shell_game(places):
    assert chance.accuracy(dataset(settings={"places": places})) == pytest.approx(100 / places)


def test_it_is_in_experiment_json():
    summary = experiment.summarise(experiment.check(tiny.experiment()))
    assert set(summary["chance"]) == {"shell_game"}
