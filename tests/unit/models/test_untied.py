"""An mT5 with an output layer of its own keeps it, though `transformers` says that it is tied."""

import copy

import pytest
import torch
from safetensors.torch import load_file

from helpers import tiny
from helpers.trainings import At, KilledError, same, validation_losses, without_seconds
from warmup.config.settings import ReferenceKLConfig
from warmup.method.criterion import Criterion
from warmup.models import loading

OUTPUT, SHARED = "lm_head.weight", "shared.weight"


@pytest.fixture(scope="module")
def start(data, tmp_path_factory):
    """The folder of a tiny untied mT5."""
    folder = tmp_path_factory.mktemp("untied")
    loading.save(tiny.untied_mt5(data["t5"]), folder)
    return folder


@pytest.fixture
def model(start):
    return loading.load(start, tiny.model_config("mt5"))


@pytest.fixture
def train(run, start):
    """Return a function that trains the untied mT5."""

    def call(method, **settings):
        config = tiny.resolved(method, validate_every=4)
        del config["model"]["scratch"]
        config["model"]["local"] = str(start)
        config["method"]["start"] = "pretrained"
        return run(method, start=start, config=config, **settings)

    return call


def test_it_survives_saving_and_loading(start, model, tmp_path):
    expected = load_file(start / "model.safetensors")
    assert {OUTPUT, SHARED} <= expected.keys()
    assert not torch.equal(expected[OUTPUT], expected[SHARED])
    loading.save(model, tmp_path)
    again = loading.load(tmp_path, tiny.model_config("mt5"))
    for network in (model.network, again.network):
        found = network.state_dict()
        assert all(torch.equal(found[name], value) for name, value in expected.items())
        for part in ("encoder", "decoder"):
            assert torch.equal(found[f"{part}.embed_tokens.weight"], expected[SHARED])


def test_the_separator_begins_as_the_end_token_in_the_output_layer_alone(start, model):
    before = load_file(start / "model.safetensors")
    loading.init_separator_from_eos(model)
    after = model.network.state_dict()
    separator, end = model.tokens.separator, model.tokens.end
    assert torch.equal(after[OUTPUT][separator], before[OUTPUT][end])
    others = torch.arange(len(before[OUTPUT])) != separator
    assert torch.equal(after[OUTPUT][others], before[OUTPUT][others])
    assert torch.equal(after[SHARED], before[SHARED])


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_training_moves_both_and_keeps_them_apart(method, train, start):
    before = load_file(start / "model.safetensors")
    after = train(method)[0].network.state_dict()
    for name in (OUTPUT, SHARED):
        assert not torch.equal(after[name], before[name])
    assert not torch.equal(after[OUTPUT], after[SHARED])


def test_a_killed_run_resumes_to_the_same_model_bit_for_bit(train, tmp_path):
    whole, expected = train("warmup", work=tmp_path / "whole", updates=11)
    with pytest.raises(KilledError):
        train("warmup", work=tmp_path / "killed", updates=11, callbacks=[At("on_step_begin", 7)])
    resumed, found = train("warmup", work=tmp_path / "killed", updates=11)
    assert same(whole, resumed)
    assert without_seconds(found) == without_seconds(expected)


def test_the_best_model_is_that_of_its_checkpoint(train, tmp_path, monkeypatch):
    validation_losses(monkeypatch, [5.0, 1.0, 4.0])
    model, training = train("warmup", work=tmp_path, updates=12)
    assert training["best_update"] == 8
    best = load_file(tmp_path / "checkpoint-8" / "model.safetensors")
    found = model.network.state_dict()
    assert all(torch.equal(found[name], value) for name, value in best.items())
    assert {OUTPUT, SHARED} <= best.keys()


def test_the_reference_of_the_reference_kl_is_the_start_model(model, data):
    method = tiny.typed(tiny.resolved("warmup")).method
    assert isinstance(method.reference_kl, ReferenceKLConfig)
    criterion = Criterion(model, method, seed=1)
    before = copy.deepcopy(model.network.state_dict())
    batch = tiny.batch(model, data["valid"], 4)

    def divergence():
        return criterion.losses(model.network, batch, 1)[1]["reference_kl"]

    torch.testing.assert_close(divergence(), torch.zeros(4), atol=1e-5, rtol=0)
    with torch.no_grad():
        model.network.lm_head.weight.mul_(0.5)
    assert (divergence() > 0.01).all()
    kept = criterion.reference_kl.reference.network.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in before.items())
