"""The jobs of an experiment with their time and memory."""

import heapq
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from warmup.common import plugins
from warmup.config import experiment
from warmup.config.settings import DecodingConfig, ExperimentConfig, RunConfig
from warmup.pipeline.forecast import operations, sizes, updates
from warmup.pipeline.forecast.lengths import Lengths, Texts
from warmup.pipeline.forecast.operations import Batch, Network, Work
from warmup.pipeline.forecast.sizes import Model
from warmup.pipeline.forecast.speed import Speed

START = 12.0
"""Seconds until a job of training or generation has loaded Python, PyTorch and a model."""
SMALL_JOBS: Mapping[str, float] = {
    "fetch": 60, "fetch_model": 60, "fetch_metric": 60, "prepare": 20, "tokenizer": 10,
    "score": 5, "score_neural": 120,
}  # fmt: skip
"""Rule -> seconds, assumed. They are little next to training."""
MEASURED_EXAMPLES = 200
"""Validation examples that a method with warmups generates for, at each validation."""
PYTHON_MEMORY = 0.7e9
"""Bytes of a process with PyTorch and its libraries on a CPU."""
CUDA_MEMORY = 3e9
"""Bytes of main memory of a process that uses a GPU, besides the weights that it loads."""
NEURAL_MEMORY = 6e9
"""Bytes of a job with COMET or BERTScore, whose encoders have 560 and 355 million weights."""
HEAD = 64
"""Width that a head of attention is assumed to have."""
PER_WEIGHT = 16
"""Bytes per weight in training: weight, gradient and AdamW's two moments, 4 bytes each."""
FROZEN = 4.5
"""Bytes per weight in training an adapter: the frozen weight, and an eighth for the adapter."""


@dataclass(frozen=True)
class Job:
    """A job that takes long: training, generation or a neural metric."""

    rule: str
    name: str
    """Of the run, or of the run and what is generated."""
    run: str
    seconds: float
    host_memory: float
    """Bytes of main memory."""
    gpu_memory: float
    """Bytes of GPU memory; those of main memory if there is no GPU."""
    needs: tuple[str, ...] = ()
    """Names of the jobs that have to end first."""
    model: str = ""
    updates: int = 0
    flops: float = 0.0

    def renamed(self, first: str, other: str) -> "Job":
        """Return the same job of a run that differs from the first one only in its seed."""
        before, after = (f"/{name.rpartition('/')[2]}" for name in (first, other))

        def of(name: str) -> str:
            return re.sub(rf"{re.escape(before)}(?=/|$)", after, name)

        return replace(
            self, name=of(self.name), run=other, needs=tuple(of(name) for name in self.needs)
        )


@dataclass(frozen=True)
class Forecast:
    """What an experiment takes."""

    config: ExperimentConfig
    speed: Speed
    counts: Mapping[str, int]
    """Rule -> number of jobs, of all rules."""
    jobs: Sequence[Job]
    """The jobs that take long."""
    models: Mapping[str, Model]
    """Model -> its sizes, for one data set if there are several."""
    assumed: Sequence[str]
    """Data sets whose lengths are assumed, since their data are not there."""
    unknown: Sequence[str]
    """Models whose sizes are not known."""

    @property
    def device_seconds(self) -> float:
        """Time of all training, generation and neural metrics, on one GPU or the CPU cores."""
        return sum(job.seconds for job in self.jobs)

    def wall_seconds(self, devices: int) -> float:
        """Return the time until the last job ends, with so many jobs at a time."""
        others = sum(SMALL_JOBS.get(rule, 0) * count for rule, count in self._others())
        return schedule(self.jobs, devices) + others / max(devices, 1)

    def _others(self) -> Iterator[tuple[str, int]]:
        long = {job.rule for job in self.jobs}
        yield from ((rule, count) for rule, count in self.counts.items() if rule not in long)

    @property
    def download(self) -> float:
        """Bytes of models to download; those of data are not known before."""
        return sum(model.download for model in self.models.values())

    @property
    def disk_final(self) -> float:
        """Bytes of all models that are kept, with downloads."""
        return self.download + sum(
            4 * self.models[job.model].network.parameters
            for job in self.jobs
            if job.rule == "train" and job.model in self.models
        )

    def disk_peak(self, devices: int) -> float:
        """Return the most bytes at a time: checkpoints of the runs in training come on top."""
        # the best, the last and one that is being written, each with AdamW's moments
        trained = [
            model.network.parameters
            for name, model in self.models.items()
            if self.config.models[name].lora is None  # checkpoints of an adapter are small
        ]
        largest = max(trained, default=0)
        return self.disk_final + 3 * 12 * largest * devices


def forecast(config: ExperimentConfig, speed: Speed, texts: Texts, downloads: Path) -> Forecast:
    """Return what an experiment takes.

    Args:
        config: the experiment.
        speed: of each device that it runs on.
        texts: of its data.
        downloads: folder of downloads.
    """
    runs = experiment.runs(config)
    settings: dict[tuple[str, str, str], tuple[Model, Lengths] | None] = {}
    for run in runs.values():
        key = run.run.dataset, run.run.pair, run.run.model
        if key not in settings:
            entry = config.datasets[run.run.dataset]
            words = texts.vocabulary(entry, run.run.pair, run.model) if run.model.scratch else 0
            model = sizes.of_model(run.run.model, run.model, downloads, words)
            lengths = texts.lengths(entry, run.run.pair, run.model)
            settings[key] = (model, lengths) if model else None

    def of(run: RunConfig) -> tuple[Model, Lengths] | None:
        return settings[run.run.dataset, run.run.pair, run.run.model]

    known = {name: found for name, run in runs.items() if (found := of(run))}
    work = {}  # of one update and of all, the same for all seeds

    def flops(name: str, count: int) -> float:
        (model, lengths), method = known[name], runs[name].method
        key = name.rpartition("/")[0], count
        if key not in work:
            frozen = runs[name].model.lora is not None
            works = updates.of_run(method, model.network, lengths, count, frozen=frozen)
            work[key] = operations.flops(works)
        return work[key]

    numbers = updates.counts({name: runs[name] for name in known}, flops)
    evaluations = experiment.evaluations(config)
    of_first: dict[str, list[Job]] = {}
    jobs = []
    for name, (model, lengths) in known.items():
        place = name.rpartition("/")[0]
        if place not in of_first:
            costs = RunCosts(runs[name], model.network, lengths, numbers[name], speed)
            of_first[place] = list(_jobs_of_run(config, costs, evaluations[name], texts))
        first = of_first[place][0].run
        jobs += [job.renamed(first, name) for job in of_first[place]]
    return Forecast(
        config, speed, count_jobs(config), jobs,
        {key[2]: found[0] for key, found in settings.items() if found},
        sorted({key[0] for key, found in settings.items() if found and not found[1].measured}),
        sorted({key[2] for key, found in settings.items() if not found}),
    )  # fmt: skip


@dataclass(frozen=True)
class RunCosts:
    """What the jobs of one run take."""

    run: RunConfig
    net: Network
    lengths: Lengths
    updates: int
    speed: Speed

    @property
    def works(self) -> list[Work]:
        """The work of all updates."""
        return updates.of_run(
            self.run.method, self.net, self.lengths, self.updates,
            checkpointed=self.run.model.gradient_checkpointing,
            frozen=self.run.model.lora is not None,
        )  # fmt: skip

    def training(self, processes: int) -> float:
        """Return the seconds of training by so many processes."""
        validations = math.ceil(self.updates / self.run.method.validate_every)
        return (
            START
            + self.speed.seconds(self.works) / processes
            + self.updates * self.speed.optimiser(self.net)
            + validations * self.validation()
        )

    def validation(self) -> float:
        """Return the seconds of a validation: the examples forward, and some generated for."""
        method, limit = self.run.method, self.run.dataset.validation_limit
        shape = updates.batch_of(method, self.lengths)
        forward = self.speed.seconds(updates.of_method(method, self.net, self.lengths)) / 2
        seconds = math.ceil(limit / method.batch_size) * forward
        if method.sampling:
            tokens = shape.target + shape.warmup + 1
            works = operations.generation(self.net, shape, tokens, 1)
            batches = math.ceil(MEASURED_EXAMPLES / method.batch_size)
            seconds += batches * self.speed.seconds(works)
        return seconds

    def generation(self, decoding: DecodingConfig, items: int) -> float:
        """Return the seconds of generating outputs for all items of a split, without the start."""
        sampling = self.run.method.sampling
        source, target = self.lengths.padded(decoding.batch_size)
        own = sampling.max_tokens + 1 if sampling else 0
        copies = decoding.beams * (decoding.samples or 1)
        examples = max(decoding.batch_size // copies, 1)  # at a time
        shape = Batch(examples, source, target)
        works = operations.generation(self.net, shape, target + own, copies)
        return math.ceil(items / examples) * self.speed.seconds(works)

    def memory(self) -> float:
        """Return the bytes that training needs: state per weight, activations, logits."""
        method, net = self.run.method, self.net
        shape = updates.batch_of(method, self.lengths)
        parts = updates.micro_batches(method, shape)
        sampling = method.sampling
        copies = (sampling.backprop_samples or sampling.samples) if sampling else 1
        own = shape.target + (shape.warmup + 1 if sampling else 0)
        decoder_rows = shape.batch / parts * copies * own
        source_rows = shape.batch / parts * shape.source
        width = 2 if self.run.model.dtype == "bfloat16" else 4
        per_row = width * (10 * net.width + 3 * net.inner + 3 * net.heads)
        rows = source_rows * net.source_layers + decoder_rows * net.decoder_layers
        scores = (
            source_rows * shape.source * net.source_layers
            + decoder_rows * (own + shape.source) * net.decoder_layers
        )
        kept = rows * per_row + (4 + width) * (net.heads / HEAD) * scores
        if self.run.model.gradient_checkpointing:
            kept /= max(net.decoder_layers, 1) / 2
        logits = min(decoder_rows * net.vocabulary, updates.MAX_LOGITS) * 4 * 2
        if self.run.model.lora:  # the reference is the network without its adapter
            return FROZEN * net.parameters + kept + logits
        anchor = 4 if method.reference_kl and sampling else 0
        return (PER_WEIGHT + anchor) * net.parameters + kept + logits


def _jobs_of_run(
    config: ExperimentConfig, costs: RunCosts, evaluations: Sequence[str], texts: Texts
) -> Iterator[Job]:
    """Yield the training of a run, the generation of its outputs, and their neural metrics."""
    run, method, net = costs.run, costs.run.method, costs.net
    resources = experiment.resources_of(config, run.run.model)
    gpus, nodes = resources.gpus, resources.nodes
    needed = costs.memory()
    host = CUDA_MEMORY + 8 * net.parameters if gpus else PYTHON_MEMORY + needed
    needs = tuple(
        run.name.replace(f"/{run.run.method}/", f"/{other}/")
        for other in sorted(method.needs - {"pretrained", "scratch"})
    )
    yield Job(
        "train", run.name, run.name, costs.training(max(gpus, 1) * nodes), host,
        needed if gpus else host, needs, run.run.model, costs.updates,
        operations.flops(costs.works),
    )  # fmt: skip
    entry = config.datasets[run.run.dataset]
    memory = 4 * net.parameters * 1.2 + 0.5e9
    host = CUDA_MEMORY + 4 * net.parameters if gpus else PYTHON_MEMORY + memory
    outputs = f"{run.name}/outputs"
    seconds = START
    for evaluation in evaluations:
        split, _, decoding = evaluation.partition(".")
        items = texts.items(entry, run.run.pair, split)
        seconds += costs.generation(config.decodings[decoding], items)
    yield Job(
        "generate", outputs, run.name, seconds, host, memory if gpus else host, (run.name,),
        run.run.model,
    )  # fmt: skip
    for evaluation in evaluations:
        for metric, settings in config.neural_metrics.items():
            if entry.task in settings.tasks:
                yield Job(
                    "score_neural", f"{run.name}/{evaluation}/{metric}", run.name,
                    SMALL_JOBS["score_neural"], NEURAL_MEMORY, NEURAL_MEMORY, (outputs,),
                    run.run.model,
                )  # fmt: skip


def count_jobs(config: ExperimentConfig) -> dict[str, int]:
    """Return the number of jobs of each rule, when nothing is there yet."""
    runs = experiment.runs(config)
    evaluations = experiment.evaluations(config)
    pairs = {(run.run.dataset, run.run.pair) for run in runs.values()}
    online = {
        name
        for name in {dataset for dataset, _ in pairs}
        for source in config.datasets[name].splits.values()
        if plugins.constant("source", source["type"], "NEEDS_NETWORK")
    }
    scratch = {
        (run.run.dataset, run.run.pair, run.run.model)
        for run in runs.values()
        if run.method.start == "scratch"
    }
    fetched = {
        run.run.model
        for run in runs.values()
        if run.method.start == "pretrained" and run.model.local is None
    }
    outputs = [
        config.datasets[runs[name].run.dataset].task
        for name, found in evaluations.items()
        if name in runs
        for _ in found
    ]
    neural = [
        metric
        for metric, entry in config.neural_metrics.items()
        for task in outputs
        if task in entry.tasks
    ]
    counts = {
        "fetch": sum(dataset in online for dataset, _ in pairs),
        "fetch_model": len(fetched),
        "fetch_metric": len(set(neural)),
        "prepare": len(pairs),
        "tokenizer": len(scratch),
        "train": len(runs),
        "generate": len(runs),
        "score_neural": len(neural),
        "score": len(outputs),
        **dict.fromkeys(("experiment", "collect", "compare", "analyse"), 1),
        "figure": len(plugins.names("figure")),
        **dict.fromkeys(("tables", "report", "all"), 1),
    }
    return {rule: count for rule, count in counts.items() if count}


def schedule(jobs: Iterable[Job], devices: int) -> float:
    """Return when the last job ends, if each device takes the longest job that is ready."""
    waiting = {job.name: job for job in jobs}
    ended: dict[str, float] = {}
    free = [0.0] * max(devices, 1)
    heapq.heapify(free)
    while waiting:
        now = heapq.heappop(free)
        ready = [
            job
            for job in waiting.values()
            if not any(name in waiting or ended.get(name, 0) > now for name in job.needs)
        ]
        if not ready:
            later = [end for end in ended.values() if end > now]
            heapq.heappush(free, min(later))
            continue
        job = max(ready, key=lambda one: one.seconds)
        del waiting[job.name]
        ended[job.name] = now + job.seconds
        heapq.heappush(free, ended[job.name])
    return max(ended.values(), default=0.0)
