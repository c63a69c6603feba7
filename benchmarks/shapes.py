"""The networks and batches that are measured: random weights, random tokens, full lengths.

Speed depends on the size of a model and not on its weights, so nothing is downloaded.
"""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from warmup.config.settings import ModelConfig, TokenizerConfig
from warmup.data import tokenizer_training
from warmup.models import loading
from warmup.models.interface import LanguageModel

SEED = 1


@dataclass(frozen=True)
class Shape:
    """A network and a batch, all sequences of full length."""

    title: str
    architecture: str
    vocabulary: int
    """V, rows of the embedding."""
    scratch: dict[str, Any]
    """Settings of the network by their `transformers` names."""
    batch: int
    """B, examples."""
    samples: int
    """N, warmups per example."""
    warmup: int
    """K, tokens of each warmup."""
    source: int
    """S, tokens of an input."""
    target: int
    """T, tokens of a target with its end."""
    threads: int | None = None
    """Largest number of CPU threads; tiny networks are no faster with more."""


_T5_SMALL: dict[str, Any] = {
    "model_type": "t5", "d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6,
    "num_decoder_layers": 6, "num_heads": 8, "dropout_rate": 0.0,
}  # fmt: skip
_MT5_SMALL: dict[str, Any] = {
    "model_type": "mt5", "d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8,
    "num_decoder_layers": 8, "num_heads": 6, "feed_forward_proj": "gated-gelu",
    "dropout_rate": 0.0,
    "initializer_factor": 0.05,  # with the usual 1, all samples would be the same
}  # fmt: skip
_LLAMA: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 256, "intermediate_size": 688, "num_hidden_layers": 4,
    "num_attention_heads": 8, "num_key_value_heads": 8, "max_position_embeddings": 512,
}  # fmt: skip
_T5_TINY: dict[str, Any] = {
    "model_type": "t5", "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 1,
    "num_decoder_layers": 1, "num_heads": 4, "dropout_rate": 0.0,
}  # fmt: skip
_LLAMA_TINY: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1,
    "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 128,
}  # fmt: skip

SHAPES: dict[str, Shape] = {
    "t5_small": Shape(
        "T5-small", "encoder_decoder", 32128, _T5_SMALL,
        batch=8, samples=4, warmup=16, source=32, target=32,
    ),
    "mt5_small": Shape(
        "mT5-small", "encoder_decoder", 250112, _MT5_SMALL,
        batch=8, samples=4, warmup=16, source=32, target=32,
    ),
    "llama_prompt": Shape(
        "Llama type, 4 layers of 256", "decoder_only", 8192, _LLAMA,
        batch=8, samples=4, warmup=16, source=256, target=32,
    ),
    # the models of config.yaml on the lengths of its shell game
    "t5_tiny": Shape(
        "t5_tiny of config.yaml", "encoder_decoder", 23, _T5_TINY,
        batch=32, samples=4, warmup=7, source=10, target=8, threads=1,
    ),
    "llama_tiny": Shape(
        "llama_tiny of config.yaml", "decoder_only", 23, _LLAMA_TINY,
        batch=32, samples=4, warmup=7, source=9, target=8, threads=1,
    ),
}  # fmt: skip


def write_tokenizer(shape: Shape, folder: Path) -> None:
    """Write a tokenizer of exactly V tokens: the special ones and the words `w0 w1 …`."""
    words = " ".join(f"w{i}" for i in range(shape.vocabulary))
    config = TokenizerConfig(type="word", vocab_size=shape.vocabulary)
    tokenizer_training.train(iter([words]), config, shape.architecture).save_pretrained(folder)


def build(shape: Shape, device: str = "cpu", dtype: str = "float32") -> LanguageModel:
    """Return a model with random weights, in training mode.

    Its warmups always have K tokens, because the separator is among the excluded tokens. Otherwise
    the work of a step would depend on how often a random network draws it.
    """
    spec = ModelConfig(
        architecture=shape.architecture,
        scratch=shape.scratch,
        tokenizer=TokenizerConfig(type="word", vocab_size=shape.vocabulary),
        separator=tokenizer_training.RESERVED[0],
        prompt_end=tokenizer_training.RESERVED[1],
        dtype="float32",
        gradient_checkpointing=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        write_tokenizer(shape, Path(folder))
        model = loading.create(spec, Path(folder), SEED)
    model.network.to(device=device, dtype=getattr(torch, dtype)).train()
    excluded = (*model.tokens.excluded, model.tokens.separator)
    model.tokens = dataclasses.replace(model.tokens, excluded=excluded)
    return model


def make_batch(shape: Shape, model: LanguageModel, device: str = "cpu") -> dict[str, torch.Tensor]:
    """Return B random examples; `labels` end with the end token."""
    generator = torch.Generator().manual_seed(SEED)
    special = len(model.tokenizer.all_special_ids)

    def words(length: int) -> torch.Tensor:
        return torch.randint(special, shape.vocabulary, (shape.batch, length), generator=generator)

    input_ids, labels = words(shape.source), words(shape.target)
    labels[:, -1] = model.tokens.end
    batch = {
        "index": torch.arange(shape.batch),
        "input_ids": input_ids,
        "mask": torch.ones_like(input_ids),
        "labels": labels,
    }
    return {name: tensor.to(device) for name, tensor in batch.items()}
