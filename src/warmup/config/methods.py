"""The methods of an experiment: their order, roles and labels, and which starts from which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from warmup.config.conversion import to_json
from warmup.config.settings import ExperimentConfig, MethodConfig

BASELINE = "sft"
"""The method every gain is measured against: first in every list."""
FOCUS = "warmup"
"""The method the project is about: last in every list."""
ASPECTS = {
    "objective": "objective",
    "tau": "weights",
    "length_normalised": "weights",
    "control_variate": "weights",
    "samples": "samples (N)",
    "max_tokens": "length (K)",
    "temperature": "temperature",
    "start": "start",
    "reference_kl": "start",
    "drafts": "start",
    "backprop_samples": "fewer samples",
    "adaptive_samples": "fewer samples",
}
"""What an ablation varies, by the setting in which it differs from warmup; the order of groups."""
UNTRAINED = ("likelihood", "concatenation")
"""Objectives that do not optimise warmups: such a method is a control, not an ablation."""
_NOT_COMPARED = {
    *("budget", "validate_every", "log_every", "max_tokens_per_microbatch", "patience"),
    *("sampling", "objective_settings"),
}
"""Keys that are not compared: schedule, logging, and the mappings that are compared key by key."""


ROLES = ("baseline", "control", "ablation", "focus")
"""What a method is in an experiment, in the order in which tables show them."""


@dataclass(frozen=True)
class Methods:
    """The methods of an experiment: order, roles and labels, and which starts from which."""

    order: tuple[str, ...] = ()
    starts: Mapping[str, str] = field(default_factory=dict)
    """Method -> the method whose model it starts from; those from scratch are absent."""
    varied: Mapping[str, str] = field(default_factory=dict)
    """Ablation -> the setting in which it differs from warmup, such as `samples`."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Method -> one of `ROLES`; see `role` for those that are absent."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Method -> what people read; see `label` for those that are absent."""
    first: Sequence[str] = ()
    """Methods that come before all others, in this order."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Method -> its colour in figures, `#RRGGBB`."""

    def role(self, name: str) -> str:
        """Return the role of a method; by default SFT is the baseline, and warmup the focus."""
        usual = {BASELINE: "baseline", FOCUS: "focus"}
        by_name = usual.get(name, "ablation" if name in self.varied else "control")
        return self.roles.get(name, by_name)

    def label(self, name: str) -> str:
        """Return what people read; by default the name, with spaces for underscores."""
        by_name = "SFT" if name == BASELINE else name.replace("_", " ")
        return self.labels.get(name, by_name)

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names: those in `first`, then by role, as in `order`, by name.

        Ablations are sorted by what they vary, in the order of `ASPECTS`, before `order`.
        """
        aspects = list(dict.fromkeys(ASPECTS.values()))

        def key(name: str) -> tuple[int, int, int, int, str]:
            chosen = self.first.index(name) if name in self.first else len(self.first)
            aspect = self.aspect(name)
            group = aspects.index(aspect) if aspect in aspects else len(aspects)
            index = self.order.index(name) if name in self.order else len(self.order)
            return chosen, ROLES.index(self.role(name)), group, index, name

        return sorted(set(names), key=key)

    def aspect(self, name: str) -> str:
        """Return in words what an ablation varies; nothing for any other method."""
        setting = self.varied.get(name, "")
        return ASPECTS.get(setting, setting.replace("_", " "))

    def chain(self, name: str) -> list[str]:
        """Return `name`, the method it starts from, the one that starts from, and so on."""
        names = [name]
        while (start := self.starts.get(names[-1])) is not None:
            names.append(start)
        return names


UNKNOWN = Methods()
"""Nothing is known about the methods."""


def dependents(config: ExperimentConfig, method: str) -> set[str]:
    """Return the methods that wait for a method: they start from it, or their budget names it."""
    waiting: set[str] = set()
    new = {method}
    while new:  # entries of `runs` may differ in what waits for what, and form a cycle together
        new = {
            name
            for entry in config.runs
            for name, other in entry.methods.items()
            if new & other.needs
        } - waiting
        waiting |= new
    return waiting


def varied(config: ExperimentConfig) -> dict[str, str]:
    """Return for each ablation the setting that it varies, such as `samples` or `tau`.

    An ablation trains warmups as `warmup` does, but for this setting. If several settings differ,
    it is the first of: the start, the objective, the settings of sampling, those of the objective,
    all others.
    """
    settings: dict[str, str] = {}
    for entry in config.runs:
        focus = entry.methods.get(FOCUS)
        for name, method in entry.methods.items():
            if name == FOCUS or not focus or method.objective in UNTRAINED:
                continue
            if setting := _first_difference(method, focus):
                settings.setdefault(name, setting)
    return settings


def _first_difference(method: MethodConfig, other: MethodConfig) -> str:
    for mine, theirs in zip(_parts(method), _parts(other), strict=True):
        for key in (*mine, *theirs):
            if mine.get(key) != theirs.get(key):
                return key
    return ""


def _parts(method: MethodConfig) -> list[Mapping[str, Any]]:
    """Return the settings of a method in the order in which they are compared."""
    value: dict[str, Any] = to_json(method)
    first = {key: value[key] for key in ("start", "objective")}
    rest = {key: item for key, item in value.items() if key not in _NOT_COMPARED}
    return [first, value["sampling"] or {}, value["objective_settings"], rest]
