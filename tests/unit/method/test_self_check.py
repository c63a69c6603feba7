"""What the fast path makes of a network is compared with plain forward passes before it is used."""

import copy
import logging
import time
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from helpers import tiny
from warmup.common.errors import InputError
from warmup.method import self_check
from warmup.models import loading
from warmup.models.architectures import decoder_only

FORM = tiny.checkpoint_format(
    **{
        "max_source_tokens": 12,
        "max_warmup_tokens": 12,
        "max_target_tokens": 12,
        "warmup_samples": 3,
    }
)
_LLAMA = tiny.SCRATCH["llama"]
_GEMMA = {**_LLAMA, "head_dim": 8}
_GPTJ = {
    "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 128, "rotary_dim": 2,
    "initializer_range": 0.6,
}  # fmt: skip
NETWORKS = {
    "llama": _LLAMA,
    "gptj": _GPTJ,
    "codegen": _GPTJ,
    "gpt_neo": {
        "hidden_size": 16, "num_layers": 2, "num_heads": 2, "max_position_embeddings": 128,
        "attention_types": [[["global", "local"], 1]], "window_size": 4, "initializer_range": 0.6,
    },
    "xglm": {
        "d_model": 16, "ffn_dim": 32, "num_layers": 2, "attention_heads": 2,
        "max_position_embeddings": 128, "init_std": 0.6,
    },
    "mistral": {**_LLAMA, "sliding_window": 4},
    "gemma2": {**_GEMMA, "sliding_window": 4},
    "gemma3_text": {
        **_GEMMA, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"],
    },
    "cohere": _LLAMA,
    "granite": _LLAMA,
    "bloom": {"hidden_size": 16, "n_layer": 2, "n_head": 2, "initializer_range": 0.6},
    "mamba": {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4},
    "openai-gpt": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 128},
    "m2m_100": {**tiny.SCRATCH["bart"]},
    "bart": tiny.SCRATCH["bart"],
}  # fmt: skip


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a tiny network of a model type."""

    def made(model_type, **settings):
        architecture = "encoder_decoder" if model_type in ("bart", "m2m_100") else "decoder_only"
        changes = {
            "architecture": architecture,
            "scratch": {"model_type": model_type, **NETWORKS[model_type], **settings},
        }
        like = "t5" if architecture == "encoder_decoder" else "llama"
        return loading.create(
            tiny.model_config("llama", changes), tiny.tokenizer(tmp_path / like, like), seed=7
        )

    return made


@pytest.mark.parametrize(
    "model_type",
    ["llama", "gptj", "codegen", "xglm", "mistral", "gemma2", "gemma3_text", "cohere", "granite"],
)
def test_a_network_that_comes_to_the_same_passes(make, model_type):
    model = make(model_type)
    self_check.check(model, FORM)
    model.network.bfloat16()
    self_check.check(model, FORM)


@pytest.mark.parametrize("std", [0.02, 0.6])
@pytest.mark.parametrize(
    ("model_type", "reason"),
    [
        ("gpt_neo", r"\(attention eager\).*log P of a \w+, all branches at once, .* nats off"),
        ("bloom", r"\(attention eager\).*log P of a \w+, all branches at once, .* nats off"),
        ("mamba", r"layers that keep more than keys and values .*LinearAttentionLayer"),
        ("openai-gpt", r"packed branches or steps from a cache fail with RuntimeError: "),
    ],
)
def test_a_network_that_does_not_is_refused_by_name(make, model_type, reason, std):
    with pytest.raises(InputError, match=f"model type '{model_type}'.*{reason}"):
        self_check.check(make(model_type, initializer_range=std), FORM)


def test_a_start_token_that_is_padding_is_found_in_generation(make):
    # its first position is that of padding in a whole sequence, and counted in steps
    with pytest.raises(InputError, match=r"m2m_100.* a warmup, step by step, is up to 3"):
        self_check.check(make("m2m_100"), FORM)
    self_check.check(make("m2m_100", decoder_start_token_id=1), FORM)


@pytest.mark.parametrize(("model_type", "std"), [("llama", 0.02), ("gptj", 0.02), ("gptj", 0.6)])
def test_a_mask_that_shows_too_much_is_found(make, model_type, std, monkeypatch):
    model = make(model_type, initializer_range=std)
    monkeypatch.setattr(decoder_only, "packed", lambda *_: nullcontext())
    with pytest.raises(InputError, match=f"model type '{model_type}'"):
        self_check.check(model, FORM)


@pytest.mark.parametrize("std", [0.02, 0.6])
@pytest.mark.parametrize("model_type", ["mistral", "gemma2", "gemma3_text"])
def test_a_window_that_is_not_kept_is_found(make, model_type, std, monkeypatch):
    model = make(model_type, initializer_range=std)
    packed = decoder_only.packed

    def everywhere(allowed, positions):
        return packed(allowed, torch.zeros_like(positions))

    monkeypatch.setattr(decoder_only, "packed", everywhere)
    with pytest.raises(InputError, match=f"model type '{model_type}'.* nats off"):
        self_check.check(model, FORM)


@pytest.mark.parametrize("settings", [{"max_source_tokens": 4}, {"max_warmup_tokens": 1}])
def test_a_window_is_looked_for_as_far_as_the_run_reaches(make, settings):
    self_check.check(make("mistral"), replace(FORM, **settings))
    self_check.check(make("gemma3_text", sliding_window=4096), replace(FORM, **settings))
    self_check.check(make("llama", max_position_embeddings=64), replace(FORM, **settings))


def test_a_model_without_warmups_is_checked_too(make):
    form = replace(FORM, max_warmup_tokens=None, warmup_samples=None)
    self_check.check(make("mistral"), form)
    with pytest.raises(InputError, match="bloom"):
        self_check.check(make("bloom"), form)


@pytest.mark.parametrize("name", ["bart", "llama"])
def test_a_network_that_changes_its_logits_is_refused(make, name):
    model = make(name)
    self_check.check(model, FORM)
    head = model.network.lm_head

    class Capped(torch.nn.Linear):
        def forward(self, states):
            return 3 * torch.tanh(super().forward(states) / 3)

    capped = Capped(head.in_features, head.out_features, bias=False)
    capped.weight = head.weight
    model.network.lm_head = capped
    with pytest.raises(InputError, match=f"model type '{name}'.* nats off"):
        self_check.check(model, FORM)


def everything(network):
    return dict(network.named_parameters()) | dict(network.named_buffers())


@pytest.mark.parametrize(
    ("name", "settings"),
    [("bart", {}), ("bart", {"init_std": 0.02}), ("llama", {"initializer_range": 0.02})],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_leaves_everything_as_it_was(make, name, settings, dtype, monkeypatch):
    monkeypatch.setitem(self_check.TOLERANCE, dtype, (0.0, 0.0))  # so that float64 is asked, too
    monkeypatch.setattr(self_check, "ROUNDING", 0.0)
    monkeypatch.setitem(self_check.TOLERANCE, torch.float64, (3e-4, 1e-3))
    model = make(name, **settings)
    model.network.to(dtype)
    model.network.train()
    before = copy.deepcopy(everything(model.network))
    settings = model.network.config.to_dict()
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    self_check.check(model, FORM)
    assert torch.equal(torch.rand(3), expected)
    assert model.network.training
    assert model.network.config.to_dict() == settings
    after = everything(model.network)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(before[key].dtype == after[key].dtype for key in before)
    assert all(p.grad is None and p.requires_grad for p in model.network.parameters())


def test_it_is_over_in_a_moment(make):
    model = make("llama")
    began = time.perf_counter()
    self_check.check(model, FORM)
    assert time.perf_counter() - began < 2


def test_rounding_that_is_coarse_is_told_from_what_is_wrong(make, monkeypatch):
    monkeypatch.setitem(self_check.TOLERANCE, torch.float32, (0.0, 0.0))
    monkeypatch.setattr(self_check, "ROUNDING", 0.0)
    monkeypatch.setitem(self_check.TOLERANCE, torch.float64, (3e-4, 1e-3))
    self_check.check(make("llama"), FORM)
    with pytest.raises(InputError, match=r"gpt_neo.* nats off"):
        self_check.check(make("gpt_neo"), FORM)


def test_a_new_network_is_looked_at_in_a_louder_voice(make, monkeypatch):
    model = make("mistral", initializer_range=0.001)  # attends to all tokens alike
    packed = decoder_only.packed

    def everywhere(allowed, positions):
        return packed(allowed, torch.zeros_like(positions))

    self_check.check(model, FORM)
    monkeypatch.setattr(decoder_only, "packed", everywhere)
    with pytest.raises(InputError, match=r"mistral.* nats off"):
        self_check.check(model, FORM)


@pytest.mark.parametrize("name", ["bart", "llama", "gemma2"])
@pytest.mark.filterwarnings("error")
def test_nothing_of_transformers_is_used_that_will_go(make, name, caplog):
    transformers_logger = logging.getLogger("transformers")
    transformers_logger.addHandler(caplog.handler)
    level = transformers_logger.level
    transformers_logger.setLevel(logging.WARNING)
    try:
        self_check.check(make(name), FORM)
    finally:
        transformers_logger.setLevel(level)
        transformers_logger.removeHandler(caplog.handler)
    assert [text for text in caplog.messages if "deprecat" in text.lower()] == []
