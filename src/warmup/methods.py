"""The methods of an experiment: their order, and which of them starts from which."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field

from warmup.errors import InputError

BASELINE = "sft"
"""The method every gain is measured against: first in every list."""
FOCUS = "warmup"
"""The method the project is about: last in every list."""


@dataclass(frozen=True)
class Methods:
    """The methods of an experiment: their order, and which of them starts from which."""

    order: tuple[str, ...] = ()
    starts: dict[str, str] = field(default_factory=dict)
    """Method -> the method whose model it starts from; those from scratch are absent."""

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names: SFT, then the controls as in `order`, then by name, warmup."""

        def key(name: str) -> tuple[int, int, str]:
            place = {BASELINE: 0, FOCUS: 2}.get(name, 1)
            index = self.order.index(name) if name in self.order else len(self.order)
            return place, index, name

        return sorted(set(names), key=key)

    def chain(self, name: str) -> list[str]:
        """Return `name`, the method it starts from, the one that starts from, and so on."""
        names = [name]
        while (start := self.starts.get(names[-1])) is not None:
            names.append(start)
        return names


def parse(items: Iterable[str]) -> Methods:
    """Read `METHOD` or `METHOD=START` items, such as `sft warmup=sft`, in the wanted order.

    Raises:
        InputError: a method given twice, a start that is not among the methods, or a circle.
    """
    order: list[str] = []
    starts: dict[str, str] = {}
    for item in items:
        name, _, start = item.partition("=")
        if name in order:
            raise InputError(f"--methods: {name!r} is given twice")
        order.append(name)
        if start:
            starts[name] = start
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
    return Methods(tuple(order), starts)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--methods`, whose value `parse` reads."""
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[],
        metavar="METHOD[=START]",
        help=f"order of the methods and what each starts from, e.g. {BASELINE} {FOCUS}={BASELINE}; "
        "costs and curves then begin with the start's (default: by name, each run alone)",
    )
