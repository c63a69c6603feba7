"""`dtype: bfloat16`: losses, gradients, training and generation compared with those in float32."""

import itertools
import shutil
from dataclasses import replace

import pytest
import torch
from test_criterion import batch_for, gradient, method

from helpers import tiny
from helpers.predictions import predict
from warmup.data.records import read_records
from warmup.method.criterion import Criterion
from warmup.method.scoring import build_branches, score
from warmup.models import loading
from warmup.models.checkpoint_format import format_of, write_format

STEP = 2**-8
"""Largest relative error of a number that is rounded to bfloat16."""
MODELS = ["t5", "llama"]


def bfloat16():
    """Return what the Trainer puts around an update with `dtype: bfloat16`."""
    return torch.autocast("cpu", dtype=torch.bfloat16)


@pytest.fixture(params=MODELS)
def problem(request):
    """A model, a batch, a criterion, and the warmups that it samples in float32."""
    model = tiny.model(request.param)
    batch = batch_for(model)
    criterion = Criterion(model, method(), seed=1)
    with torch.no_grad():
        source = model.encode(batch["input_ids"], batch["mask"])
        warmups, _ = criterion.sample_warmups(source, batch["index"], 0, 4)
    return model, batch, criterion, warmups


def scores(model, batch, branches):
    source = model.encode(batch["input_ids"], batch["mask"])
    return source, score(model, model.network, source, branches)


def test_log_probabilities_differ_by_the_rounding_of_logits(problem):
    model, batch, _, warmups = problem
    branches = build_branches(model.tokens, warmups, batch["labels"])
    with torch.no_grad():
        source, expected = scores(model, batch, branches)
        with bfloat16():
            _, found = scores(model, batch, branches)
        states = model.branch_states(model.network, source, branches.ids, branches.valid)
        largest = model.projection.logits(states)[branches.valid].abs().max()
    # rounded are the logits and, on the way to them, states: some steps of the largest logit
    for name in ("warmup_tokens", "target_tokens"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == torch.float32
        assert 0 < (one - other).abs().max() < 8 * STEP * largest, name
    # sums are made in float32: they are no further off than their terms
    torch.testing.assert_close(found.s, found.warmup_tokens.sum(-1))
    torch.testing.assert_close(found.l, found.target_tokens.sum(-1))


def test_losses_and_the_direction_of_the_gradient_stay(problem, monkeypatch):
    model, batch, criterion, warmups = problem
    # the same warmups: rounded probabilities may give others
    monkeypatch.setattr(criterion, "sample_warmups", lambda *_: (warmups, None))
    expected, _ = criterion.losses(model.network, batch, 0)
    with bfloat16():
        found, _ = criterion.losses(model.network, batch, 0)
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0.0)
    one, other = gradient(model, found), gradient(model, expected)
    assert one.dtype == torch.float32
    assert torch.cosine_similarity(one, other, dim=0) > 0.995
    assert one.norm() == pytest.approx(other.norm().item(), rel=0.02)


@pytest.fixture(scope="module", params=MODELS)
def trained(request, run):
    """A model after some updates in bfloat16, with its resolved run and training.json."""
    config = tiny.resolved("warmup", request.param)
    config["model"]["dtype"] = "bfloat16"
    precisions = set()
    plain = Criterion.losses

    def losses(self, network, batch, update):
        on = torch.is_autocast_enabled("cpu")
        precisions.add(torch.get_autocast_dtype("cpu") if on else torch.float32)
        return plain(self, network, batch, update)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Criterion, "losses", losses)
        model, training = run("warmup", request.param, config=config, updates=12)
    assert precisions == {torch.bfloat16}
    return model, config, training


def test_training_is_in_bfloat16_on_float32_weights_and_learns(trained):
    model, _, training = trained
    assert {weight.dtype for weight in model.network.parameters()} == {torch.float32}
    assert any(  # with all digits of float32, a weight is not a number of bfloat16
        not torch.equal(weight, weight.bfloat16().float()) for weight in model.network.parameters()
    )
    losses = [point["loss"] for point in training["history"]]
    assert len(losses) == 6
    assert losses[-1] < 0.85 * losses[0]  # it is finite then
    nll = [point["nll"] for point in training["validation"]]
    assert all(later < earlier for earlier, later in itertools.pairwise(nll))


def test_predictions_are_those_in_float32_but_for_rounding(trained, data, tmp_path):
    model, config, _ = trained
    loading.save(model, tmp_path / "float32")
    shutil.copytree(tmp_path / "float32", tmp_path / "bfloat16")
    records = list(read_records(data["valid"]))
    made = {}
    for dtype in ("float32", "bfloat16"):
        form = replace(format_of(tiny.typed(config)), dtype=dtype)
        write_format(tmp_path / dtype, form)
        made[dtype] = predict(tmp_path / dtype, records)
    pairs = list(zip(made["float32"], made["bfloat16"], strict=True))
    same = [
        (one, other)
        for one, other in pairs
        if (one["warmup"], one["output"]) == (other["warmup"], other["output"])
    ]
    assert len(same) > 0.7 * len(pairs)  # where two tokens are about as likely, rounding decides
    assert any(one != other for one, other in same)
    for one, other in same:
        for name in ("warmup_log_probability", "output_log_probability"):
            assert other[name] == pytest.approx(one[name], abs=0.05)
