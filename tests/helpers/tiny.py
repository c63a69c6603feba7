"""Networks, tokenizers, data and configurations that are small enough for a test."""

import copy
import functools
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from warmup.common.files import write_jsonl
from warmup.common.languages import Pair
from warmup.config.conversion import from_json, to_json
from warmup.config.experiment import check, resolve
from warmup.config.settings import CheckpointFormat, ModelConfig, RunConfig, TokenizerConfig
from warmup.data.generators import shell_game

# weights large enough that probabilities are far from uniform and positions matter
_T5 = {
    "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_decoder_layers": 2,
    "num_heads": 2, "dropout_rate": 0.0, "initializer_factor": 0.5,
}  # fmt: skip
_BART = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
    "max_position_embeddings": 64, "dropout": 0.0, "init_std": 0.6,
}  # fmt: skip
SCRATCH: dict[str, dict[str, Any]] = {
    "t5": _T5,
    "mt5": _T5,
    "umt5": _T5,
    "bart": _BART,
    "pegasus": _BART,
    "llama": {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 128,
        "initializer_range": 0.6,
    },
}  # fmt: skip
"""Settings of tiny networks by their model type."""

WORDS = tuple("abcde")


def spec(model_type: str, **settings: Any) -> dict[str, Any]:
    """Return the entry of a configuration for a tiny network with random weights."""
    return {
        "architecture": "decoder_only" if model_type == "llama" else "encoder_decoder",
        "tokenizer": {"type": "word", "vocab_size": 1000},
        "scratch": {"model_type": model_type, **SCRATCH[model_type], **settings},
        "separator": "<extra_id_0>",
        "prompt_end": "<extra_id_1>",
        "dtype": "float32",
    }


def tokenizer(folder: Path, model_type: str, texts: Iterable[str] = (" ".join(WORDS),)) -> Path:
    """Write a word tokenizer and return its folder."""
    from warmup.data import tokenizer_training

    entry = spec(model_type)
    config = TokenizerConfig(**entry["tokenizer"])
    trained = tokenizer_training.train(iter(texts), config, entry["architecture"])
    trained.save_pretrained(folder)
    return folder


@functools.cache
def model(model_type: str) -> Any:
    """Return a tiny model over `WORDS` in evaluation mode; shared, so copy it to train it."""
    from warmup.models import loading

    with tempfile.TemporaryDirectory() as folder:
        made = loading.create(model_config(model_type), tokenizer(Path(folder), model_type), seed=7)
    made.network.eval()
    return made


def untied_mt5(tokenizer_folder: Path) -> Any:
    """Return a tiny mT5 with an output layer of its own, as the published ones have."""
    import torch

    from warmup.models import loading

    made = loading.create(model_config("mt5"), tokenizer_folder, seed=7)
    network = made.network
    generator = torch.Generator().manual_seed(8)
    own = torch.randn(network.shared.weight.shape, generator=generator)
    network.lm_head.weight = torch.nn.Parameter(own * 0.5)
    return made


def plain_logits(model: Any, x: list[int], decoder: list[int]) -> Any:
    """Return the logits after each decoder token, from plain `transformers`, one sequence."""
    import torch

    with torch.no_grad():
        if model.pads_left:
            return model.network(input_ids=torch.tensor([[*x, *decoder]])).logits[0, len(x) :]
        return model.network(
            input_ids=torch.tensor([x]), decoder_input_ids=torch.tensor([decoder])
        ).logits[0]


def token_log_probabilities(
    model: Any, x: list[int], c: list[int] | None, y: list[int], longest: int
) -> tuple[list[float], list[float]]:
    """Return the terms of log P(c|x) and of log P(y|x,c) by their definition.

    c is None without a warmup.
    """
    tokens = model.tokens
    before = [] if c is None else [*c, tokens.separator]
    logits = plain_logits(model, x, [tokens.start, *before, *y[:-1]])
    target = logits[len(before) :].log_softmax(-1)
    of_target = [target[i, token].item() for i, token in enumerate(y)]
    if c is None:
        return [], of_target
    allowed = logits[: len(c) + 1].clone()
    allowed[:, list(tokens.excluded)] = float("-inf")
    followed = before if len(c) < longest else c  # the limit forces a separator
    within = allowed.log_softmax(-1)
    return [within[i, token].item() for i, token in enumerate(followed)], of_target


def log_probabilities(
    model: Any, x: list[int], c: list[int] | None, y: list[int], longest: int
) -> tuple[float, float]:
    """Return log P(c|x) and log P(y|x,c) by their definition; c is None without a warmup."""
    of_warmup, of_target = token_log_probabilities(model, x, c, y, longest)
    return sum(of_warmup), sum(of_target)


def write_shell_game(path: Path, size: int, seed: int, **settings: Any) -> Path:
    """Write records of the shell game: three places and one or two swaps unless told otherwise."""
    wanted = {"places": 3, "swaps": [1, 2]} | settings
    records = shell_game.generate(Pair("en", "en"), seed, wanted)
    write_jsonl(path, (record.to_dict() for record in islice(records, size)))
    return path


METHODS: dict[str, dict[str, Any]] = {
    "sft": {"objective": "likelihood", "start": "scratch", "budget": {"updates": 8}},
    "sft_continued": {
        "objective": "likelihood",
        "start": "sft",
        "budget": {"same_updates_as": "warmup"},
    },
    "sft_compute": {
        "objective": "likelihood",
        "start": "sft",
        "budget": {"same_compute_as": "warmup"},
    },
    "warmup": {
        "objective": "reweighted",
        "start": "sft",
        "budget": {"updates": 8},
        "sampling": {"samples": 3, "max_tokens": 3},
        "reference_kl": {"weight": 1.0, "updates": 6},
    },
}
_PACE = {"batch_size": 8, "learning_rate": 0.01, "validate_every": 4, "log_every": 2}


def experiment(**changes: Any) -> dict[str, Any]:
    """Return an experiment as a configuration file holds it; `changes` replace top-level keys."""
    source = {"type": "synthetic", "generator": "shell_game"}
    settings = {"places": 3, "swaps": [1, 2]}
    value = {
        "experiment": "tiny",
        "models": {
            name: {
                key: spec(name, **changed)[key] for key in ("architecture", "tokenizer", "scratch")
            }
            for name, changed in (
                ("t5", {"initializer_factor": 1.0}),
                ("bart", {"init_std": 0.02}),
                ("llama", {"initializer_range": 0.02}),
            )
        },
        "datasets": {
            "shell_game": {
                "task": "multiple_choice",
                "pairs": ["en"],
                "max_source_tokens": 12,
                "max_target_tokens": 6,
                "validation_limit": 20,
                "splits": {
                    split: {**source, "size": size, "seed": seed, "settings": settings}
                    for split, size, seed in (("train", 200, 1), ("valid", 40, 2), ("test", 30, 3))
                },
            },
        },
        "methods": {name: {**method, **_PACE} for name, method in METHODS.items()},
        "runs": [{"datasets": ["shell_game"], "models": ["t5"], "methods": list(METHODS)}],
    }
    return copy.deepcopy(value | changes)


def resolved(method: str, model_type: str = "t5", **settings: Any) -> dict[str, Any]:
    """Return a resolved run of the tiny experiment; `settings` change its method."""
    value = experiment()
    value["methods"][method] |= settings
    value["runs"][0]["models"] = [model_type]
    name = f"shell_game/en/{model_type}/{method}/seed1"
    resolved: dict[str, Any] = to_json(resolve(check(value), name))
    return resolved


def typed(run: dict[str, Any]) -> RunConfig:
    """Return a resolved run as `warmup train` reads it."""
    return from_json(RunConfig, run)


def model_config(model_type: str, changes: dict[str, Any] | None = None) -> ModelConfig:
    """Return the entry of a tiny network; `changes` replace its keys."""
    entry = {"gradient_checkpointing": False} | spec(model_type) | (changes or {})
    return from_json(ModelConfig, entry)


def checkpoint_format(model_type: str = "t5", **changes: Any) -> CheckpointFormat:
    """Return the format of a checkpoint of `warmup`; `changes` replace some of it."""
    from warmup.models.checkpoint_format import format_of

    return replace(format_of(typed(resolved("warmup", model_type))), **changes)


def data(folder: Path) -> dict[str, Path]:
    """Write training and validation records of the shell game, and tokenizers for them.

    Returns:
        Paths by role: `train`, `valid`, and a tokenizer by model type.
    """
    from warmup.data.records import read_records
    from warmup.data.tasks import multiple_choice

    paths = {
        "train": write_shell_game(folder / "train.jsonl", 200, 1),
        "valid": write_shell_game(folder / "valid.jsonl", 40, 2),
    }
    rendered = [multiple_choice.render(record) for record in read_records(paths["train"])]
    texts = [text for one in rendered for text in (str(one.input), one.target)]
    for model_type in ("t5", "bart", "llama"):
        paths[model_type] = tokenizer(folder / model_type, model_type, texts)
    return paths


def batch(model: Any, records: Path, size: int) -> Any:
    """Return the first records of the shell game as a batch of a model."""
    from warmup.data.batches import Collator, Examples
    from warmup.data.token_files import Form

    form, control = Form("multiple_choice", 12, 6, size), model.tokens.of_form
    with tempfile.TemporaryDirectory() as folder:
        examples = Examples(records, form, model.tokenizer, control=control, folder=Path(folder))
        rows = [examples[number] for number in range(size)]
    return Collator(model.tokens.pad, model.pads_left)(rows)
