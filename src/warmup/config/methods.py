"""The methods of an experiment: their order, which starts from which, and what ablations vary."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field

from warmup.common.errors import InputError

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


@dataclass(frozen=True)
class Methods:
    """The methods of an experiment: order, which starts from which, and what ablations vary."""

    order: tuple[str, ...] = ()
    starts: dict[str, str] = field(default_factory=dict)
    """Method -> the method whose model it starts from; those from scratch are absent."""
    varied: dict[str, str] = field(default_factory=dict)
    """Ablation -> the setting in which it differs from warmup, such as `samples`."""

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names: SFT, controls as in `order`, then by name, ablations, warmup.

        Ablations are by what they vary, in the order of `ASPECTS`, then as in `order`.
        """
        aspects = list(dict.fromkeys(ASPECTS.values()))

        def key(name: str) -> tuple[int, int, int, str]:
            place = {BASELINE: 0, FOCUS: 3}.get(name, 2 if name in self.varied else 1)
            aspect = self.aspect(name)
            group = aspects.index(aspect) if aspect in aspects else len(aspects)
            index = self.order.index(name) if name in self.order else len(self.order)
            return place, group, index, name

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
"""Where nothing is said of methods."""


def parse(items: Iterable[str]) -> Methods:
    """Read `METHOD[=START][:SETTING]` items, such as `sft warmup=sft`, in the wanted order.

    Raises:
        InputError: a method given twice, a start that is not among the methods, or a circle.
    """
    order: list[str] = []
    starts: dict[str, str] = {}
    varied: dict[str, str] = {}
    for item in items:
        words, _, setting = item.partition(":")
        name, _, start = words.partition("=")
        if name in order:
            raise InputError(f"--methods: {name!r} is given twice")
        order.append(name)
        if start:
            starts[name] = start
        if setting:
            varied[name] = setting
    for name, start in starts.items():
        if start not in order:
            raise InputError(
                f"--methods: {name!r} starts from {start!r}, which is not among: {', '.join(order)}"
            )
        step, seen = start, {name}
        while step in starts and step not in seen:
            seen.add(step)
            step = starts[step]
        if step in seen:
            raise InputError(f"--methods: {name!r} starts from itself by way of {start!r}")
    return Methods(tuple(order), starts, varied)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--methods`, whose value `parse` reads."""
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[],
        metavar="METHOD[=START][:SETTING]",
        help="order of the methods, what each starts from and, of ablations, what they vary, e.g. "
        f"{BASELINE} {FOCUS}={BASELINE} samples_2={BASELINE}:samples; costs and curves then begin "
        "with the start's (default: by name, each run alone)",
    )
