"""Training: its loss and gradients, seeds, interruptions, validation, costs."""

import copy
import math

import pytest
import torch
import transformers
from transformers import TrainingArguments

import tiny
from warmup import callbacks, train, workspace
from warmup.criterion import VALIDATION, Criterion
from warmup.errors import InputError
from warmup.examples import Collator, Examples
from warmup.projection import IGNORED
from warmup.scoring import lay_out, score
from warmup.trainer import WarmupTrainer


def weights(model):
    return model.network.state_dict()


def same(one, other):
    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def without_seconds(training):
    training = copy.deepcopy(training)
    assert training["cost"].pop("seconds") > 0
    return training


@pytest.fixture
def trainer(data, tmp_path):
    """Return a function that makes a trainer on an untrained model."""

    def make(method, model_type="t5", batch_size=8, **settings):
        config = tiny.resolved(method, model_type, **settings)
        config["method"]["start"] = "scratch"
        model = train.start_model(config, data[model_type])
        lengths = {"max_source_tokens": 12, "max_target_tokens": 6}
        tokenizer = model.tokenizer
        return WarmupTrainer(
            model,
            config["method"],
            args=TrainingArguments(
                output_dir=str(tmp_path / "trainer"),
                per_device_train_batch_size=batch_size,
                per_device_eval_batch_size=8,
                max_steps=1,
                learning_rate=0.0,
                max_grad_norm=0.0,
                remove_unused_columns=False,
                report_to="none",
                use_cpu=True,
                seed=1,
                disable_tqdm=True,
                eval_strategy="no",
                save_strategy="no",
                logging_steps=1,
            ),
            train_dataset=Examples(data["train"], "multiple_choice", tokenizer, **lengths),
            eval_dataset=Examples(data["valid"], "multiple_choice", tokenizer, **lengths, limit=20),
            data_collator=Collator(model.tokens.pad, model.pads_left),
        )

    return make


def gradients(trainer):
    """Return the gradients of one update and its logged loss."""
    found = {}

    def keep(*_, **__):
        found.update(
            {n: p.grad.clone() for n, p in trainer.model.named_parameters() if p.grad is not None}
        )

    trainer.callback_handler.callbacks[0].on_pre_optimizer_step = keep
    trainer.train()
    (logged,) = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return found, logged


def test_the_sft_loss_is_that_of_plain_transformers(trainer, data):
    one = trainer("sft")
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    tokens = (batch["labels"] != IGNORED).sum()
    assert len({len(one.train_dataset.labels[i]) for i in range(8)}) > 1  # there is padding
    losses, _ = one.criterion.losses(one.model, batch, 0)
    loss = losses.sum() / tokens
    plain = one.model(
        input_ids=batch["input_ids"], attention_mask=batch["mask"], labels=batch["labels"]
    ).loss
    torch.testing.assert_close(loss, plain)
    parameters = list(one.model.parameters())
    for a, b in zip(
        torch.autograd.grad(loss, parameters), torch.autograd.grad(plain, parameters), strict=True
    ):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def in_passes(method):
    """Settings of a method that let about two of eight examples through the network at once."""
    return {"pass_tokens": {"sft": 10, "warmup": 60}[method]}


def close(one, other):
    assert one.keys() == other.keys()
    assert max(gradient.abs().max() for gradient in one.values()) > 1e-3
    for name, gradient in one.items():
        torch.testing.assert_close(other[name], gradient, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", ["sft", "warmup"])
@pytest.mark.parametrize("model_type", ["t5", "llama"])
def test_passes_give_the_gradient_of_the_whole_batch(trainer, method, model_type, monkeypatch):
    whole, loss = gradients(trainer(method, model_type))
    sizes = []
    plain = Criterion.losses

    def losses(self, network, batch, update):
        sizes.append(len(batch["index"]))
        return plain(self, network, batch, update)

    monkeypatch.setattr(Criterion, "losses", losses)
    parts, same_loss = gradients(trainer(method, model_type, **in_passes(method)))
    assert sum(sizes) == 8
    assert len(sizes) >= 3
    assert same_loss == pytest.approx(loss, rel=1e-5)
    close(whole, parts)


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_memory_that_runs_out_splits_the_batch_and_changes_nothing(
    trainer, method, monkeypatch, capsys
):
    whole, loss = gradients(trainer(method))
    plain = Criterion.losses

    def losses(self, network, batch, update):
        found = plain(self, network, batch, update)
        if len(batch["index"]) > 3:
            found[0].sum().backward()  # gradients of the failed pass are there already
            raise torch.OutOfMemoryError("for a test")
        return found

    monkeypatch.setattr(Criterion, "losses", losses)
    one = trainer(method)
    parts, same_loss = gradients(one)
    assert one.pass_tokens is not None
    assert "out of memory: going on with pass_tokens" in capsys.readouterr().err
    assert same_loss == pytest.approx(loss, rel=1e-5)
    close(whole, parts)


def test_memory_that_runs_out_in_validation_splits_the_batch_too(trainer, monkeypatch, capsys):
    expected = trainer("warmup").evaluate()["eval_loss"]
    plain = Criterion.validation

    def validation(self, network, batch):
        if len(batch["index"]) > 3:
            raise torch.OutOfMemoryError("for a test")
        return plain(self, network, batch)

    monkeypatch.setattr(Criterion, "validation", validation)
    assert trainer("warmup").evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)
    assert "out of memory: going on with pass_tokens" in capsys.readouterr().err


def test_memory_that_never_suffices_is_a_clear_error(trainer, monkeypatch):
    def losses(self, network, batch, update):
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")

    monkeypatch.setattr(Criterion, "losses", losses)
    with pytest.raises(InputError, match=r"out of memory with .* decoder tokens in one pass"):
        gradients(trainer("sft"))


def test_other_errors_are_not_taken_for_want_of_memory(trainer, monkeypatch):
    def losses(self, network, batch, update):
        raise RuntimeError("something else")

    monkeypatch.setattr(Criterion, "losses", losses)
    with pytest.raises(RuntimeError, match="something else"):
        gradients(trainer("sft"))


def test_gradient_checkpointing_changes_no_gradient(trainer, monkeypatch):
    whole, _ = gradients(trainer("warmup"))
    one = trainer("warmup")
    calls = []

    def checkpoint(*args, **kwargs):
        calls.append(args)
        return torch.utils.checkpoint.checkpoint(*args, **kwargs)

    monkeypatch.setattr(transformers.modeling_utils, "checkpoint", checkpoint)
    one.model.activation_checkpointing_enable()
    less, _ = gradients(one)
    assert calls
    close(whole, less)


def test_warmups_are_the_same_for_the_same_update_and_differ_between_updates(trainer):
    one = trainer("warmup")
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    source = one.language_model.encode(batch["input_ids"], batch["mask"])
    criterion = one.criterion
    first, again, later = (
        criterion.warm_up(source, batch["index"], update, 3)[0].ids for update in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_warmups_are_sampled_without_dropout_and_training_goes_on_with_it(trainer):
    one = trainer("warmup")
    for module in one.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.9
    one.model.train()
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    with torch.no_grad():
        one.model.eval()
        source = one.language_model.encode(batch["input_ids"], batch["mask"])
        expected = one.criterion.warm_up(source, batch["index"], 0, 3)[0].ids
        one.model.train()
        found = one.criterion.warm_up(source, batch["index"], 0, 3)[0].ids
    assert torch.equal(found, expected)
    assert all(module.training for module in one.model.modules())


def test_the_anchor_weight_falls_linearly_to_zero(trainer):
    criterion = trainer("warmup").criterion
    criterion.warmup = criterion.warmup | {"anchor": {"weight": 2.0, "updates": 4}}
    weights = [criterion.anchor_weight(update) for update in range(6)]
    assert weights == [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]
    criterion.warmup = criterion.warmup | {"anchor": None}
    assert criterion.anchor_weight(0) == 0.0


def test_the_anchor_holds_the_start_model_while_the_model_moves(trainer):
    one = trainer("warmup")
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    before = copy.deepcopy(one.criterion.start.network.state_dict())
    losses, notes = one.criterion.losses(one.model, batch, 0)
    assert notes["anchor_divergence"].abs().max() < 1e-5
    losses.sum().backward()
    with torch.no_grad():
        for parameter in one.model.parameters():
            if parameter.grad is not None:
                parameter.sub_(0.1 * parameter.grad)
    after = one.criterion.start.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in one.criterion.start.network.parameters())
    _, notes = one.criterion.losses(one.model, batch, 0)
    assert notes["anchor_divergence"].mean() > 1e-3


def test_validation_is_the_mean_over_examples_whatever_the_batches(trainer):
    one = trainer("warmup")
    found = one.evaluate()["eval_loss"]  # batches of 8, 8 and 4
    each = [
        one.prediction_step(one.model, one.data_collator([one.eval_dataset[i]]), True)[0].item()
        for i in range(20)
    ]
    assert found == pytest.approx(math.fsum(each) / 20, rel=1e-5)


def test_validation_is_the_log_of_the_mean_probability_over_warmups(trainer):
    one = trainer("warmup")
    batch = one.data_collator([one.eval_dataset[0]])
    found = one.prediction_step(one.model, batch, True)[0].item()
    source = one.language_model.encode(batch["input_ids"], batch["mask"])
    warmups, _ = one.criterion.warm_up(source, batch["index"], VALIDATION, 3)
    branches = lay_out(one.language_model.tokens, warmups, batch["labels"])
    l = score(one.language_model, one.model, source, branches).l
    assert found == pytest.approx(-math.log(l[0].double().exp().mean().item()), rel=1e-5)


@pytest.mark.parametrize("method", ["sft", "warmup"])
def test_the_same_seed_gives_the_same_model_bit_for_bit(run, tmp_path, method):
    one, first = run(method, work=tmp_path / "one")
    other, second = run(method, work=tmp_path / "other")
    assert same(one, other)
    assert without_seconds(first) == without_seconds(second)

    config = tiny.resolved(method)
    config["seed"] = 2
    different, _ = run(method, work=tmp_path / "third", config=config)
    assert not same(one, different)


class KilledError(Exception):
    """Stands for the end of the process."""


def kill_in_update(monkeypatch, number):
    """Let the process end in the update after `number` updates."""
    plain = WarmupTrainer.training_step

    def step(self, *args, **kwargs):
        if self.state.global_step == number:
            raise KilledError
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(WarmupTrainer, "training_step", step)


def kill_in_save(monkeypatch, number):
    """Let the process end when a checkpoint is written, but not marked as complete."""

    def save(self, args, state, control, **kwargs):
        if state.global_step == number:
            raise KilledError

    monkeypatch.setattr(callbacks.CompleteCheckpoints, "on_save", save)


def kill_at_the_end(monkeypatch):
    """Let the process end after the last checkpoint, before any output is there."""

    def end(*_):
        raise KilledError

    monkeypatch.setattr(train, "summarise", end)


INTERRUPTIONS = {
    "before any checkpoint": lambda patch: kill_in_update(patch, 3),
    "behind a checkpoint": lambda patch: kill_in_update(patch, 4),
    "between checkpoints": lambda patch: kill_in_update(patch, 7),
    "in the first checkpoint": lambda patch: kill_in_save(patch, 4),
    "in a later checkpoint": lambda patch: kill_in_save(patch, 8),
    "at the end": kill_at_the_end,
}


RESUMABLE = {
    "sft": {"pass_tokens": 10, "lr_warmup": 2},
    "warmup": {"warmup": {"samples": 3, "max_tokens": 3, "anchor": {"updates": 10}}},
}


def resumable(method):
    config = tiny.resolved(method, **RESUMABLE[method])
    # dropout: the state of PyTorch's generator has to survive as well
    config["model"]["scratch"]["dropout_rate"] = 0.1
    return {"config": config, "updates": 11}


@pytest.fixture(scope="module")
def uninterrupted(run):
    return {method: run(method, **resumable(method)) for method in RESUMABLE}


@pytest.mark.parametrize("moment", INTERRUPTIONS)
@pytest.mark.parametrize("method", RESUMABLE)
def test_a_killed_run_resumes_to_the_same_model_bit_for_bit(
    *, run, tmp_path, monkeypatch, uninterrupted, method, moment
):
    with monkeypatch.context() as patch:
        INTERRUPTIONS[moment](patch)
        with pytest.raises(KilledError):
            run(method, work=tmp_path, **resumable(method))
    resumed, found = run(method, work=tmp_path, **resumable(method))
    whole, expected = uninterrupted[method]
    assert same(whole, resumed)
    assert without_seconds(found) == without_seconds(expected)
    assert found["updates"] == 11


def validation_losses(monkeypatch, values):
    """Let validation return the given values instead of what the model is worth."""
    plain = WarmupTrainer._evaluate

    def evaluate(self, *args, **kwargs):
        self._value = values[self.state.global_step // 4 - 1]
        return plain(self, *args, **kwargs)

    def step(self, *args, **kwargs):
        return torch.tensor(self._value), None, None

    monkeypatch.setattr(WarmupTrainer, "_evaluate", evaluate)
    monkeypatch.setattr(WarmupTrainer, "prediction_step", step)


def test_early_stopping_stops_and_the_best_checkpoint_is_the_one_returned(
    run, tmp_path, monkeypatch
):
    best, _ = run("sft", work=tmp_path / "best", updates=8, lr_schedule="constant")
    validation_losses(monkeypatch, [5.0, 3.0, 4.0, 3.5, 1.0])
    model, training = run(
        "sft", work=tmp_path / "early", updates=20, lr_schedule="constant", patience=2
    )
    assert training["stopped"] == "early"
    assert training["updates"] == 16
    assert training["best_update"] == 8
    assert [point["nll"] for point in training["validation"]] == [5.0, 3.0, 4.0, 3.5]
    assert same(model, best)


@pytest.mark.parametrize("moment", ["between", "at the end"])
def test_patience_survives_an_interruption(run, tmp_path, monkeypatch, moment):
    settings = {"updates": 20, "lr_schedule": "constant", "patience": 2}
    validation_losses(monkeypatch, [5.0, 3.0, 4.0, 3.5, 1.0])
    whole, expected = run("sft", work=tmp_path / "whole", **settings)
    with monkeypatch.context() as patch:
        if moment == "between":  # one validation without improvement is behind it
            kill_in_update(patch, 13)
        else:
            kill_at_the_end(patch)
        with pytest.raises(KilledError):
            run("sft", work=tmp_path / "killed", **settings)
    resumed, found = run("sft", work=tmp_path / "killed", **settings)
    assert without_seconds(found) == without_seconds(expected)
    assert same(whole, resumed)


def test_without_patience_all_updates_are_made(run, monkeypatch):
    validation_losses(monkeypatch, [1.0, 2.0, 3.0, 4.0, 5.0])
    _, training = run("sft", updates=20)
    assert (training["updates"], training["stopped"], training["best_update"]) == (20, "budget", 4)


def test_the_history_and_the_costs_are_complete(run):
    model, training = run("warmup", updates=11, pass_tokens=60)
    assert [point["update"] for point in training["history"]] == [2, 4, 6, 8, 10, 11]
    for point in training["history"]:
        assert {"loss", "reward", "warmup_length", "warmup_forced", "effective_sample_size"} <= set(
            point
        )
        assert 1 <= point["effective_sample_size"] <= 3
        assert 0 <= point["warmup_length"] <= 3
        assert point["reward"] < 0
    # the anchor's weight is zero from update 6 on
    assert ["anchor_divergence" in point for point in training["history"]] == [True] * 3 + [
        False
    ] * 3
    assert [point["update"] for point in training["validation"]] == [4, 8, 11]
    assert training["cost"]["examples"] == 11 * 8
    assert training["cost"]["target_tokens"] >= 2 * training["cost"]["examples"]
    assert training["cost"]["flops"] > 0
    assert model.network is not None


def test_operations_are_counted_with_sampling_and_per_update(run):
    def flops(method, **settings):
        return run(method, **settings)[1]["cost"]["flops"]

    sft, warmup = flops("sft", updates=4), flops("warmup", updates=4)
    assert warmup > 2 * sft
    # counted at the first update only: one update costs as much as another
    assert flops("sft", updates=8) == pytest.approx(2 * sft)
    # sequences are padded to the longest of a batch, so that smaller batches take a little less
    assert flops("sft", updates=4, pass_tokens=10) == pytest.approx(sft, rel=0.1)
    more = flops("warmup", updates=4, warmup={"samples": 6, "max_tokens": 3})
    assert more > 1.4 * warmup


def test_training_learns(run):
    _, training = run("sft", updates=200, learning_rate=0.01, validate_every=20)
    first, last = training["validation"][0]["nll"], training["validation"][-1]["nll"]
    assert last < 0.8 * first
    assert training["best_update"] > 100


def test_an_interrupted_run_of_other_settings_is_refused_or_dropped(
    run, data, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        kill_in_update(patch, 6)
        with pytest.raises(KilledError):
            run("sft", work=tmp_path / "work")
    with pytest.raises(InputError, match=r"learning_rate was 0\.01 and is 0\.02"):
        run("sft", work=tmp_path / "work", learning_rate=0.02)
    config = tiny.resolved("sft", learning_rate=0.02)
    inputs = {"start": data["t5"], "train": data["train"], "valid": data["valid"]}
    afresh, _ = train.train(config, inputs, 8, tmp_path / "work", fresh=True)
    whole, _ = run("sft", work=tmp_path / "other", learning_rate=0.02)
    assert same(afresh, whole)
    workspace.clear(tmp_path / "work")
    assert not list((tmp_path / "work").glob("checkpoint-*"))
