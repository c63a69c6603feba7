"""Properties of metrics: display name, direction, range and kind.

A metric states them in its own file, as `LABEL`, `HIGHER_IS_BETTER`, `RANGE` and `KIND`. They are
read without importing the file.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from warmup.common import plugins
from warmup.common.errors import InputError, unknown

SURFACE, SEMANTIC = "surface", "semantic"
"""Kinds: a metric compares words or other symbols, or it compares meaning."""
_ARROWS = {True: "↑", False: "↓"}
_WORDS = {True: "higher is better", False: "lower is better"}


@dataclass(frozen=True)
class Properties:
    """What a metric states."""

    label: str
    higher_is_better: bool
    low: float
    """The smallest possible value; minus infinity if there is none."""
    high: float
    """The largest possible value; infinity if there is none."""
    kind: str
    """`surface` or `semantic`."""

    @property
    def best(self) -> float:
        """The best possible value; infinite if there is none."""
        return self.high if self.higher_is_better else self.low

    def improvement(self, difference: float) -> float:
        """Return a difference between two scores with the sign that makes better positive."""
        return difference if self.higher_is_better else -difference


@cache
def of(metric: str) -> Properties:
    """Return the properties of a metric, neural or not.

    Raises:
        InputError: there is no such metric, or it does not state a property in the right form.
    """
    kind, file = _place(metric)

    def stated(key: str) -> object:
        return plugins.constant(kind, file, key)

    label, higher, ends, of_kind = map(stated, ("LABEL", "HIGHER_IS_BETTER", "RANGE", "KIND"))
    where = f"metric {metric}:"
    if not isinstance(label, str) or not label:
        raise InputError(f"{where} LABEL must be a name, not {label!r}")
    if not isinstance(higher, bool):
        raise InputError(f"{where} HIGHER_IS_BETTER must be True or False, not {higher!r}")
    if of_kind not in (SURFACE, SEMANTIC):
        raise InputError(f"{where} KIND must be {SURFACE!r} or {SEMANTIC!r}, not {of_kind!r}")
    match ends:
        case (float() | int() | None as low, float() | int() | None as high):
            low = -math.inf if low is None else low
            high = math.inf if high is None else high
            return Properties(label, higher, low, high, str(of_kind))
    raise InputError(f"{where} RANGE must be two numbers, None for no end, not {ends!r}")


def names() -> list[str]:
    """Return the names of all metrics that are not neural, sorted."""
    return sorted(_files())


def file_of(metric: str) -> str:
    """Return the name of the module of a metric that is not neural, which may differ (`chrf++`).

    Raises:
        InputError: there is no such metric; the message lists the valid names.
    """
    files = _files()
    if metric not in files:
        raise unknown("metric", metric, files)
    return files[metric]


def order(own: Sequence[str], metrics: Iterable[str]) -> list[str]:
    """Return the distinct metrics: those of a task or data set in its order, then others by name.

    The first one is the primary metric, which figures and sentences are about.

    Args:
        own: the metrics of the task or data set, as `ExperimentSummary.metrics_of` returns them.
        metrics: what is ordered.
    """
    return sorted(
        set(metrics), key=lambda name: (own.index(name) if name in own else len(own), name)
    )


def label(metric: str) -> str:
    """Return the display name of a metric."""
    return of(metric).label


def head(metric: str) -> str:
    """Return the display name with an arrow that points to better values."""
    return f"{label(metric)} {_ARROWS[of(metric).higher_is_better]}"


def directions(metrics: Iterable[str]) -> str:
    """Return what the arrows next to these metrics mean, such as `↑ higher is better`."""
    ways = sorted({of(metric).higher_is_better for metric in metrics}, reverse=True)
    return ", ".join(f"{_ARROWS[higher]} {_WORDS[higher]}" for higher in ways)


def _place(metric: str) -> tuple[str, str]:
    """Return the kind and the name of the plug-in."""
    neural = plugins.names("neural metric")
    return ("neural metric", metric) if metric in neural else ("metric", file_of(metric))


def _files() -> dict[str, str]:
    """Return metric -> name of its module."""
    return {str(plugins.constant("metric", file, "NAME")): file for file in plugins.names("metric")}
