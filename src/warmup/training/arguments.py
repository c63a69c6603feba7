"""The settings of a training run, in the form that the `Trainer` of `transformers` takes them."""

import copy
import os
import sys
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import TrainingArguments

from warmup.common import plugins
from warmup.common.errors import InputError, unknown
from warmup.config import schema
from warmup.config.checks import check_objective
from warmup.config.conversion import from_json, to_json
from warmup.config.settings import CheckpointFormat, LossConfig, RunConfig, SamplingConfig

_SAMPLING = {
    "warmup_samples": "samples",
    "max_warmup_tokens": "max_tokens",
    "temperature": "temperature",
    "predefined": "predefined",
    "backprop_samples": "backprop_samples",
    "adaptive_samples": "adaptive_samples",
    "settle": "settle",
}
"""Fields of `WarmupConfig`, and the keys of `sampling` in a configuration that they stand for."""
_OF_LOSS = ("objective", "objective_settings", "reference_kl", "drafts")
_OF_MODEL = ("separator", "prompt_end")
_OF_DATA = ("max_source_tokens", "max_target_tokens", "max_unknown_targets")
_UNSUPPORTED = (
    "label_smoothing_factor", "gradient_accumulation_steps", "fp16", "neftune_noise_alpha",
    "use_liger_kernel", "torch_compile", "torch_compile_mode", "torch_compile_backend",
    "deepspeed", "fsdp", "parallelism_config", "auto_find_batch_size", "remove_unused_columns",
)  # fmt: skip
"""Settings of `TrainingArguments` that must keep their defaults; the schema says why."""
_OF_MACHINE = (
    "run_name",
    "project",
    "report_to",
    "disable_tqdm",
    "dataloader_pin_memory",
    "use_cpu",
)
"""Settings that say nothing about what is trained."""


def process_count() -> int:
    """Return how many processes train together; torchrun sets the variable."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _backend() -> str | None:
    """Return how processes exchange gradients if it is not as usual."""
    return "gloo" if process_count() > 1 and not torch.cuda.is_available() else None


@dataclass
class WarmupConfig(TrainingArguments):  # type: ignore[misc]  # transformers is untyped
    """The settings of a `WarmupTrainer`: those of warmups, and all of `TrainingArguments`.

    The defaults of warmups are those of the recommended recipe, which is `warmup` in
    `config/config.yaml`. The default learning rate is for pretrained models, as in
    `config/experiments/paper.yaml`; small networks with random weights need a higher one.

    Some settings of `TrainingArguments` are refused, with the reason: `label_smoothing_factor`,
    `gradient_accumulation_steps` (a batch is split by itself), `fp16`, `torch_compile`,
    `deepspeed`, `fsdp` and others that would change what is computed.

    Raises:
        InputError: naming the setting that is wrong and what it may be.
    """

    objective: str = "reweighted"
    """What is minimised: a module of `warmup.method.objectives`. `likelihood` with
    `max_warmup_tokens=None` is supervised fine-tuning."""
    objective_settings: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the objective, such as `{"tau": 0.5}`."""
    warmup_samples: int = 4
    """Warmups per example in training, N."""
    max_warmup_tokens: int | None = 7
    """Longest warmup in tokens, K; None for a model without warmups."""
    temperature: float = 1.0
    """Temperature of sampling warmups."""
    predefined: str | None = None
    """A module of `warmup.method.predefined` whose warmups are given instead of sampled."""
    backprop_samples: int | None = None
    """Samples in the backward pass, M, drawn by their weights; None for all."""
    adaptive_samples: dict[str, Any] | None = None
    """Fewer samples for examples whose samples were worth the same when they were last seen:
    `{"min_samples": 2, "ess_fraction": 0.95}`. None for always `warmup_samples`."""
    settle: int = 0
    """First updates, in which one warmup is sampled per example and is not trained."""
    reference_kl: dict[str, Any] | None = field(
        default_factory=lambda: {"weight": 1.0, "updates": 500}
    )
    """The term that keeps P(c|x) near the start model at first: `weight`, the `updates` over which
    it falls, `final` and `divergence`; None for no such term. A good value of `updates` is a third
    of all updates."""
    drafts: dict[str, Any] | None = None
    """The term that corrects drafts of the target: `weight`, `updates` and `final`; None for no
    such term."""

    architecture: str | None = None
    """A module of `warmup.models.architectures`; None for the one that fits the model."""
    separator: str = "<extra_id_0>"
    """Token of the vocabulary that ends a warmup. No text contains it."""
    prompt_end: str = "<extra_id_1>"
    """Token of the vocabulary that ends the input of a decoder-only model; not the separator."""

    task: str = "text_to_text"
    """How a source becomes what the model reads: a module of `warmup.data.tasks`."""
    prefix: str | None = None
    """Text that the model reads before each source, such as `summarize: `; of `text_to_text`."""
    max_source_tokens: int = 128
    """Longest input in tokens. Longer sources are cut; how many is printed and written to
    `training.json`."""
    max_target_tokens: int = 128
    """Longest target in tokens, its end included. Longer ones are cut and counted, and outputs end
    there."""
    max_unknown_targets: float = 0.2
    """Largest share of the targets that the tokenizer may be unable to spell."""

    max_tokens_per_microbatch: int | None = None
    """Tokens that may go through the network at once. A batch with more is split, with the same
    gradient. None for no limit; running out of memory sets one."""
    on_nan: Literal["stop", "skip"] = "stop"
    """What to do with an update whose loss or gradient is NaN or infinite: `stop` or `skip`."""

    per_device_train_batch_size: int = 32
    """Examples per update, in each process."""
    per_device_eval_batch_size: int = 32
    """Examples per batch of a validation, in each process."""
    learning_rate: float = 1e-4
    """The highest learning rate of the schedule."""
    dataloader_pin_memory: bool = field(default_factory=torch.cuda.is_available)
    """Whether batches are in page-locked memory, from which GPUs copy faster."""
    use_cpu: bool = field(default_factory=lambda: not torch.cuda.is_available())
    """Whether the CPU is used. Of GPUs only those of CUDA have been tried."""
    ddp_backend: str | None = field(default_factory=_backend)
    """How several processes exchange gradients; `gloo` on the CPU."""
    ddp_find_unused_parameters: bool | None = False
    """Whether several processes look for weights without a gradient; every weight has one."""
    ddp_broadcast_buffers: bool | None = False
    """Whether several processes send each other their buffers before a forward pass. They are
    constant, and processes that make different numbers of passes would wait for each other."""
    remove_unused_columns: bool = False
    """Must stay False: batches have columns that the network does not read."""

    def __post_init__(self) -> None:
        """Check the settings, before those of `TrainingArguments` are completed."""
        self._check()
        self._given = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != _default(field)
        }
        super().__post_init__()

    @property
    def n_gpu(self) -> int:
        """GPUs of a process, 0 or 1; `Trainer` would multiply the batch by their number."""
        return min(int(super().n_gpu), 1)

    @property
    def loss(self) -> LossConfig:
        """The settings of the loss; what `reference_kl` and its like leave out has its default."""
        value: dict[str, Any] = {name: copy.deepcopy(getattr(self, name)) for name in _OF_LOSS}
        value["sampling"] = None
        if self.max_warmup_tokens is None:
            value |= {"reference_kl": None, "drafts": None}
        else:
            sampling = {key: copy.deepcopy(getattr(self, name)) for name, key in _SAMPLING.items()}
            value["sampling"] = sampling
        schema.fill(value, {"properties": _properties("method_settings", value)})
        return from_json(LossConfig, value)

    def checkpoint_format(self, architecture: str) -> CheckpointFormat:
        """Return the content of `warmup.json` for a model that is trained with these settings.

        Args:
            architecture: of the model, if the settings do not name one.
        """
        return CheckpointFormat(
            architecture=self.architecture or architecture,
            separator=self.separator,
            prompt_end=self.prompt_end,
            dtype="bfloat16" if self.bf16 else "float32",
            task=self.task,
            max_warmup_tokens=self.max_warmup_tokens,
            warmup_samples=None if self.max_warmup_tokens is None else self.warmup_samples,
            max_source_tokens=self.max_source_tokens,
            max_target_tokens=self.max_target_tokens,
            prefix=self.prefix,
        )

    def chosen(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, as JSON values, without secrets."""
        return {
            name: value
            for name, value in self._given.items()
            if isinstance(value, str | int | float | list | dict | None)
            and name not in _OF_MACHINE
            and not name.endswith("_token")
        }

    def _check(self) -> None:
        defaults = {field.name: _default(field) for field in fields(self)}
        reasons = schema.definition("trainer")["x-refused"]
        for name in _UNSUPPORTED:
            if (value := getattr(self, name)) != defaults[name]:
                raise InputError(f"WarmupConfig: {name}: cannot be {value!r}; {reasons[name]}")
        sampling = _properties("method_settings", ["sampling"])["sampling"]["properties"]
        keys = _properties("method_settings", (*_OF_LOSS, "max_tokens_per_microbatch"))
        keys |= _properties("dataset", _OF_DATA) | _properties("model", _OF_MODEL)
        keys |= {name: sampling[key] for name, key in _SAMPLING.items()}
        keys["max_warmup_tokens"] = keys["max_warmup_tokens"] | {"type": ["integer", "null"]}
        keys["on_nan"] = schema.read()["properties"]["on_nan"]
        values = {name: getattr(self, name) for name in keys}
        schema.check(values, {"properties": keys}, "WarmupConfig")
        for kind in ("architecture", "task"):
            module = getattr(self, kind)
            if module is not None and module not in plugins.names(kind):
                raise InputError(f"WarmupConfig: {unknown(kind, module, plugins.names(kind))}")
        try:
            check_objective(self.loss, "WarmupConfig")
        except InputError as error:
            raise InputError(_with_own_names(str(error))) from None


def _default(field: Field[Any]) -> Any:
    """Return the default of a field."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def _properties(definition: str, names: Iterable[str]) -> dict[str, Any]:
    """Return what the schema says about some keys of a definition."""
    properties = schema.definition(definition)["properties"]
    return {name: properties[name] for name in names}


def _with_own_names(message: str) -> str:
    """Return a message about keys of a configuration with the names of fields instead."""
    for name, key in _SAMPLING.items():
        message = message.replace(f"sampling.{key}", name)
    return message.replace("sampling: ", "max_warmup_tokens: ")


def is_first_process() -> bool:
    """Return whether this process writes the files; torchrun sets the variable."""
    return os.environ.get("RANK", "0") == "0"


def training_arguments(config: RunConfig, updates: int, work: Path, **job: Any) -> WarmupConfig:
    """Return the settings of a run for the trainer.

    Args:
        config: the run.
        updates: optimiser updates.
        work: folder for checkpoints.
        job: settings that do not determine what is trained: `on_nan`, `report_to`.

    Raises:
        InputError: the batch cannot be divided among the processes, or there are fewer GPUs than
            processes.
    """
    model, method, data = config.model, config.method, config.dataset
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
    return WarmupConfig(
        **_of_sampling(method.sampling),
        objective=method.objective,
        objective_settings=to_json(method.objective_settings),
        reference_kl=to_json(method.reference_kl),
        drafts=to_json(method.drafts),
        architecture=model.architecture,
        separator=model.separator,
        prompt_end=model.prompt_end,
        task=data.task,
        prefix=data.prefix,
        max_source_tokens=data.max_source_tokens,
        max_target_tokens=data.max_target_tokens,
        max_unknown_targets=data.max_unknown_targets,
        max_tokens_per_microbatch=method.max_tokens_per_microbatch,
        output_dir=str(work),
        run_name=config.name,
        project=config.run.experiment,
        max_steps=updates,
        per_device_train_batch_size=method.batch_size // process_count(),
        per_device_eval_batch_size=method.batch_size // process_count(),
        activation_checkpointing=model.gradient_checkpointing,
        learning_rate=method.learning_rate,
        lr_scheduler_type=schedule,
        warmup_steps=method.lr_warmup,
        weight_decay=method.weight_decay,
        max_grad_norm=method.max_grad_norm,
        bf16=model.dtype == "bfloat16",
        seed=config.seed,
        logging_steps=min(method.log_every, steps_between_validations),
        eval_strategy="steps",
        eval_steps=steps_between_validations,
        save_steps=steps_between_validations,
        save_total_limit=None,  # `PruneCheckpoints` deletes, after the next one is on the disk
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,  # the patience that is left
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        disable_tqdm=not sys.stderr.isatty(),
        **job,
        **config.trainer or {},
    )


def _of_sampling(sampling: SamplingConfig | None) -> dict[str, Any]:
    """Return the fields of `WarmupConfig` that say how warmups are sampled."""
    if sampling is None:
        return {"max_warmup_tokens": None}
    value = to_json(sampling)
    return {name: value[key] for name, key in _SAMPLING.items()}
