"""The settings of a run in the form that the `Trainer` of `transformers` takes them."""

import os
import sys
from pathlib import Path

import torch
from transformers import TrainingArguments

from warmup.common.errors import InputError
from warmup.config.settings import RunConfig
from warmup.training import transformers_internals


def process_count() -> int:
    """Return how many processes train together; torchrun sets the variable."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Return whether this process writes the files; torchrun sets the variable."""
    return os.environ.get("RANK", "0") == "0"


def training_arguments(config: RunConfig, updates: int, work: Path) -> TrainingArguments:
    """Return the settings of a run for the `Trainer`.

    Args:
        config: the run.
        updates: optimiser updates.
        work: folder for checkpoints.

    Raises:
        InputError: the batch cannot be divided among the processes, or there are fewer GPUs than
            processes.
    """
    method = config.method
    steps_between_validations = min(method.validate_every, updates)
    cuda = torch.cuda.is_available()
    local_processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    gpus = torch.cuda.device_count()
    if cuda and local_processes > gpus:
        raise InputError(
            f"{local_processes} processes on a machine with {gpus} GPUs; set resources.gpus"
        )
    # the `constant` of transformers never rises
    is_constant = method.lr_schedule == "constant"
    schedule = "constant_with_warmup" if is_constant else method.lr_schedule
    if method.batch_size % process_count():
        raise InputError(
            f"batch_size {method.batch_size}: not divisible by {process_count()} processes"
        )
    args = TrainingArguments(
        output_dir=str(work),
        max_steps=updates,
        per_device_train_batch_size=method.batch_size // process_count(),
        per_device_eval_batch_size=method.batch_size // process_count(),
        activation_checkpointing=config.model.gradient_checkpointing,
        learning_rate=method.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=method.lr_warmup,
        weight_decay=method.weight_decay,
        max_grad_norm=method.max_grad_norm,
        bf16=config.model.dtype == "bfloat16",
        seed=config.seed,
        logging_steps=min(method.log_every, steps_between_validations),
        eval_strategy="steps",
        eval_steps=steps_between_validations,
        save_steps=steps_between_validations,
        save_total_limit=None,  # `checkpoints.prune` deletes, after the next one is on the disk
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,  # the patience that is left
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        use_cpu=not cuda,
        ddp_backend=None if cuda or process_count() == 1 else "gloo",
        ddp_find_unused_parameters=False,
        # buffers are constant; processes that make different numbers of forward passes would wait
        # for each other to send them
        ddp_broadcast_buffers=False,
        disable_tqdm=not sys.stderr.isatty(),
        report_to=[],
    )
    transformers_internals.use_one_gpu(args)
    return args
