"""`warmup plan`: what an experiment takes before it runs, and what fits into a budget."""

import argparse
import os
import re
import statistics
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warmup.common.encodings import print_json
from warmup.common.errors import InputError
from warmup.common.files import write_json
from warmup.common.units import duration, size
from warmup.config import experiment, files
from warmup.config.settings import ExperimentConfig
from warmup.pipeline.forecast import budget, power, speed
from warmup.pipeline.forecast.jobs import Forecast, Job, forecast
from warmup.pipeline.forecast.lengths import Texts
from warmup.pipeline.forecast.power import Power
from warmup.pipeline.plan import DOWNLOADS

_ABOUT = (
    "Operations are counted from the configuration. For 381 runs of results/reference they are "
    "1.02 times those that PyTorch counted (median); 90% are within a factor of 1.24."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    files.add_option(parser)
    add = parser.add_argument
    add("--config", nargs="+", default=[], metavar="KEY=VALUE", help="as given to snakemake")
    add("--devices", type=int, default=1, metavar="N", help="GPUs, or jobs at a time (default: 1)")
    add("--gpu", metavar="NAME", help="a common GPU, such as A100: its peak rate is assumed")
    add("--measure", action="store_true", help="time updates on this machine first, a minute")
    add("--budget", metavar="TIME", help="device time there is, such as 200h: what to leave out")
    add("--format", choices=("table", "json"), default="table", help="for people, or for programs")


def run(options: argparse.Namespace) -> None:
    """Say what an experiment takes: jobs, time, memory, disk; and what its seeds can show."""
    if options.devices < 1:
        raise InputError(f"--devices: must be at least 1, got {options.devices}")
    config = experiment.check(
        files.apply_command_line(
            files.read(options.configfile), files.parse_assignments(options.config)
        )
    )
    if options.measure:
        measure(config)
    machine = speed.choose(config, options.gpu)
    texts, downloads = Texts(config.data_root, Path(DOWNLOADS)), Path(DOWNLOADS)
    found = forecast(config, machine, texts, downloads)
    powers = power.of_experiment(config, texts)
    limit = parse_hours(options.budget) if options.budget else None
    smaller = list(cuts(found, limit, texts, downloads)) if limit is not None else []
    if options.format == "json":
        print_json(as_json(found, powers, options.devices, smaller), "plan", indent=2)
    else:
        print("\n".join(page(found, powers, options.devices)))
        if limit is not None:
            print("\n".join(["", *budget_lines(found, powers, limit, smaller)]))


def measure(config: ExperimentConfig) -> None:
    """Time updates on this machine, and keep the constants that explain them."""
    import torch  # noqa: PLC0415  # these take seconds, and plans do not need them
    from transformers.utils import logging  # noqa: PLC0415

    from warmup.training import measure_speed  # noqa: PLC0415

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    device = "cuda" if config.resources.gpus and torch.cuda.is_available() else "cpu"
    used = {config.models[name].dtype for entry in config.runs for name in entry.models}
    dtype = "float32" if device == "cpu" or "float32" in used else "bfloat16"
    timings = measure_speed.measure(device, dtype, config.resources.threads)
    constants = speed.fit([asdict(timing) for timing in timings])
    name = torch.cuda.get_device_name() if device == "cuda" else f"{config.resources.threads} CPU"
    write_json(speed.MEASURED, {"name": name, **constants})
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores:
        print(
            f"This machine is busy (load {load:.0f} on {cores} cores): the times are those of now. "
            "Measure again when it is idle.",
            file=sys.stderr,
        )


def parse_hours(text: str) -> float:
    """Return the hours of a time such as `200h`, `90min` or `3d`.

    Raises:
        InputError: another form.
    """
    units = {"min": 1 / 60, "h": 1.0, "d": 24.0}
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(min|h|d)", text)
    if not found:
        raise InputError(f"--budget: expected a time such as 200h, 90min or 3d, got {text!r}")
    return float(found[1]) * units[found[2]]


def page(found: Forecast, powers: Sequence[Power], devices: int) -> Iterator[str]:
    """Yield the lines of a plan, at most 100 characters each."""
    total = found.device_seconds
    one = "GPU" if found.config.resources.gpus else "CPU"
    jobs = sum(found.counts.values())
    yield f"{found.config.experiment}: {jobs:,} jobs, {found.counts.get('train', 0)} training runs"
    counts = ", ".join(f"{count:,} {rule}" for rule, count in found.counts.items())
    yield from wrapped(f"Jobs: {counts}.")
    yield ""
    heading = ("training", "runs", "updates", "each", "all", "memory")
    yield "{:<39} {:>5} {:>13} {:>12} {:>12} {:>10}".format(*heading)
    for (model, data, method), of in groups(found.jobs).items():
        numbers = sorted({job.updates for job in of})
        updates = f"{numbers[0]:,}" + (f"–{numbers[-1]:,}" if len(numbers) > 1 else "")
        seconds = [job.seconds for job in of]
        label = f"{model}  {data}  {method}"
        yield (
            f"{label if len(label) <= 39 else label[:38] + '…':<39} {len(of):>5} {updates:>13} "
            f"{duration(statistics.mean(seconds)):>12} {duration(sum(seconds)):>12} "
            f"{size(max(job.gpu_memory for job in of)):>10}"
        )
    for rule in ("generate", "score_neural"):
        of = [job for job in found.jobs if job.rule == rule]
        if of:
            seconds = [job.seconds for job in of]
            yield (
                f"{rule:<39} {len(of):>5} {'':>13} {duration(statistics.mean(seconds)):>12} "
                f"{duration(sum(seconds)):>12} {size(max(job.gpu_memory for job in of)):>10}"
            )
    yield ""
    low, high = total * found.speed.low, total * found.speed.high
    yield f"{one} time: {total / 3600:,.1f} h (from {low / 3600:,.1f} to {high / 3600:,.1f} h)"
    wall = {count: found.wall_seconds(count) for count in dict.fromkeys((devices, 1, 4, 8))}
    many = "GPUs" if found.config.resources.gpus else "jobs at a time"
    shown = ", ".join(
        f"{duration(seconds)} with {count} {many if count > 1 else many.replace('s', '', 1)}"
        for count, seconds in wall.items()
    )
    yield from wrapped(f"Wall time: {shown}. A run waits for the one that it starts from.")
    yield from wrapped(
        f"Downloads: {size(found.download)} of models; data and metrics come on top. Disk: "
        f"{size(found.disk_final)} at the end, {size(found.disk_peak(devices))} at most."
    )
    host = max((job.host_memory for job in found.jobs), default=0)
    yield from wrapped(f"Main memory of a job: up to {size(host)}.")
    yield from notes(found)
    yield ""
    yield from power_lines(powers)
    yield ""
    yield from wrapped(f"Speed: {found.speed.name}, {found.speed.basis}.")
    yield from wrapped(_ABOUT)


def notes(found: Forecast) -> Iterator[str]:
    """Yield what is wrong or not known."""
    if found.unknown:
        names = ", ".join(found.unknown)
        yield from wrapped(
            f"NOT COUNTED: the sizes of {names} are not known before they are downloaded."
        )
    if found.assumed:
        names = ", ".join(found.assumed)
        yield from wrapped(
            f"Lengths are assumed for {names}, whose data are not here yet: plan again when they "
            "are."
        )
    memory = found.speed.memory
    large = sorted({job.model for job in found.jobs if memory and job.gpu_memory > memory})
    if memory and large:
        yield from wrapped(
            f"TOO LARGE for the {size(memory)} of {found.speed.name}: {', '.join(large)}. Set "
            "max_tokens_per_microbatch of the methods, or resources.gpus with sharded."
        )


def power_lines(powers: Sequence[Power]) -> Iterator[str]:
    """Yield what the gains must be to be seen, and how many seeds the paper's need."""
    if not powers:
        return
    yield "{:<32} {:>6} {:>18} {:>12} {:>14}".format(
        "gain over SFT", "seeds", "seen if at least", "paper's", "seeds for it"
    )
    for one in powers:
        best, worst = one.detectable
        needed = one.seeds_needed
        said = str(needed) if needed else ("–" if one.gain is None else f"over {power.MOST_SEEDS}")
        gain = "–" if one.gain is None else f"{one.gain:.2f}"
        label = f"{one.task} {one.metric}" + (f", mean of {one.pairs}" if one.pairs > 1 else "")
        yield (
            f"{label:<32} {one.seeds:>6} {f'{best:.1f} to {worst:.1f}':>18} {gain:>12} {said:>14}"
        )
    yield from wrapped(
        "In points, seen in 80 of 100 cases by a test at 5%. The spread over seeds is that of "
        "small networks in results/reference, whose gains are far larger; that over items is "
        "assumed: at best pairs are independent and outputs alike. More than the test set shows, "
        "no number of seeds shows."
    )


def cuts(
    found: Forecast, limit: float, texts: Texts, downloads: Path
) -> Iterator[tuple[budget.Step, Forecast]]:
    """Yield what is left out until an experiment fits into so many device hours."""
    plans: dict[int, Forecast] = {}

    def planned(config: ExperimentConfig) -> Forecast:
        if id(config) not in plans:
            plans[id(config)] = forecast(config, found.speed, texts, downloads)
        return plans[id(config)]

    if found.device_seconds / 3600 <= limit:
        return
    for step in budget.steps(found.config, lambda config: planned(config).device_seconds):
        smaller = planned(step.config)
        yield step, smaller
        if smaller.device_seconds / 3600 <= limit:
            return


def budget_lines(
    found: Forecast,
    powers: Sequence[Power],
    limit: float,
    smaller: Sequence[tuple[budget.Step, Forecast]],
) -> Iterator[str]:
    """Yield what to leave out, with the hours that are left and the smallest gain that is seen."""
    hours = found.device_seconds / 3600
    if hours <= limit:
        yield f"Budget: {limit:g} h are enough for these {hours:,.1f} h."
        return
    metrics = first_of_tasks(powers)
    yield f"Budget: {limit:g} h of {hours:,.1f} h. Leave out, in this order:"
    titles = "".join(f" {one.metric:>11}" for one in metrics)
    yield f"{'':<38} {'hours':>9}  seen at best:{titles}"
    texts = Texts(found.config.data_root, Path(DOWNLOADS))
    for step, plan in [(None, found), *smaller]:
        now = {(p.task, p.metric): p for p in power.of_experiment(plan.config, texts)}
        seen = [now.get((one.task, one.metric)) for one in metrics]
        shown = "".join(f" {one.detectable[0]:>11.1f}" if one else f" {'–':>11}" for one in seen)
        what = step.what if step else "everything"
        yield f"{what:<38} {plan.device_seconds / 3600:>9,.1f}  {'':<13}{shown}"
    if smaller:
        yield from wrapped(
            "How: " + "; ".join(dict.fromkeys(step.how for step, _ in last_of_kind(smaller))) + "."
        )
    if not smaller or smaller[-1][1].device_seconds / 3600 > limit:
        yield "This is more than the budget still; use smaller models or fewer updates."
    yield from wrapped(
        "First seeds, since every question stays; then controls, the dearest first, which tell "
        "what a gain is due to; then languages; at last the second seed, which tells how much "
        "seeds matter."
    )


def last_of_kind(
    smaller: Sequence[tuple[budget.Step, Forecast]],
) -> list[tuple[budget.Step, Forecast]]:
    """Return the steps without those that a later one replaces: fewer seeds."""
    seeds = [pair for pair in smaller if pair[0].how.startswith("seeds")]
    return [pair for pair in smaller if pair not in seeds[:-1]]


def first_of_tasks(powers: Sequence[Power]) -> list[Power]:
    """Return the first metric of each task."""
    firsts: dict[str, Power] = {}
    for one in powers:
        firsts.setdefault(one.task, one)
    return list(firsts.values())


def groups(jobs: Sequence[Job]) -> dict[tuple[str, str, str], list[Job]]:
    """Return training jobs by model, data set and method."""
    found: dict[tuple[str, str, str], list[Job]] = {}
    for job in jobs:
        if job.rule == "train":
            dataset, _, model, method, _ = job.run.split("/")
            found.setdefault((model, dataset, method), []).append(job)
    return found


def wrapped(text: str, width: int = 100) -> list[str]:
    """Return a text as lines."""
    return textwrap.wrap(text, width)


def as_json(
    found: Forecast,
    powers: Sequence[Power],
    devices: int,
    smaller: Sequence[tuple[budget.Step, Forecast]],
) -> dict[str, Any]:
    """Return a plan with all jobs that take long; times in seconds, sizes in bytes."""
    return {
        "experiment": found.config.experiment,
        "jobs": dict(found.counts),
        "device_seconds": found.device_seconds,
        "wall_seconds": {str(devices): found.wall_seconds(devices)},
        "download": found.download,
        "disk_final": found.disk_final,
        "disk_peak": found.disk_peak(devices),
        "speed": {k: v for k, v in asdict(found.speed).items() if v is not None},
        "assumed_lengths": list(found.assumed),
        "unknown_models": list(found.unknown),
        "long_jobs": [asdict(job) for job in found.jobs],
        "power": [
            asdict(one) | {"detectable": list(one.detectable), "seeds_needed": one.seeds_needed}
            for one in powers
        ],
        "budget": [
            {"leave_out": step.what, "how": step.how, "device_seconds": plan.device_seconds}
            for step, plan in smaller
        ],
    }
