"""Time updates of small networks on this machine, for `warmup plan --measure`.

Nothing is read or downloaded: weights and tokens are random, lengths are full. Three networks are
timed, so that the rate of matrix products, the time per layer and that of the optimiser can be told
apart.
"""

import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from warmup.config import schema
from warmup.config.conversion import from_json
from warmup.config.settings import (
    MethodConfig,
    ModelConfig,
    TokenizerConfig,
)
from warmup.data import tokenizer_training
from warmup.data.batches import Batch
from warmup.method.criterion import Criterion
from warmup.models import loading
from warmup.models.interface import LanguageModel

SECONDS = 6.0
"""Time spent on each of the six kinds of update."""


@dataclasses.dataclass(frozen=True)
class Timing:
    """A kind of update, and its time."""

    scratch: dict[str, Any]
    """Configuration of the network."""
    batch: int
    source: int
    target: int
    samples: int
    """Warmups per example; 0 for SFT."""
    warmup: int
    seconds: float


def _t5(width: int, inner: int, layers: int, vocabulary: int) -> dict[str, Any]:
    return {
        "model_type": "t5", "vocab_size": vocabulary, "d_model": width, "d_kv": 64, "d_ff": inner,
        "num_layers": layers, "num_decoder_layers": layers, "num_heads": width // 64,
        "dropout_rate": 0.0,
    }  # fmt: skip


NETWORKS = (
    (_t5(64, 128, 1, 100), (32, 16, 8), (4, 7)),
    (_t5(256, 1024, 4, 4000), (8, 32, 24), (4, 12)),
    (_t5(128, 256, 1, 60_000), (8, 24, 16), (4, 8)),
)
"""Network; B, S, T; N, K. Layers that cost little, many products, and a large vocabulary."""


def measure(device: str, dtype: str, threads: int) -> Iterator[Timing]:
    """Yield the times of updates.

    Args:
        device: `cpu` or `cuda`.
        dtype: `float32`, or `bfloat16` for mixed precision.
        threads: of the CPU.
    """
    torch.set_num_threads(threads)
    scale = 8 if device == "cuda" else 1  # a GPU is not filled by such small batches
    for scratch, (examples, source, target), (samples, warmup) in NETWORKS:
        model = _build(scratch)
        model.network.to(device).train()
        batch = _batch(model, examples * scale, source, target, device)
        for count, longest in ((0, 0), (samples, warmup)):
            seconds = _time(_update(model, batch, method_of(count, longest), device, dtype), device)
            print(
                f"  {scratch['num_layers']} layers of {scratch['d_model']}, "
                f"{scratch['vocab_size']:,} tokens, {'warmup' if count else 'SFT'}: "
                f"{1000 * seconds:.1f} ms per update",
                file=sys.stderr, flush=True,
            )  # fmt: skip
            yield Timing(scratch, examples * scale, source, target, count, longest, seconds)


def _build(scratch: dict[str, Any]) -> LanguageModel:
    """Return a network that never ends a warmup early, whose work would depend on chance."""
    tokenizer = TokenizerConfig(type="word", vocab_size=scratch["vocab_size"])
    spec = ModelConfig(
        architecture="encoder_decoder",
        scratch={key: value for key, value in scratch.items() if key != "vocab_size"},
        tokenizer=tokenizer,
        separator=tokenizer_training.RESERVED[0],
        prompt_end=tokenizer_training.RESERVED[1],
        dtype="float32",
        gradient_checkpointing=False,
    )
    words = " ".join(f"w{i}" for i in range(scratch["vocab_size"]))
    with tempfile.TemporaryDirectory() as folder:
        trained = tokenizer_training.train(iter([words]), tokenizer, spec.architecture)
        trained.save_pretrained(folder)
        model = loading.create(spec, Path(folder), 1)
    excluded = (*model.tokens.excluded, model.tokens.separator)
    model.tokens = dataclasses.replace(model.tokens, excluded=excluded)
    return model


def _batch(model: LanguageModel, examples: int, source: int, target: int, device: str) -> Batch:
    generator = torch.Generator().manual_seed(1)
    first, last = len(model.tokenizer.all_special_ids), len(model.tokenizer)
    inputs, labels = (
        torch.randint(first, last, (examples, length), generator=generator)
        for length in (source, target)
    )
    labels[:, -1] = model.tokens.end
    batch = {
        "index": torch.arange(examples), "input_ids": inputs, "labels": labels,
        "mask": torch.ones_like(inputs),
    }  # fmt: skip
    return {name: tensor.to(device) for name, tensor in batch.items()}


def method_of(samples: int, longest: int) -> MethodConfig:
    """Return SFT, or warmup training with so many warmups."""
    method: dict[str, Any] = {
        "objective": "likelihood", "start": "scratch", "budget": {"updates": 1},
        "batch_size": 1, "learning_rate": 1.0, "validate_every": 50,
    }  # fmt: skip
    if samples:
        sampling = {"samples": samples, "max_tokens": longest}
        method |= {"objective": "reweighted", "sampling": sampling, "reference_kl": None}
    schema.fill(method, schema.definition("method"))
    return from_json(MethodConfig, method)


def _update(
    model: LanguageModel, batch: Batch, method: MethodConfig, device: str, dtype: str
) -> Callable[[int], None]:
    criterion = Criterion(model, method.loss, seed=1)
    optimiser = torch.optim.AdamW(model.network.parameters(), lr=0.0, fused=True)

    def update(number: int) -> None:
        optimiser.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=dtype == "bfloat16"):
            losses = criterion.losses(model.network, batch, number)[0]
        torch.autograd.backward(losses.sum() / batch["labels"].numel())
        torch.nn.utils.clip_grad_norm_(model.network.parameters(), 1.0)
        optimiser.step()

    return update


def _time(update: Callable[[int], None], device: str) -> float:
    """Return the seconds of an update, the first two left out.

    It is the first quartile, since other programs can only slow an update down.
    """
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < 5 or time.perf_counter() < began + SECONDS:
        start = time.perf_counter()
        update(len(times))
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times[2:])[len(times[2:]) // 4]
