"""Every causal and sequence-to-sequence model type of `transformers`, as a tiny network.

`make model-types` writes docs/models.md with it: which types are right, and which are refused.
"""

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from transformers import AutoConfig
from transformers import __version__ as version
from transformers.models.auto import modeling_auto

from helpers import tiny
from warmup.common.errors import InputError
from warmup.method import self_check
from warmup.models import loading

TYPES = sorted(
    [
        *((name, "decoder_only") for name in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
        *(
            (name, "encoder_decoder")
            for name in modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
        ),
    ]
)
"""Model types and architectures."""

SMALL: tuple[tuple[str, Any], ...] = (
    (r"num_key_value_heads|num_kv_heads|n_head_kv", 2),
    (r"(^|_)(heads|n_head|n_heads|num_heads|attention_heads)$", 2),
    (r"(?<!qk_)head_dim$|head_size$|d_kv|kv_channels", 8),
    (r"(?<!shared_)layers$|n_layer$|num_blocks$", 2),
    (r"max_position_embeddings|n_positions|n_ctx|max_seq_len|max_sequence_length", 128),
    (r"sliding_window$|window_size$|attention_window$|chunk_size$", 4),
    (r"rotary_dim$", 4),
    (r"_rank$", 8),
    (r"num_experts_per_tok|top_?k$", 2),
    (r"num_.*experts$|n_routed_experts", 4),
    (r"state_size|d_state", 8),
    (r"ffn_dim$|intermediate_size|d_ff$|ffn_hidden_size|n_inner", 32),
    (r"hidden_size|d_model|n_embd|embedding_size|word_embed_proj_dim|lru_width|^(emb_)?dim$", 16),
    (r"dropout|pdrop", 0.0),
)
"""Small values of numbers by their setting's name; the first that fits."""

_KINDS = ["sliding_attention", "full_attention"]
_ROPE = {kind: {"rope_type": "default", "rope_theta": 10000.0} for kind in _KINDS}
_GEMMA = {
    "num_kv_shared_layers": 0,
    "vocab_size_per_layer_input": 32,
    "hidden_size_per_layer_input": 8,
}
_START = {"decoder_start_token_id": 1}
"""Of types that count positions without padding: a START that is padding has none."""
_T5GEMMA = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "sliding_window": 4,
    "max_position_embeddings": 128,
    "layer_types": _KINDS,
    "vocab_size": 10,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "axk1": {"n_group": 2, "topk_group": 1},
    "big_bird": {"attention_type": "original_full", "max_position_embeddings": 256},
    "codegen": {"n_head": 4, "rotary_dim": 2},
    "cohere_compass_text": {"rope_parameters": _ROPE, "layer_types": _KINDS},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0},
        "ffn_config": {"hidden_size": 16, "ffn_hidden_size": 32},
    },
    "deepseek_v2": {"num_experts_per_tok": 2},
    "dots1": {"n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1},
    "ernie4_5_moe": {"moe_num_experts": 4, "moe_k": 2},
    "gemma3n_text": {
        **_GEMMA,
        "intermediate_size": [32, 32],
        "activation_sparsity_pattern": [0.0, 0.0],
    },
    "gemma4_text": {**_GEMMA, "per_layer_config": {}},
    "gemma4_unified_text": {"num_kv_shared_layers": 0, "per_layer_config": {}},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8, "num_experts": 4, "moe_topk": 2},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "longcat_flash": {"moe_topk": 2, "zero_expert_num": 2, "expert_ffn_hidden_size": 32},
    "m2m_100": _START,
    "mamba2": {"num_heads": 4, "n_groups": 2},
    "mimo_v2_flash": {"head_dim": 24, "num_key_value_heads": 1},
    "ministral": {"head_dim": 8},
    "nemotron": {"num_key_value_heads": 2},
    "nemotron_h": {"mamba_num_heads": 4, "mamba_head_dim": 8, "n_groups": 2},
    "nllb-moe": _START,
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 4,
        "indexer_compress_ratio": 2,
        "ngram_vocab_size_base": 64,
        "ple_embed_dim": 16,
        "hc_count": 2,
        "heads_per_ngram": 2,
        "split_ngram_parts": 2,
        "make_ngram_vocab_size_divisible_by": 2,
    },
    "reformer": {
        "axial_pos_embds": False,
        "num_buckets": 4,
        "attn_layers": ["local", "lsh"],
        "feed_forward_size": 32,
        "local_attn_chunk_length": 4,
        "lsh_attn_chunk_length": 4,
    },
    "roc_bert": {
        "shape_vocab_size": 32,
        "shape_embed_dim": 8,
        "pronunciation_vocab_size": 32,
        "pronunciation_embed_dim": 8,
    },
    "seamless_m4t": _START,
    "seamless_m4t_v2": _START,
    "t5gemma": {"encoder": _T5GEMMA, "decoder": _T5GEMMA, **_START},
    "xlm": {"causal": True},
    "xlstm": {"embedding_dim": 16},
    "xmod": {"default_language": "en_XX"},
    "zamba": {
        "layers_block_type": ["linear_attention", "hybrid", "hybrid"],
        "num_hidden_layers": 3,
        "attention_hidden_size": 32,
        "attention_head_dim": 16,
    },
    "zamba2": {
        "layers_block_type": ["linear_attention", "hybrid"],
        "hybrid_layer_ids": [1],
        "attention_hidden_size": 32,
        "attention_head_dim": 16,
        "mamba_headdim": 8,
        "n_mamba_heads": 4,
    },
    "zaya": {"num_experts_per_tok": 1},
}
"""What a type needs in addition."""

UNBUILT = {
    "blt": "reads bytes in patches, with tables of hashes of 3 billion weights",
    "git": "is made for images: its network holds one that sees",
    "phi4_multimodal": "holds networks for images and sound that have no small settings",
    "t5gemma2": "is made for images: its encoder holds a network that sees",
}
"""Types of which no tiny network is made here, and why."""

FORM = tiny.checkpoint_format(
    **{
        "max_source_tokens": 12,
        "max_warmup_tokens": 12,
        "max_target_tokens": 12,
        "warmup_samples": 3,
    }
)


def scratch(model_type: str) -> dict[str, Any]:
    """Return the settings of a tiny network of a type."""
    try:
        config = AutoConfig.for_model(model_type).to_dict()
    except Exception:  # a type that does not take its own defaults
        config = {}
    found: dict[str, Any] = {}
    for key, value in config.items():
        fits = [small for pattern, small in SMALL if re.search(pattern, key)]
        if fits and isinstance(value, int | float) and not isinstance(value, bool):
            found[key] = fits[0]
    if config.get("layer_types"):  # one layer of each kind
        found["layer_types"] = sorted(set(config["layer_types"]), reverse=True)
    if "is_decoder" in config:
        found["is_decoder"] = True
    found |= SETTINGS.get(model_type, {})
    if "layer_types" in found:
        found["num_hidden_layers"] = len(found["layer_types"])
    return found


@cache
def tokenizer(like: str) -> Path:
    """Return the folder of a word tokenizer."""
    return tiny.tokenizer(Path(tempfile.mkdtemp()), like)


def make(model_type: str, architecture: str) -> Any:
    """Return a tiny network of a type with random weights.

    Raises:
        InputError: the type makes no such network.
    """
    settings = scratch(model_type)
    if architecture == "decoder_only":
        settings.pop("decoder_start_token_id", None)
    changes = {
        "architecture": architecture,
        "scratch": {"model_type": model_type, **settings},
    }
    like = "t5" if architecture == "encoder_decoder" else "llama"
    model = loading.create(tiny.model_config("llama", changes), tokenizer(like), seed=7)
    model.network.eval()
    return model


def verdict(model_type: str, architecture: str) -> tuple[str, str]:
    """Return by which attention a type computes, and "equal" or why it is refused."""
    if model_type in UNBUILT:
        return "–", f"not built here: it {UNBUILT[model_type]}"
    attention = "–"
    try:
        model = make(model_type, architecture)
        attention = model.network.config._attn_implementation.removesuffix("_shared")
        self_check.check(model, FORM)
    except InputError as error:
        return attention, f"refused: {reason(str(error))}"
    return attention, "equal"


def reason(message: str) -> str:
    """Return what a refusal says, without what differs between machines and types."""
    if "nats off" in message:
        return "its log-probabilities are not those of plain forward passes"
    if failed := re.search(r"fail with (\w+)", message):
        return f"packed branches or steps from a cache fail ({failed[1]})"
    if kept := re.search("it has (layers that keep .*)", message):
        return kept[1]
    if parts := re.search("it is made of (.*);", message):
        return f"made of several networks ({parts[1]})"
    return "`transformers` makes no network of it"


def document() -> str:
    """Return docs/models.md."""
    verdicts = {pair: verdict(*pair) for pair in TYPES}
    equal = sum(result == "equal" for _, result in verdicts.values())
    rows = [
        f"| `{name}` | {architecture} | {attention} | {result} |"
        for (name, architecture), (attention, result) in verdicts.items()
    ]
    return "\n".join([TEXT.format(version=version, equal=equal, all=len(rows)), *rows, ""])


TEXT = """# Models

## Pickled weights

Weights are loaded from safetensors, which hold numbers alone. A pickled file can hold code that
runs when it is opened, so none is loaded, and none is downloaded but one: if the configuration has
the SHA-256 of a repository's `pytorch_model.bin`, as for `google/mt5-base` in
[paper.yaml](../config/experiments/paper.yaml), `warmup fetch model` makes safetensors of it.

```yaml
models:
  mt5_base:
    architecture: encoder_decoder
    hub: google/mt5-base
    revision: 2eb15465c5dd7f72a8f7984306ad05ebc3dd1e1f
    pickled_sha256: 180573b534144580f04af026da62bf71bc976ee1b7eb311b8945e2fefde8d614
    separator: ▁<extra_id_0>
```

1. The hash of the downloaded file is compared before anything is read from it. If it is another
   one, the message has both.
2. PyTorch reads the file with `weights_only=True`, which makes nothing but tensors and plain
   values. A file that asks for anything else is refused.
3. The tensors are written to `model.safetensors`, read back, and compared bit by bit.
4. The pickled file is deleted. If the command is killed before that, the next start converts it
   again without another download.

A pickled file of another name, or in several parts, is not downloaded.

The published mT5 models have an output layer of their own, though their configuration in
`transformers` says that it is tied to the embeddings. Tests hold that it stays its own: through
download, training, checkpoints, several processes, and the reference model of the reference KL.

## LoRA

With `lora` a model's weights are frozen, and small matrices next to them are trained, by SFT and by
warmup training alike ([LoRA](https://arxiv.org/abs/2106.09685)). This needs `peft`
(`pip install 'peft>=0.19,<0.20'`).

```yaml
models:
  llama_1b:
    architecture: decoder_only
    hub: meta-llama/Llama-3.2-1B
    revision: 4e20de362430cd3b72f300e6b0f18e50e7166e08
    separator: <|reserved_special_token_0|>
    prompt_end: <|reserved_special_token_1|>
    dtype: bfloat16
    lora:
      rank: 16
      alpha: 32
      dropout: 0.05                             # default 0
      targets: [q_proj, k_proj, v_proj, o_proj] # default: what peft has for the type, here q and v
```

- **What is trained.** The matrices A and B of the layers in `targets`, and the rows of the marker
  tokens: the separator, and `prompt_end` of a decoder-only model. A pretrained network does not
  know them, so their embeddings and their rows of the output layer are trained though the others
  are frozen. `targets` are names of linear layers. The output layer and the embeddings cannot be
  among them.
- **What is saved.** The folder `model/` of a run holds the merged weights, like that of any other
  run: generation, scoring and plain `transformers` know nothing of LoRA. `model/adapter/` holds
  what was trained, in the layout of `peft`, for the model that training started from. Checkpoints
  during training hold the adapter alone.
- **A method that starts from another run** starts from its merged weights, with a new adapter.
- **The reference model** of the reference KL is the network with its adapter switched off. It needs
  no second copy in memory, and is equal to a copy bit by bit.
- **Costs.** Frozen weights have no gradient and no optimiser state (12 bytes less for each), and
  their products for it are not computed. Operations are counted as they are executed, so
  `same_compute_as` is right when both methods train adapters. Weights are float32 in training, as
  without LoRA.

## Model types

Each training run and each generation begins with a
[self-check](computation.md#the-self-check): packed branches, shared prompts and steps from a
cache have to give the log-probabilities of plain forward passes of `transformers`. A network for
which they differ is refused, and one line says what differs.

The table has the result of the self-check for a tiny network with random weights of every causal
and sequence-to-sequence type of `transformers` {version}: {equal} of {all} are equal.
`make model-types` writes this page; a test compares it with what the code does. Attention windows
are 4 tokens wide there, so that they have an effect.

- *Attention* is the implementation that `transformers` chooses for the type: `sdpa` is PyTorch's
  fused one, with a boolean mask; with `eager`, the mask is added to the attention scores.
  Other implementations are not used.
- In a run the check of its own network decides, whose settings may differ from those here.
- Types that count positions without padding (`m2m_100`, `seamless_m4t`, `t5gemma`) are right where
  START is not the padding token, as in their checkpoints. A network from scratch begins with
  padding unless its `scratch` has a `decoder_start_token_id`.
- Types made of several networks, for images or sound, have no network from scratch. Most have a
  type for text alone (`gemma3_text`).
- A type of the BERT family is a decoder only with `is_decoder: true`.

| model type | architecture | attention | result |
|---|---|---|---|"""

if __name__ == "__main__":
    print(document(), end="")
