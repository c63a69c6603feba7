"""Training: its loss and gradients, micro-batches and memory, warmups, the reference KL,
validation.
"""

import copy
import math
from dataclasses import replace

import pytest
import torch
import transformers

from helpers import tiny
from warmup.common.errors import InputError
from warmup.data.batches import IGNORED, Examples
from warmup.data.token_files import Form
from warmup.method.criterion import Criterion
from warmup.method.random_numbers import Stream
from warmup.method.scoring import build_branches, score
from warmup.training.arguments import training_arguments
from warmup.training.log_sums import LogSums
from warmup.training.trainer import WarmupTrainer
from warmup.training.training_job import load_start_model


@pytest.fixture
def trainer(data, tmp_path):
    """Return a function that makes a trainer on an untrained model."""

    def make(method, model_type="t5", batch_size=8, **settings):
        config = tiny.resolved(method, model_type, **settings)
        config["method"]["start"] = "scratch"
        config = tiny.typed(config)
        model = load_start_model(config, data[model_type])
        args = replace(
            training_arguments(config, 1, tmp_path / "trainer"),
            per_device_train_batch_size=batch_size,
            learning_rate=0.0,
            max_grad_norm=0.0,
            eval_strategy="no",
            save_strategy="no",
            load_best_model_at_end=False,
            logging_steps=1,
        )

        def reader(split, limit=None):
            form = Form("multiple_choice", 12, 6, limit)
            folder = tmp_path / "tokens"
            return lambda model: Examples(data[split], form, model.tokenizer, folder=folder)

        return WarmupTrainer(
            model, args, train_dataset=reader("train"), eval_dataset=reader("valid", 20)
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


def in_microbatches(method):
    """Settings of a method that let about two of eight examples through the network at once."""
    return {"max_tokens_per_microbatch": {"sft": 22, "warmup": 62}[method]}


def close(one, other):
    assert one.keys() == other.keys()
    assert max(gradient.abs().max() for gradient in one.values()) > 1e-3
    for name, gradient in one.items():
        torch.testing.assert_close(other[name], gradient, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", ["sft", "warmup"])
@pytest.mark.parametrize("model_type", ["t5", "llama"])
def test_micro_batches_give_the_gradient_of_the_whole_batch(trainer, method, model_type):
    whole, loss = gradients(trainer(method, model_type))
    one = trainer(method, model_type, **in_microbatches(method))
    parts, same_loss = gradients(one)
    sizes = [len(microbatch.losses) for microbatch in one.update.microbatches]
    assert sum(sizes) == 8
    assert len(sizes) >= 3
    assert same_loss == pytest.approx(loss, rel=1e-5)
    close(whole, parts)


@pytest.mark.parametrize(
    ("method", "error"), [("sft", torch.OutOfMemoryError), ("warmup", MemoryError)]
)
def test_memory_that_runs_out_splits_the_batch_and_changes_nothing(
    trainer, method, error, monkeypatch, capsys
):
    whole, loss = gradients(trainer(method))
    plain = Criterion.losses

    def losses(self, network, batch, update):
        found = plain(self, network, batch, update)
        if len(batch["index"]) > 3:
            found[0].sum().backward()  # gradients of the failed pass are there already
            raise error("for a test")
        return found

    monkeypatch.setattr(Criterion, "losses", losses)
    one = trainer(method)
    parts, same_loss = gradients(one)
    assert one.max_tokens_per_microbatch is not None
    assert "out of memory: going on with max_tokens_per_microbatch" in capsys.readouterr().err
    assert same_loss == pytest.approx(loss, rel=1e-5)
    close(whole, parts)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
def test_memory_that_runs_out_in_validation_splits_the_batch_too(
    trainer, error, monkeypatch, capsys
):
    expected = trainer("warmup").evaluate()["eval_loss"]
    plain = Criterion.validation

    def validation(self, network, batch):
        if len(batch["index"]) > 3:
            raise error("for a test")
        return plain(self, network, batch)

    monkeypatch.setattr(Criterion, "validation", validation)
    assert trainer("warmup").evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-5)
    assert "out of memory: going on with max_tokens_per_microbatch" in capsys.readouterr().err


def test_memory_that_never_suffices_is_a_clear_error(trainer, monkeypatch):
    def losses(self, network, batch, update):
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")

    monkeypatch.setattr(Criterion, "losses", losses)
    with pytest.raises(
        InputError, match=r"out of memory with \d+ tokens in one micro-batch, of one"
    ):
        gradients(trainer("sft"))


def test_other_errors_are_not_taken_for_want_of_memory(trainer, monkeypatch):
    def losses(self, network, batch, update):
        raise RuntimeError("something else")

    monkeypatch.setattr(Criterion, "losses", losses)
    with pytest.raises(RuntimeError, match="something else"):
        gradients(trainer("sft"))


def test_the_log_has_sums_with_all_their_digits():
    sums = LogSums()
    sums.add("examples", 2.0**24)
    sums.add("examples", 1.0)  # float32 has no such number
    assert sums.take(lambda pair: pair) == {"examples": 2**24 + 1}
    assert sums.take(lambda pair: pair) == {}


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
        criterion.sample_warmups(source, batch["index"], update, 3)[0].ids for update in (3, 3, 4)
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
        expected = one.criterion.sample_warmups(source, batch["index"], 0, 3)[0].ids
        one.model.train()
        found = one.criterion.sample_warmups(source, batch["index"], 0, 3)[0].ids
    assert torch.equal(found, expected)
    assert all(module.training for module in one.model.modules())


@pytest.mark.parametrize(
    ("final", "expected"),
    [(0.0, [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]), (1.0, [2.0, 1.75, 1.5, 1.25, 1.0, 1.0])],
)
def test_the_weight_of_the_reference_kl_falls_linearly_to_its_final_value(trainer, final, expected):
    one = trainer("warmup", reference_kl={"weight": 2.0, "updates": 4, "final": final})
    weights = [one.criterion.reference_kl.weight(update) for update in range(6)]
    assert weights == expected


def test_without_a_reference_kl_the_loss_has_no_such_term(trainer):
    one = trainer("warmup", reference_kl=None)
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    _, notes = one.criterion.losses(one.model, batch, 0)
    assert "reference_kl" not in notes


def test_the_reference_kl_holds_the_start_model_while_the_model_moves(trainer):
    one = trainer("warmup")
    batch = one.data_collator([one.train_dataset[i] for i in range(8)])
    before = copy.deepcopy(one.criterion.reference_kl.reference.network.state_dict())
    losses, notes = one.criterion.losses(one.model, batch, 0)
    assert notes["reference_kl"].abs().max() < 1e-5
    losses.sum().backward()
    with torch.no_grad():
        for parameter in one.model.parameters():
            if parameter.grad is not None:
                parameter.sub_(0.1 * parameter.grad)
    after = one.criterion.reference_kl.reference.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in one.criterion.reference_kl.reference.network.parameters())
    _, notes = one.criterion.losses(one.model, batch, 0)
    assert notes["reference_kl"].mean() > 1e-3


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
    warmups, _ = one.criterion.sample_warmups(source, batch["index"], Stream.VALIDATION, 3)
    branches = build_branches(one.language_model.tokens, warmups, batch["labels"])
    l = score(one.language_model, one.model, source, branches).l
    assert found == pytest.approx(-math.log(l[0].double().exp().mean().item()), rel=1e-5)
