"""The decodings of an experiment: their order, and which are controls of which."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmup.common.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

GREEDY = "greedy"
"""The decoding that is first where no order is given."""


@dataclass(frozen=True)
class Decodings:
    """The decodings of an experiment: their order, and which are controls of which."""

    order: tuple[str, ...] = ()
    controls: dict[str, str] = field(default_factory=dict)
    """Control -> the decoding it stands beside, in which models write their warmups themselves."""

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names: as in `order`, then greedy, then by name."""

        def key(name: str) -> tuple[int, bool, str]:
            place = self.order.index(name) if name in self.order else len(self.order)
            return place, name != GREEDY, name

        return sorted(set(names), key=key)

    def without_controls(self, scores: "pd.DataFrame") -> "pd.DataFrame":
        """Return the rows of `scores` that are of no control."""
        return scores[~scores["decoding"].isin(list(self.controls))]


UNKNOWN = Decodings()
"""Says nothing of the decodings: greedy is first, and none is a control."""


def parse(items: Iterable[str]) -> Decodings:
    """Read `DECODING` or `CONTROL=DECODING` items, such as `greedy shuffled=greedy`, in order.

    Raises:
        InputError: a decoding given twice, or a control of what is no other decoding.
    """
    order: list[str] = []
    controls: dict[str, str] = {}
    for item in items:
        name, _, own = item.partition("=")
        if name in order:
            raise InputError(f"--decodings: {name!r} is given twice")
        order.append(name)
        if own:
            controls[name] = own
    for name, own in controls.items():
        if own not in order or own in controls:
            plain = ", ".join(other for other in order if other not in controls)
            raise InputError(
                f"--decodings: {name!r} stands beside {own!r}, which is none of: {plain}"
            )
    return Decodings(tuple(order), controls)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option `--decodings`, whose value `parse` reads."""
    parser.add_argument(
        "--decodings",
        nargs="+",
        default=[],
        metavar="DECODING[=OWN]",
        help="order of the decodings, and for a control with other warmups the decoding it stands "
        f"beside, e.g. {GREEDY} shuffled={GREEDY} (default: {GREEDY} first, then by name; none is "
        "a control)",
    )
