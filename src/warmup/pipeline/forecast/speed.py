"""How fast a machine does the work of an update: measured, of a common GPU, or of a known CPU.

The time of a piece of work is a sum: its operations at the rate of large matrix products, a time
for each layer that is computed after another one, a time for each token that is generated after
another one, the reading and writing of weights and optimiser state, and a time per update.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmup.common.errors import InputError, unknown
from warmup.common.files import read_json
from warmup.common.json_values import check_object
from warmup.config.settings import ExperimentConfig
from warmup.pipeline.forecast import operations, sizes, updates
from warmup.pipeline.forecast.operations import Batch, Network, Work

MEASURED = Path("work/speed.json")
"""Where `warmup plan --measure` keeps its constants, in the folder of the experiment."""
UTILISATION = 0.3
"""Share of the peak rate that a GPU is assumed to reach in training."""
OPTIMISER_BYTES = 28
"""Bytes that AdamW reads and writes per weight: weight, gradient and two moments of 4 bytes."""
USUAL_GPU = "A100"
"""The GPU of plans that name none."""
_GPUS = Path(__file__).with_name("speeds.csv")
_FIELDS = ("flops", "layer", "step", "bandwidth", "update")


@dataclass(frozen=True)
class Speed:
    """The constants of a machine."""

    name: str
    flops: float
    """Operations per second."""
    layer: float
    """Seconds per layer."""
    step: float
    """Seconds per generated token."""
    bandwidth: float
    """Bytes per second."""
    update: float
    """Seconds per update."""
    basis: str
    """Where the constants are from, for people."""
    low: float
    """A run can take this share of what is predicted."""
    high: float
    """A run can take this many times what is predicted."""
    memory: float | None = None
    """Bytes of a GPU; None for a CPU or if unknown."""

    def seconds(self, works: Iterable[Work]) -> float:
        """Return the time of some work, without the optimiser."""
        works = list(works)
        return (
            operations.flops(works) / self.flops
            + operations.layers(works) * self.layer
            + operations.steps(works) * self.step
        )

    def optimiser(self, net: Network) -> float:
        """Return the time that an update takes besides its work."""
        return self.update + OPTIMISER_BYTES * net.parameters / self.bandwidth


CPU = Speed(
    "2 cores of a CPU", 263e9, 0.0, 2.02e-3, 5.6e9, 4.21e-3,
    "from results/reference/benchmarks: AMD EPYC with AVX-512, nothing else running; other CPUs "
    "and busy ones are slower",
    0.5, 6,
)  # fmt: skip
"""The default; `tests/unit/pipeline/test_forecast_calibration.py` fits it again."""


def choose(config: ExperimentConfig, gpu: str | None = None) -> Speed:
    """Return the speed to plan with: of a named GPU, measured here, or a usual one.

    Raises:
        InputError: the GPU is not known.
    """
    used = {config.models[name].dtype for entry in config.runs for name in entry.models}
    dtype = "float32" if "float32" in used else "bfloat16"
    if gpu:
        return of_gpu(gpu, dtype)
    usual = of_gpu(USUAL_GPU, dtype) if config.resources.gpus else CPU
    return of_folder() or usual


def of_gpu(name: str, dtype: str) -> Speed:
    """Return the speed of a common GPU, by its name or a part of what the driver calls it.

    Raises:
        InputError: the GPU is not known.
    """
    with _GPUS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = [row for row in rows if row["pattern"] in name.lower()]
    if not found:
        raise unknown("GPU", name, [row["name"] for row in rows])
    row = max(found, key=lambda row: len(row["pattern"]))  # A100, not A10
    peak = float(row[dtype] or row["float32"]) * 1e12
    return Speed(
        row["name"], UTILISATION * peak, 0.4e-3, 2e-3, 0.5e9 * float(row["bandwidth_gb"]), 0.01,
        f"assumed: {UTILISATION:.0%} of the peak of {peak / 1e12:.0f} TFLOPS in {dtype}, "
        "0.4 ms per layer; not measured",
        0.5, 3,
        memory=float(row["memory_gb"]) * 1e9,
    )  # fmt: skip


def of_folder(path: Path = MEASURED) -> Speed | None:
    """Return what was measured here; None if nothing was.

    Raises:
        InputError: the file is not one of `warmup plan --measure`.
    """
    if not path.exists():
        return None
    kinds = dict.fromkeys(_FIELDS, float) | {"name": str}
    value = check_object(read_json(path), kinds, str(path), ())
    basis = f"measured on this machine ({path})"
    return Speed(**{key: value[key] for key in kinds}, basis=basis, low=0.6, high=1.8)


def fit(timings: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the constants that explain times of updates best, by their relative errors.

    Args:
        timings: as `warmup.training.measure_speed.Timing` has them: `scratch`, `batch`, `source`,
            `target`, `samples`, `warmup`, `seconds`.
    """
    rows = [[*features(timing), timing["seconds"]] for timing in timings]
    return solve(rows)


def features(timing: Mapping[str, Any]) -> list[float]:
    """Return what the time of an update is a sum of: operations, layers, tokens, bytes, 1."""
    net = sizes.network(timing["scratch"])
    shape = Batch(*(timing[key] for key in ("batch", "source", "target", "samples", "warmup")))
    backprop = timing.get("backprop")
    works = operations.exact(net, shape, backprop) if shape.samples else operations.sft(net, shape)
    works = updates.with_recomputation(works, net)
    return [
        operations.flops(works), operations.layers(works), operations.steps(works),
        OPTIMISER_BYTES * net.parameters, 1.0,
    ]  # fmt: skip


def solve(rows: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return the constants from rows of features and seconds; none is negative."""
    import numpy as np  # noqa: PLC0415  # only where a machine is measured
    from scipy.optimize import nnls  # noqa: PLC0415

    table = np.asarray(rows, dtype=float)
    scale = np.array([1e9, 1, 1, 1e9, 1])
    shares = table[:, :-1] / scale / table[:, -1:]
    found = nnls(shares, np.ones(len(table)))[0] / scale
    flops, layer, step, byte, update = map(float, found)
    if flops == 0:
        raise InputError("the times cannot be explained by operations; measure again")
    return {
        "flops": 1 / flops, "layer": layer, "step": step,
        "bandwidth": 1 / byte if byte else 1e15, "update": update,
    }  # fmt: skip
