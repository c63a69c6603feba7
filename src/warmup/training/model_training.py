"""Train one run: one model, on one data set and pair, by one method, with one seed."""

import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback, TrainingArguments

from warmup.common import provenance
from warmup.common.errors import InputError
from warmup.common.files import sha256
from warmup.data import text_counts
from warmup.data.batches import Collator, Examples, check_positions
from warmup.method import self_check
from warmup.models import loading
from warmup.models.checkpoint_format import FORMAT_FILE, model_format, read_format
from warmup.models.interface import LanguageModel
from warmup.models.lengths import check_lengths
from warmup.training import checkpoints, work_folder
from warmup.training.callbacks import Progress
from warmup.training.sharded_trainer import ShardedTrainer
from warmup.training.trainer import WarmupTrainer
from warmup.training.validation import WARMUPS, ValidationWarmups


def start_model(config: dict[str, Any], start: Path) -> LanguageModel:
    """Return the model a run starts from.

    Args:
        config: the resolved run.
        start: a tokenizer's folder for `start: scratch`, else a checkpoint's.
    """
    if config["method"]["start"] == "scratch":
        model = loading.create(config["model"], start, config["seed"])
    else:
        # arithmetic may be of less precision; small updates of the weights would be lost there
        model = loading.load(start, config["model"] | {"dtype": "float32"})
    form = start / FORMAT_FILE
    knows_warmups = form.exists() and read_format(start)["max_warmup_tokens"] is not None
    if config["method"]["sampling"] and not knows_warmups:
        loading.init_separator_from_eos(model)
    return model


def train(
    config: dict[str, Any],
    inputs: dict[str, Path],
    updates: int,
    work: Path,
    fresh: bool,
    *,
    on_nan: str = "stop",
    sharded: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[LanguageModel, dict[str, Any]]:
    """Train, or go on from the last checkpoint; return the best model and training.json.

    Args:
        config: the resolved run, see `warmup.config.experiment`.
        inputs: `start`, `train` and `valid`.
        updates: optimiser updates.
        work: folder for checkpoints.
        fresh: discard checkpoints of a differing run instead of refusing.
        on_nan: what to do with an update that is not a number, see `warmup.training.non_finite`.
        sharded: divide weights, gradients and optimiser state among the processes.
        callbacks: what else is to be told of the training.
    """
    method, dataset = config["method"], config["dataset"]
    args = training_arguments(config, updates, work)
    with args.main_process_first(local=False):
        if args.process_index == 0:
            identity = fingerprint(config, inputs, updates, sharded)
            work_folder.claim(work, identity, provenance.code_sha256(), fresh)
        checkpoint = checkpoints.last(work)

    model = start_model(config, inputs["start"])
    check_lengths(model, model_format(config))
    model.network.to(args.device)
    self_check.check(model, model_format(config))
    lengths = {key: dataset[key] for key in ("max_source_tokens", "max_target_tokens")}
    tokenizer, task = model.tokenizer, dataset["task"]
    patience = [EarlyStoppingCallback(method["patience"])] if method["patience"] else []
    control = model.tokens.of_form
    train_set = Examples(inputs["train"], task, tokenizer, control=control, **lengths)
    valid_set = Examples(
        inputs["valid"],
        task,
        tokenizer,
        control=control,
        **lengths,
        limit=dataset["validation_limit"],
    )
    for role, examples in (("train", train_set), ("valid", valid_set)):
        check_positions(model.network, examples.input_ids, f"{inputs[role]}")
    is_first = args.process_index == 0
    texts = look_at_texts(train_set, valid_set, dataset["max_unknown_targets"], is_first)
    kind = ShardedTrainer if sharded and processes() > 1 else WarmupTrainer
    trainer = kind(
        model,
        method,
        on_nan,
        args=args,
        train_dataset=train_set,
        eval_dataset=valid_set,
        data_collator=Collator(model.tokens.pad, model.pads_left),
        callbacks=[Progress(config["name"]), *patience, *callbacks],
    )
    if method["sampling"]:
        trainer.add_callback(ValidationWarmups(trainer, model_format(config)))
    trainer.remove_callback(PrinterCallback)  # Progress prints what it would, legibly
    if checkpoint and is_first:
        print(f"{config['name']}  resuming from {checkpoint.name}", file=sys.stderr)
    trainer.go_on(checkpoint)
    trainer.accelerator.wait_for_everyone()  # all have read the best one: the first deletes it
    return model, summarise(config, trainer) | {"texts": texts}


def fingerprint(
    config: dict[str, Any], inputs: dict[str, Path], updates: int, sharded: bool
) -> dict[str, Any]:
    """Return what determines a run: checkpoints and results of another one are of no use to it."""
    data = {role: sha256(path) for role, path in sorted(inputs.items())}
    return {"config": config, "updates": updates, "data": data, "sharded": sharded}


def look_at_texts(
    train_set: Examples, valid_set: Examples, most_unknown: float, says: bool
) -> dict[str, Any]:
    """Count what became of the texts as tokens, say it, and return it for training.json.

    Raises:
        InputError: more than a share `most_unknown` of the targets of a split have unknown tokens.
    """
    splits = {"train": train_set.counts, "valid": valid_set.counts}
    trip = text_counts.check_round_trip(train_set.encoder, train_set.targets)
    said = [text_counts.sentences(split, *counts) for split, counts in splits.items()]
    if says:
        for sentence in [*itertools.chain(*said), *text_counts.said_of(trip)]:
            print(sentence, file=sys.stderr)
    for split, (_, targets) in splits.items():
        if targets.unknown > most_unknown * targets.texts:
            raise InputError(
                f"{split}: {targets.unknown} of {targets.texts} targets have unknown tokens; the "
                f"tokenizer cannot spell, for example, {targets.unknown_example!r}: take another "
                "tokenizer, or allow a larger share with max_unknown_targets of the data set, "
                f"which is {most_unknown:g}"
            )
    return text_counts.of_training(splits, trip)


def processes() -> int:
    """Return how many processes train together, as torchrun has set it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def training_arguments(config: dict[str, Any], updates: int, work: Path) -> TrainingArguments:
    """Return a run's settings as the Trainer knows them.

    Raises:
        InputError: the batch cannot be divided among the processes, or there are fewer GPUs.
    """
    method = config["method"]
    every = min(method["validate_every"], updates)
    cuda = torch.cuda.is_available()
    wanted, there = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
    if cuda and wanted > there:
        raise InputError(f"{wanted} processes on a machine with {there} GPUs; set resources.gpus")
    schedule = method["lr_schedule"]
    if schedule == "constant":
        schedule = "constant_with_warmup"  # what transformers calls `constant` never rises
    if method["batch_size"] % processes():
        raise InputError(
            f"batch_size {method['batch_size']}: not divisible by {processes()} processes"
        )
    args = TrainingArguments(
        output_dir=str(work),
        max_steps=updates,
        per_device_train_batch_size=method["batch_size"] // processes(),
        per_device_eval_batch_size=method["batch_size"] // processes(),
        activation_checkpointing=config["model"]["gradient_checkpointing"],
        learning_rate=method["learning_rate"],
        lr_scheduler_type=schedule,
        warmup_steps=method["lr_warmup"],
        weight_decay=method["weight_decay"],
        max_grad_norm=method["max_grad_norm"],
        bf16=config["model"]["dtype"] == "bfloat16",
        seed=config["seed"],
        logging_steps=min(method["log_every"], every),
        eval_strategy="steps",
        eval_steps=every,
        save_steps=every,
        save_total_limit=None,  # `checkpoints.thin` deletes, once the next one is on the disk
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,  # the patience that is left
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        use_cpu=not cuda,
        ddp_backend=None if cuda or processes() == 1 else "gloo",
        ddp_find_unused_parameters=False,
        # buffers are constant; sent in each forward pass, they would have to be as many everywhere
        ddp_broadcast_buffers=False,
        disable_tqdm=not sys.stderr.isatty(),
        report_to=[],
    )
    # a process has one GPU; with all that it sees, it would multiply the batch by their number
    args._n_gpu = min(args.n_gpu, 1)
    return args


def summarise(config: dict[str, Any], trainer: WarmupTrainer) -> dict[str, Any]:
    """Return training.json: curves and costs, all from the log that checkpoints carry."""
    history = [h for h in trainer.state.log_history if "loss" in h]
    validation = [h for h in trainer.state.log_history if "eval_loss" in h]
    best = min(validation, key=lambda h: h["eval_loss"])
    counted = [h["flops"] for h in history if "flops" in h]
    updates = trainer.state.global_step
    costs = ("step", "epoch", "seconds", "examples", "target_tokens", "flops", "skipped")
    return {
        "config": config,
        "updates": updates,
        "best_update": best["step"],
        "skipped_updates": int(sum(h.get("skipped", 0) for h in history)),
        "stopped": "budget" if updates == trainer.state.max_steps else "early",
        "cost": {
            "seconds": sum(h["seconds"] for h in history),
            "flops": sum(counted) / len(counted) * updates,
            "examples": int(sum(h["examples"] for h in history)),
            "target_tokens": int(sum(h["target_tokens"] for h in history)),
        },
        "history": [
            {"update": h["step"]} | {k: v for k, v in h.items() if k not in costs} for h in history
        ],
        "validation": [
            {"update": h["step"], "nll": h["eval_loss"], "n": len(trainer.eval_dataset)}
            | ({WARMUPS: h[WARMUPS]} if WARMUPS in h else {})
            for h in validation
        ],
    }


def origin(config: dict[str, Any], inputs: dict[str, Path], sharded: bool) -> dict[str, Any]:
    """Return where results come from: to be asked before training, while code may be edited."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    several = {"processes": processes(), "sharded": sharded and processes() > 1}
    return provenance.collect(config, inputs, device) | several
