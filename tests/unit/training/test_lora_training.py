"""Training of an adapter: what is learned, saved, resumed and counted."""

import copy
import re

import pytest
import torch
from safetensors.torch import load_file

from helpers import tiny
from helpers.trainings import At, KilledError, same, validation_losses, without_seconds
from warmup.common.files import read_json
from warmup.config.settings import LoraConfig
from warmup.method.criterion import Criterion
from warmup.models import loading, lora
from warmup.models.checkpoint_format import format_of, read_format
from warmup.training.flops import count_flops
from warmup.training.training_job import TrainingJob, load_start_model

pytest.importorskip("peft")

LORA = {"rank": 4, "alpha": 8.0, "dropout": 0.0, "targets": None}
CASES = [("sft", "llama"), ("warmup", "t5"), ("warmup", "llama")]


@pytest.fixture(scope="module")
def starts(data, tmp_path_factory):
    """Folders of pretrained tiny models by their type."""
    folders = {}
    for name in ("t5", "llama"):
        folders[name] = tmp_path_factory.mktemp(name)
        loading.save(loading.create(tiny.model_config(name), data[name], seed=3), folders[name])
    return folders


def configured(method, name, start, changes=None, **settings):
    config = tiny.resolved(method, name, **settings)
    del config["model"]["scratch"]
    config["model"] |= {"local": str(start), "lora": LORA | (changes or {})}
    config["method"]["start"] = "pretrained"
    return config


@pytest.fixture
def train(run, starts):
    """Return a function that trains an adapter of a pretrained model."""

    def call(method, name, changes=None, *, work=None, updates=8, callbacks=(), **settings):
        config = configured(method, name, starts[name], changes, **settings)
        return run(
            method, start=starts[name], config=config, work=work, updates=updates,
            callbacks=callbacks,
        )  # fmt: skip

    return call


@pytest.mark.parametrize(("method", "name"), CASES)
def test_the_adapter_learns_and_the_rest_stays(method, name, train, starts):
    model, training = train(method, name, updates=24, learning_rate=0.05)
    first, *_, last = (point["nll"] for point in training["validation"])
    assert last < first - 0.1
    start = load_start_model(tiny.typed(configured(method, name, starts[name])), starts[name])
    before, after = start.network.state_dict(), model.network.state_dict()
    trained = lora.trained_weights(model.network).keys()
    assert before.keys() == after.keys()
    assert {n for n in after if not torch.equal(before[n], after[n])} == trained
    assert training["config"]["model"]["lora"] == LORA


@pytest.mark.parametrize(("method", "name"), CASES[1:])
def test_a_killed_run_resumes_to_the_same_model_bit_for_bit(method, name, train, tmp_path):
    settings = {"changes": {"dropout": 0.1}, "updates": 11}
    whole, expected = train(method, name, work=tmp_path / "whole", **settings)
    killed = {**settings, "work": tmp_path / "killed"}
    with pytest.raises(KilledError):
        train(method, name, **killed, callbacks=[At("on_step_begin", 7)])
    resumed, found = train(method, name, **killed)
    assert same(whole, resumed)
    assert without_seconds(found) == without_seconds(expected)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_checkpoints_have_what_is_trained_and_the_best_one_is_taken(
    name, train, tmp_path, monkeypatch
):
    validation_losses(monkeypatch, [5.0, 1.0, 4.0])
    model, training = train("warmup", name, work=tmp_path, updates=12)
    assert training["best_update"] == 8
    best = load_file(tmp_path / "checkpoint-8" / "model.safetensors")
    found = lora.trained_weights(model.network)
    assert best.keys() == found.keys()
    assert all(torch.equal(found[n], value) for n, value in best.items())
    last = load_file(tmp_path / "checkpoint-12" / "model.safetensors")
    assert any(not torch.equal(found[n], value) for n, value in last.items())


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_a_method_that_starts_from_it_starts_from_the_merged_weights(
    name, train, run, starts, tmp_path
):
    first, _ = train("sft", name, learning_rate=0.03)
    loading.save(first, tmp_path)
    merged = load_file(tmp_path / "model.safetensors")
    config = tiny.typed(configured("sft_continued", name, tmp_path))
    second = load_start_model(config, tmp_path).network.eval()
    plain = loading.load(tmp_path, tiny.model_config(name)).network.eval()
    ids = torch.tensor([[4, 5, 6]])
    inputs = {"input_ids": ids} | ({"decoder_input_ids": ids} if name == "t5" else {})
    with torch.no_grad(), lora.adapter_off(second):
        assert torch.equal(second(**inputs).logits, plain(**inputs).logits)
    weights = lora.merged_weights(second)
    assert all(torch.equal(weights[n], value) for n, value in merged.items())
    model, _ = run("sft_continued", start=tmp_path, config=configured("sft", name, tmp_path))
    assert lora.is_adapted(model.network)


def moved(model):
    """Move an adapter away from its start."""
    generator = torch.Generator().manual_seed(0)
    for weight in lora.trained_weights(model.network).values():
        weight.add_(torch.randn(weight.shape, generator=generator) * 0.1)


@pytest.mark.parametrize("divergence", ["reverse", "forward"])
@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_reference_kl_needs_no_copy_and_is_that_of_a_copy(
    name, divergence, data, starts, monkeypatch
):
    kl = {"weight": 1.0, "updates": 6, "divergence": divergence}
    run = tiny.typed(configured("warmup", name, starts[name], reference_kl=kl))
    model = load_start_model(run, starts[name])
    copied = load_start_model(run, starts[name])
    with monkeypatch.context() as patched:
        patched.setattr(lora, "is_adapted", lambda network: False)  # so that it is copied
        by_copy = Criterion(copied, run.method, seed=1)
    patched_copy = by_copy.reference_kl.reference.network
    assert patched_copy is not copied.network
    with monkeypatch.context() as patched:
        patched.setattr(copy, "deepcopy", lambda *args: pytest.fail("was copied"))
        criterion = Criterion(model, run.method, seed=1)
    assert criterion.reference_kl.reference.network is model.network
    moved(model)
    moved(copied)
    results = []
    for one, its in ((model, criterion), (copied, by_copy)):
        with monkeypatch.context() as patched:
            if one is copied:
                patched.setattr(lora, "is_adapted", lambda network: network is not patched_copy)
            losses, notes = its.losses(one.network, tiny.batch(one, data["valid"], 8), 1)
        losses.sum().backward()
        gradients = {n: w.grad for n, w in one.network.named_parameters() if w.requires_grad}
        results.append((losses, notes["reference_kl"], gradients))
    (losses, penalty, gradients), (others, other_penalty, other_gradients) = results
    assert (penalty > 1e-4).all()
    assert torch.equal(losses, others)
    assert torch.equal(penalty, other_penalty)
    assert gradients.keys() == other_gradients.keys()
    assert all(torch.equal(gradients[n], other_gradients[n]) for n in gradients)


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_the_gradient_is_that_of_the_merged_weights(name, data, starts):
    """Each trained matrix gets what the chain rule makes of the gradient of the merged weight."""
    run = tiny.typed(configured("warmup", name, starts[name]))
    model = load_start_model(run, starts[name])
    moved(model)
    plain = copy.copy(model)
    plain.network = loading.load(starts[name], tiny.model_config(name)).network.train()
    merged = lora.merged_weights(model.network)
    plain.network.load_state_dict(merged)
    for one in (model, plain):
        criterion = Criterion(one, run.method, seed=1)
        criterion.reference_kl = None  # its start would be another one
        criterion.losses(one.network, tiny.batch(one, data["valid"], 8), 1)[0].sum().backward()
    wanted = {n: w.grad for n, w in plain.network.named_parameters()}
    scale, checked = LORA["alpha"] / LORA["rank"], 0
    for layer_name, layer in lora._layers(model.network):
        a, b = (part["default"].weight for part in (layer.lora_A, layer.lora_B))
        gradient = wanted[f"{layer_name}.weight"] * scale
        torch.testing.assert_close(b.grad, gradient @ a.T, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(a.grad, b.T @ gradient, atol=1e-4, rtol=1e-3)
        checked += 1
    rows = model.network.marker_rows
    names = {"t5": ["shared.weight"], "llama": ["model.embed_tokens.weight", "lm_head.weight"]}
    for change, weight in zip(rows.changes, names[name], strict=True):
        assert change.grad.abs().max() > 0
        torch.testing.assert_close(change.grad, wanted[weight][rows.ids], atol=1e-4, rtol=1e-3)
    assert checked


@pytest.mark.parametrize("name", ["t5", "llama"])
def test_frozen_weights_have_no_products_for_their_gradients(name, data, starts):
    """Operations of an update are those of all weights, without a third of a frozen layer's."""
    adapted = tiny.typed(configured("sft", name, starts[name]))
    whole = copy.deepcopy(configured("sft", name, starts[name]))
    del whole["model"]["lora"]
    counts = {}
    for kind, run in (("adapted", adapted), ("whole", tiny.typed(whole))):
        model = load_start_model(run, starts[name])
        criterion = Criterion(model, run.method, seed=1)
        batch = tiny.batch(model, data["valid"], 8)
        with count_flops() as counter:
            losses, _ = criterion.losses(model.network, batch, 0)
            losses.sum().backward()
        counts[kind] = counter.get_total_flops()
        if kind == "adapted":
            assert all(
                weight.grad is None
                for weight in model.network.parameters()
                if not weight.requires_grad
            )
    assert 0.5 * counts["whole"] < counts["adapted"] < 0.9 * counts["whole"]


def test_gradient_checkpointing_gives_the_same_model(train, starts, run):
    one, _ = train("warmup", "llama")
    config = configured("warmup", "llama", starts["llama"])
    config["model"]["gradient_checkpointing"] = True
    other, _ = run("warmup", start=starts["llama"], config=config)
    found = lora.trained_weights(other.network)
    for name, value in lora.trained_weights(one.network).items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-3)


def test_settings_become_those_of_peft(starts):
    changes = {"rank": 3, "alpha": 5.0, "dropout": 0.2, "targets": ["o", "wi"]}
    run = tiny.typed(configured("sft", "t5", starts["t5"], changes))
    assert run.model.lora == LoraConfig(rank=3, alpha=5.0, dropout=0.2, targets=("o", "wi"))
    network = load_start_model(run, starts["t5"]).network
    names = {name.partition(".lora_")[0] for name in lora.trained_weights(network)}
    assert {name.rpartition(".")[2] for name in names} == {"o", "wi", "0"}  # 0: rows of markers
    layers = [layer for _, layer in lora._layers(network)]
    assert all(layer.scaling["default"] == 5.0 / 3 for layer in layers)
    assert all(layer.lora_dropout["default"].p == 0.2 for layer in layers)


def test_results_hold_the_merged_model_the_adapter_and_the_version_of_peft(
    data, starts, tmp_path, capsys
):
    run = tiny.typed(configured("warmup", "t5", starts["t5"]))
    inputs = {"start": starts["t5"], "train": data["train"], "valid": data["valid"]}
    TrainingJob(run, inputs, 4, tmp_path / "work").run(tmp_path / "out")
    said = capsys.readouterr().err
    assert re.search(r"  LoRA: [\d,]+ weights are trained, [\d,]+ are frozen\n", said)
    origin = read_json(tmp_path / "out" / "provenance.json")
    assert origin["packages"]["peft"] == lora.peft_version()
    folder = tmp_path / "out" / "model"
    assert {"adapter_config.json", "adapter_model.safetensors"} == {
        path.name for path in (folder / lora.FOLDER).iterdir()
    }
    model = loading.load(folder, read_format(folder))
    assert not lora.is_adapted(model.network)
    assert read_format(folder) == format_of(run)


def test_in_low_precision_the_adapter_learns_in_float32(run, starts):
    config = configured("warmup", "llama", starts["llama"], learning_rate=0.05)
    config["model"]["dtype"] = "bfloat16"
    model, training = run("warmup", start=starts["llama"], config=config, updates=24)
    first, *_, last = (point["nll"] for point in training["validation"])
    assert last < first - 0.1
    assert all(w.dtype == torch.float32 for w in lora.trained_weights(model.network).values())
