"""Memory and time that jobs ask for where the configuration does not say: of the forecast."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from warmup.config.settings import ExperimentConfig
from warmup.pipeline.forecast import speed
from warmup.pipeline.forecast.jobs import forecast
from warmup.pipeline.forecast.lengths import Texts

MARGIN = 1.5
"""Times the memory that is forecast; time has the margin of the machine's speed."""


class Limits(NamedTuple):
    """What a job asks for in its first attempt."""

    mem_mb: int
    runtime: int
    """Minutes."""


UNKNOWN = Limits(8000, 240)
"""For a model whose sizes are not known before it is downloaded."""


def of_experiment(config: ExperimentConfig, downloads: Path) -> Mapping[tuple[str, bool], Limits]:
    """Return limits by run, and by whether the job trains; without those of unknown models.

    No data are read, so that Snakemake starts fast: lengths are those that are usual for a task.
    """
    texts = Texts(config.data_root, downloads, read=False)
    machine = speed.choose(config)
    found: dict[tuple[str, bool], Limits] = {}
    for job in forecast(config, machine, texts, downloads).jobs:
        key = job.run, job.rule == "train"
        before = found.get(key, Limits(0, 0))
        memory = math.ceil(MARGIN * job.host_memory / 1e8) * 100
        minutes = math.ceil(machine.high * job.seconds / 60) + 10
        found[key] = Limits(max(before.mem_mb, memory), max(before.runtime, minutes))
    return found
