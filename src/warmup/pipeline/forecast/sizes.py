"""The sizes of a network, from its configuration in the form of `transformers`, without torch."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from warmup.common.files import read_json
from warmup.config.settings import ModelConfig
from warmup.pipeline.forecast.operations import Network

KNOWN = Path(__file__).with_name("known_models.csv")
"""Models of the Hub whose sizes can be told before they are downloaded."""
_ALIASES = {
    "n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
    "n_inner": "intermediate_size", "ffn_dim": "intermediate_size",
}  # fmt: skip
"""Names of GPT-2 and OPT -> those of Llama."""
_GATED = ("llama", "mistral", "qwen", "gemma", "phi3", "olmo", "smollm", "granite", "cohere")
"""Beginnings of model types whose feed-forward layers have three matrices."""


class Model(NamedTuple):
    """What is known of a model."""

    network: Network
    download: float
    """Bytes to download; 0 if there is nothing to download."""
    basis: str
    """Where the sizes are from."""


def of_model(name: str, model: ModelConfig, downloads: Path, vocabulary: int) -> Model | None:
    """Return the sizes of an entry of `models`; None if they are not known, or make no network.

    Args:
        name: of the entry.
        model: the entry.
        downloads: folder of downloads.
        vocabulary: number of tokens, for a model whose tokenizer is trained on the data.
    """
    try:
        return _of_model(name, model, downloads, vocabulary)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):  # training says what is wrong
        return None


def _of_model(name: str, model: ModelConfig, downloads: Path, vocabulary: int) -> Model | None:
    if model.scratch is not None:
        return Model(network({"vocab_size": vocabulary, **model.scratch}), 0, "configuration")
    folder = Path(model.local) if model.local else downloads / "models" / name
    if (folder / "config.json").is_file():
        return Model(network(read_json(folder / "config.json")), 0, f"{folder}/config.json")
    for row in _known():
        if row["hub"].lower() == (model.hub or "").lower():
            numbers = {key: int(value) for key, value in row.items() if value.isdigit()}
            known = {"model_type": row["model_type"], **numbers}
            if row["feed_forward_proj"]:
                known["feed_forward_proj"] = row["feed_forward_proj"]
            known["tie_word_embeddings"] = row["tie_word_embeddings"] == "true"
            return Model(network(known), float(row["megabytes"]) * 1e6, "known model")
    return None


def is_gated(hub: str) -> bool:
    """Return whether a model of the Hub is known to need an account that was let in."""
    return any(row["gated"] == "true" for row in _known() if row["hub"].lower() == hub.lower())


def _known() -> list[dict[str, str]]:
    with KNOWN.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def network(config: Mapping[str, Any]) -> Network:
    """Return the sizes of a network of a T5, BART, GPT-2 or Llama type.

    Args:
        config: keys and values of its `config.json`; what is missing is as in small networks of
            that type.
    """
    kind = str(config.get("model_type", ""))
    if "num_decoder_layers" in config or kind in ("t5", "mt5", "umt5", "longt5"):
        return _t5(config)
    return _bart(config) if "decoder_layers" in config else _decoder_only(config, kind)


def _t5(config: Mapping[str, Any]) -> Network:
    width, inner = int(config.get("d_model", 512)), int(config.get("d_ff", 2048))
    heads = int(config.get("num_heads", 8)) * int(config.get("d_kv", 64))
    layers = int(config.get("num_layers", 6))
    decoder_layers = int(config.get("num_decoder_layers") or layers)
    is_mt5 = config.get("model_type") in ("mt5", "umt5")
    gated = str(config.get("feed_forward_proj", "gated-gelu" if is_mt5 else "relu"))
    forward = (3 if gated.startswith("gated") else 2) * width * inner
    attention = width * heads  # of one of the four matrices
    return Network(
        width=width, inner=inner, vocabulary=int(config["vocab_size"]), heads=heads,
        source=layers * (4 * attention + forward), source_layers=layers,
        bridge=decoder_layers * 2 * attention,
        decoder=decoder_layers * (6 * attention + forward), decoder_layers=decoder_layers,
        tied=bool(config.get("tie_word_embeddings", True)),
    )  # fmt: skip


def _bart(config: Mapping[str, Any]) -> Network:
    width = int(config["d_model"])
    layers, decoder_layers = int(config["encoder_layers"]), int(config["decoder_layers"])
    inner = int(config["encoder_ffn_dim"])
    own, forward = width * width, 2 * width * inner
    of_decoder = 2 * width * int(config["decoder_ffn_dim"])
    return Network(
        width=width, inner=inner, vocabulary=int(config["vocab_size"]), heads=width,
        source=layers * (4 * own + forward), source_layers=layers,
        bridge=decoder_layers * 2 * own,
        decoder=decoder_layers * (6 * own + of_decoder), decoder_layers=decoder_layers,
    )  # fmt: skip


def _decoder_only(config: Mapping[str, Any], kind: str) -> Network:
    named = {_ALIASES.get(key, key): value for key, value in config.items()}
    width, layers = int(named["hidden_size"]), int(named["num_hidden_layers"])
    count = int(named["num_attention_heads"])
    per_head = int(named.get("head_dim") or width // count)
    heads, keys = count * per_head, int(named.get("num_key_value_heads") or count) * per_head
    inner = int(named.get("intermediate_size") or 4 * width)
    forward = (3 if kind.startswith(_GATED) else 2) * width * inner
    decoder = layers * (2 * width * heads + 2 * width * keys + forward)
    ties = kind == "gpt2" or kind.startswith(("gemma", "opt"))
    return Network(
        width=width, inner=inner, vocabulary=int(named["vocab_size"]), heads=heads,
        source=decoder, source_layers=layers, bridge=0,
        decoder=decoder, decoder_layers=layers,
        tied=bool(named.get("tie_word_embeddings", ties)), shares_layers=True,
    )  # fmt: skip
