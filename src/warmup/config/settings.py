"""A configuration as dataclasses, made from a checked mapping by `warmup.config.experiment`.

schema.yaml has the full description, the default and the bounds of each setting; a test holds the
two together. A field has a default only if the key may be absent after the schema's defaults are
filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from warmup.common.keys import RunKey


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """The tokenizer to train for a model from scratch."""

    type: Literal["word", "symbol", "bpe", "unigram"]
    """How texts are divided into tokens."""
    vocab_size: int
    """Largest number of tokens."""


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """Low-rank adaptation: small matrices are trained, and the weights of the network are not."""

    rank: int
    """Rank of the change of a layer's weight."""
    alpha: float
    """The change is multiplied by alpha / rank."""
    dropout: float
    """Dropout of the input of the change."""
    targets: tuple[str, ...] | None
    """Names of the layers; None for those that `peft` knows for the model type."""


@dataclass(frozen=True, kw_only=True)
class ModelResources:
    """What the jobs of a model need, where it differs from the experiment's `resources`."""

    threads: int | None = None
    """CPU threads on each node."""
    gpus: int | None = None
    """GPUs on each node."""
    mem_mb: int | None = None
    """Memory on each node, in MB."""
    runtime: int | None = None
    """Longest time, in minutes."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """An entry of `models`; it has one of `hub`, `local` and `scratch`."""

    architecture: str
    """Module of `warmup.models.architectures`."""
    hub: str | None = None
    """Id of a repository of the Hugging Face Hub."""
    revision: str | None = None
    """Commit of that repository."""
    pickled_sha256: str | None = None
    """SHA-256 of that repository's `pytorch_model.bin`, to make safetensors of it."""
    local: str | None = None
    """Folder with a checkpoint in the transformers layout."""
    scratch: Mapping[str, Any] | None = None
    """Network with random weights: `model_type` and settings of its transformers configuration."""
    tokenizer: TokenizerConfig
    """Used for a model from scratch."""
    separator: str
    """Token that ends a warmup."""
    prompt_end: str
    """Token that ends the input of a decoder-only model."""
    dtype: Literal["float32", "bfloat16"]
    """Precision of arithmetic, and of weights in generation."""
    gradient_checkpointing: bool
    """Whether the backward pass computes activations again, which saves memory."""
    lora: LoraConfig | None = None
    """Train an adapter of the model instead of all its weights; None for all weights."""
    resources: ModelResources | None = None
    """What its jobs need; None in a run, which does not depend on it."""


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """What a run needs to know of its data set."""

    task: str
    """Module of `warmup.data.tasks`."""
    max_source_tokens: int
    """Longer inputs are cut."""
    max_target_tokens: int
    """Longer targets are cut, and outputs end there; EOS counts."""
    max_unknown_targets: float
    """Largest share of the targets of train or valid that the tokenizer may be unable to spell."""
    validation_limit: int
    """Number of validation examples that are scored during training."""
    prefix: str | None = None
    """What the model reads before the source, for a task that takes it; None for nothing."""


@dataclass(frozen=True, kw_only=True)
class DatasetEntry(DatasetConfig):
    """An entry of `datasets`."""

    pairs: tuple[str, ...]
    """Language pairs such as en-de, or language codes such as en."""
    splits: Mapping[str, Mapping[str, Any]]
    """Source of each split: `type` is a module of `warmup.data.sources`, which says what the other
    keys are."""
    metrics: tuple[str, ...] | None = None
    """Metrics that score the outputs, the main one first; None for those of the task."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How many updates a method makes; exactly one field is set."""

    updates: int | None = None
    """Number of updates."""
    same_updates_as: str | None = None
    """Method whose run made as many."""
    same_compute_as: str | None = None
    """Method whose run took as many floating-point operations."""

    @property
    def method(self) -> str | None:
        """The method that the number of updates depends on, if any."""
        return self.same_updates_as or self.same_compute_as


@dataclass(frozen=True, kw_only=True)
class AdaptiveSamplingConfig:
    """Fewer samples for examples whose samples were worth the same when they were last seen."""

    min_samples: int
    """Samples of such an example."""
    ess_fraction: float
    """Samples were worth the same if the effective sample size is at least this share of N."""


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How warmups are sampled in training."""

    samples: int
    """Warmups per example, N."""
    max_tokens: int
    """Longest warmup in tokens, K; the separator does not count."""
    temperature: float
    """Temperature of sampling."""
    predefined: str | None
    """Module of `warmup.method.predefined` whose warmups are given instead of sampled."""
    backprop_samples: int | None
    """Samples in the backward pass, M; None for all."""
    adaptive_samples: AdaptiveSamplingConfig | None
    """None for always `samples`."""
    settle: int
    """First updates, in which one warmup is sampled per example and is not trained."""


@dataclass(frozen=True, kw_only=True)
class ReferenceKLConfig:
    """The term that keeps P(c|x) near the start model."""

    weight: float
    """Weight of the divergence at the first update."""
    updates: int
    """Updates over which the weight falls linearly to `final`."""
    final: float
    """Weight from then on."""
    divergence: Literal["reverse", "forward"]
    """reverse is KL(model ‖ start), forward KL(start ‖ model)."""


@dataclass(frozen=True, kw_only=True)
class DraftsConfig:
    """The term that corrects drafts of the target."""

    weight: float
    """Weight of the term at the first update."""
    updates: int
    """Updates over which the weight falls linearly to `final`."""
    final: float
    """Weight from then on."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """What the loss of a batch depends on."""

    objective: str
    """Module of `warmup.method.objectives`."""
    objective_settings: Mapping[str, Any]
    """Keyword arguments of the objective."""
    sampling: SamplingConfig | None
    """How warmups are sampled; None for a method without warmups."""
    reference_kl: ReferenceKLConfig | None
    """None for no such term."""
    drafts: DraftsConfig | None
    """None for no such term, and for settling with sampled warmups."""


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """A method of training, with all its settings."""

    objective: str
    """Module of `warmup.method.objectives`."""
    objective_settings: Mapping[str, Any]
    """Keyword arguments of the objective."""
    start: str
    """`pretrained`, `scratch`, or the method whose model is the start."""
    budget: Budget
    """How many updates."""
    sampling: SamplingConfig | None
    """How warmups are sampled; None for a method without warmups."""
    reference_kl: ReferenceKLConfig | None
    """None for no such term."""
    drafts: DraftsConfig | None
    """None for no such term, and for settling with sampled warmups."""
    batch_size: int
    """Examples per update, over all processes."""
    max_tokens_per_microbatch: int | None
    """Tokens that may go through the network at once; None for no limit."""
    learning_rate: float
    """The highest learning rate of the schedule."""
    lr_schedule: Literal["constant", "linear", "cosine", "inverse_sqrt"]
    """How the learning rate falls."""
    lr_warmup: int
    """Updates over which the learning rate rises."""
    weight_decay: float
    """Weight decay of AdamW."""
    max_grad_norm: float
    """Gradients are clipped to this norm."""
    validate_every: int
    """Updates between validations, and between checkpoints."""
    log_every: int
    """Updates between lines of the training log."""
    patience: int | None
    """Validations without improvement after which training stops; None for never."""

    @property
    def loss(self) -> LossConfig:
        """The settings of the loss alone."""
        return LossConfig(**{field.name: getattr(self, field.name) for field in fields(LossConfig)})

    @property
    def needs(self) -> set[str]:
        """Names of the methods whose runs come first, and maybe `pretrained` or `scratch`."""
        return {self.start} | ({self.budget.method} if self.budget.method else set())


@dataclass(frozen=True)
class RunIdentity(RunKey):
    """Identifies a run among all experiments."""

    experiment: str
    task: str


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that determines one run, and nothing else."""

    name: str
    """`dataset/pair/model/method/seedN`."""
    run: RunIdentity
    seed: int
    """Seed of all random numbers of the run."""
    model: ModelConfig
    method: MethodConfig
    dataset: DatasetConfig
    trainer: Mapping[str, Any] | None = None
    """Other settings of `TrainingArguments` that change what is trained; None for none."""


@dataclass(frozen=True, kw_only=True)
class CheckpointFormat:
    """The content of warmup.json: what generation needs to know of a checkpoint."""

    architecture: str
    separator: str
    prompt_end: str
    dtype: Literal["float32", "bfloat16"]
    task: str
    max_warmup_tokens: int | None
    """Longest warmup in tokens, K; None for a model without warmups."""
    warmup_samples: int | None = None
    """Warmups per example in training, N."""
    max_source_tokens: int
    max_target_tokens: int
    prefix: str | None = None
    """What the model reads before the source of a record that has no prefix of its own."""


@dataclass(frozen=True, kw_only=True)
class GridConfig:
    """An entry of `runs`: all combinations of its data sets, models, methods and seeds."""

    datasets: tuple[str, ...]
    """Names of data sets."""
    models: tuple[str, ...]
    """Names of models."""
    methods: Mapping[str, MethodConfig]
    """Methods by name, as the entry's `override` changes them."""
    pairs: tuple[str, ...] | None = None
    """Only these pairs of the data sets; None for all."""
    seeds: tuple[int, ...] | None = None
    """None for those of the experiment."""
    outputs: Mapping[str, str]
    """The methods whose outputs are given: file or folder by name."""


@dataclass(frozen=True, kw_only=True)
class DecodingConfig:
    """An entry of `decodings`: how outputs are generated."""

    beams: int
    """Beam width; 1 is greedy."""
    batch_size: int
    """Sequences generated at once."""
    warmup: str
    """Module of `warmup.generation.strategies`: where warmups come from."""
    samples: int | None
    """Warmups per input of best_of_n; None for as many as in training."""


@dataclass(frozen=True, kw_only=True)
class MetricModelConfig:
    """What determines the model of a neural metric; it has one of `hub` and `local`."""

    hub: str | None = None
    """Id of a repository of the Hugging Face Hub."""
    revision: str | None = None
    """Commit of that repository."""
    local: str | None = None
    """Folder with the model."""
    encoder_revision: str | None = None
    """For comet, commit of the repository of its encoder, for the tokenizer."""

    @property
    def repository(self) -> tuple[str, str]:
        """Id and commit of the repository of the Hub; a `ValueError` for a local model."""
        if self.hub is None or self.revision is None:
            raise ValueError("the model is not of the Hub")
        return self.hub, self.revision


@dataclass(frozen=True, kw_only=True)
class NeuralMetricConfig(MetricModelConfig):
    """An entry of `neural_metrics`."""

    tasks: tuple[str, ...]
    """Tasks whose outputs it scores."""
    layer: int | None = None
    """For bertscore, the layer whose embeddings are compared."""
    batch_size: int
    """Texts scored at once."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What each training or generation job needs."""

    threads: int
    """CPU threads on each node."""
    nodes: int
    """Nodes per training run."""
    gpus: int
    """GPUs on each node."""
    sharded: bool
    """Whether weights, gradients and optimiser state are divided among the GPUs (FSDP)."""
    mem_mb: int | None
    """Memory on each node, in MB; None for what is forecast."""
    runtime: int | None
    """Longest time, in minutes; None for what is forecast."""


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """A whole configuration."""

    experiment: str
    """Its name."""
    plugins: str | None = None
    """Folder with plug-ins of the experiment's own."""
    data_root: str
    """Folder that relative paths of local data start from."""
    seeds: tuple[int, ...]
    """Seeds of every run, unless an entry of `runs` has its own."""
    models: Mapping[str, ModelConfig]
    datasets: Mapping[str, DatasetEntry]
    methods: Mapping[str, MethodConfig]
    """As they are written; an entry of `runs` may change them."""
    outputs: Mapping[str, str]
    """Methods that are not trained, but whose outputs are given: file or folder by name."""
    runs: tuple[GridConfig, ...]
    labels: Mapping[str, str]
    """What tables and figures call methods, models and data sets."""
    order: tuple[str, ...]
    """Methods, models and data sets that come first."""
    colours: Mapping[str, str]
    """Colours of methods in figures."""
    decodings: Mapping[str, DecodingConfig]
    """By name; the first is the one tables show first."""
    neural_metrics: Mapping[str, NeuralMetricConfig]
    resources: Resources
    trainer: Mapping[str, Any]
    """Other settings of `TrainingArguments`."""
    on_mismatch: Literal["refuse", "fresh"]
    """What to do with checkpoints of an interrupted run whose settings have changed since."""
    on_nan: Literal["stop", "skip"]
    """What to do with an update whose loss or gradient is not finite."""
