"""The methods of an experiment: their order, roles and labels, and which starts from which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    "backprop_samples": "fewer samples",
    "adaptive_samples": "fewer samples",
}
"""What an ablation varies, by the setting in which it differs from warmup; the order of groups."""


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
        """Return the distinct names by role, then as in `order`, then by name.

        Ablations are first sorted by what they vary, in the order of `ASPECTS`.
        """
        aspects = list(dict.fromkeys(ASPECTS.values()))

        def key(name: str) -> tuple[int, int, int, str]:
            aspect = self.aspect(name)
            group = aspects.index(aspect) if aspect in aspects else len(aspects)
            index = self.order.index(name) if name in self.order else len(self.order)
            return ROLES.index(self.role(name)), group, index, name

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
