"""A peer for decoder-only networks: TRL's GRPO, which trains c by policy gradient.

The reward of a completion c is log P(y|x,c), from one forward pass of the trained network, as in
RLPR (arXiv 2506.18254) and VR-CLI (2503.22828). Its step does less than ours: only c gets a
gradient, not y.
"""

import importlib
import importlib.metadata
import tempfile
from collections.abc import Callable

import torch
from datasets import Dataset

from benchmarks.shapes import Shape
from warmup.data.batches import Batch, pad
from warmup.models.interface import LanguageModel


def unavailable(shape: Shape) -> str | None:
    """Return why there is no such step for a shape, or None."""
    if shape.architecture != "decoder_only":
        return "decoder-only networks only"
    try:
        importlib.metadata.version("trl")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    return None


def gradients(model: LanguageModel, batch: Batch, shape: Shape) -> Callable[[int], None]:
    """Return GRPO's step up to the gradients; TRL changes the network's forward pass for good."""
    trl = importlib.import_module("trl")  # an optional package
    network, rows = model.network, shape.batch * shape.samples
    folder = tempfile.TemporaryDirectory()
    settings = trl.GRPOConfig(
        output_dir=folder.name,
        per_device_train_batch_size=rows,
        num_generations=shape.samples,
        max_completion_length=shape.warmup,
        generation_kwargs={"suppress_tokens": list(model.tokens.excluded)},
        temperature=1.0,
        top_k=0,
        beta=0.0,  # no reference model
        gradient_checkpointing=False,
        bf16=False,  # the network has its final type already
        use_cpu=network.device.type == "cpu",
        report_to=[],
        disable_tqdm=True,
    )
    prompts = [[*x, model.tokens.start] for x in batch["input_ids"].tolist()]
    text = [model.tokenizer.convert_ids_to_tokens(prompt) for prompt in prompts]
    inputs = [{"prompt": " ".join(words)} for words in text for _ in range(shape.samples)]
    trainer = trl.GRPOTrainer(
        model=network,
        reward_funcs=lambda **columns: rewards(model, batch, columns["completion_ids"]),
        args=settings,
        train_dataset=Dataset.from_list(inputs),
        processing_class=model.tokenizer,
    )
    trainer.current_gradient_accumulation_steps = 1

    def step(update: int) -> None:
        trainer.training_step(network, inputs, torch.tensor(rows))

    step.folder = folder  # type: ignore[attr-defined]  # the folder lives as long as the step
    return step


def rewards(model: LanguageModel, batch: Batch, completions: list[list[int]]) -> list[float]:
    """Return log P(y|x,c) of each completion, nats; the N of an example are consecutive."""
    tokens, network = model.tokens, model.network
    samples = len(completions) // len(batch["labels"])
    y = batch["labels"].repeat_interleave(samples, 0)
    x = batch["input_ids"].repeat_interleave(samples, 0)
    c = pad(completions, tokens.pad).to(x)
    start, separator = (torch.full_like(y[:, :1], id) for id in (tokens.start, tokens.separator))
    with torch.no_grad():
        logits = network(
            input_ids=torch.cat([x, start, c, separator, y[:, :-1]], 1),
            logits_to_keep=y.shape[1],
        ).logits
    each = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), y.flatten(), reduction="none"
    )
    values: list[float] = (-each.view(y.shape).sum(-1)).tolist()
    return values
