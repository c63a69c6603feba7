"""The decodings of an experiment: their order, and which are controls of which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

GREEDY = "greedy"
"""The decoding that is first where no order is given."""


@dataclass(frozen=True)
class Decodings:
    """The decodings of an experiment: their order, and which are controls of which."""

    order: tuple[str, ...] = ()
    controls: Mapping[str, str] = field(default_factory=dict)
    """Control -> the decoding it is compared with, in which models write their own warmups."""

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return the distinct names: as in `order`, then greedy, then by name."""

        def key(name: str) -> tuple[int, bool, str]:
            place = self.order.index(name) if name in self.order else len(self.order)
            return place, name != GREEDY, name

        return sorted(set(names), key=key)

    def without_controls(self, scores: "pd.DataFrame") -> "pd.DataFrame":
        """Return the rows of `scores` whose decoding is not a control."""
        return scores[~scores["decoding"].isin(list(self.controls))]


UNKNOWN = Decodings()
"""Nothing is known about the decodings: greedy is first, and none is a control."""
