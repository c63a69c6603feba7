"""The decodings of an experiment: their check, their order, and which are controls of which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.config.settings import DecodingConfig, MethodConfig

if TYPE_CHECKING:
    import pandas as pd

GREEDY = "greedy"
"""The decoding that is first if no order is given."""


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


def check(entries: Mapping[str, DecodingConfig]) -> None:
    """Check where the warmups of each decoding come from.

    Raises:
        InputError: naming the key that is wrong and what it may be.
    """
    for name, entry in entries.items():
        where = f"config: decodings.{name}"
        if entry.warmup not in plugins.names("decoding"):
            choices = ", ".join(plugins.names("decoding"))
            raise InputError(f"{where}.warmup: unknown {entry.warmup!r}; choose from: {choices}")
        if entry.samples and not plugins.constant("decoding", entry.warmup, "SAMPLES"):
            raise InputError(f"{where}.samples: warmup {entry.warmup} takes no samples")
    if all(_is_control(entry) for entry in entries.values()):
        raise InputError("config: decodings: at least one must have warmup: own")


def fits(entry: DecodingConfig, method: MethodConfig | None) -> bool:
    """Return whether the models of a method can be decoded in this way.

    A method whose outputs are given is None.
    """
    sampling = method.sampling if method else None
    has_warmups = sampling is not None and sampling.max_tokens > 0
    return has_warmups or not _is_control(entry)


def compared_with(entries: Mapping[str, DecodingConfig]) -> dict[str, str | None]:
    """Return for each decoding, if it is a control, the one that it is compared with, else None.

    That is the first decoding with the model's own warmups, preferably of the same beam width.
    """
    own = {name: entry for name, entry in entries.items() if not _is_control(entry)}
    others: dict[str, str | None] = {}
    for name, entry in entries.items():
        alike = [other for other in own if own[other].beams == entry.beams]
        others[name] = None if name in own else [*alike, *own][0]
    return others


def _is_control(entry: DecodingConfig) -> bool:
    return bool(plugins.constant("decoding", entry.warmup, "NEEDS_WARMUPS"))
