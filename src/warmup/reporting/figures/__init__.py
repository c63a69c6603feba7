"""Figures: one file a figure, found by its name; each holds the members of `FigureModule`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from warmup.common import plugins
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import Methods

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Data:
    """What a figure is drawn from."""

    scores: "pd.DataFrame"
    """As `warmup.evaluation.result_tables.SCORES` reads them, without controls."""
    curves: "pd.DataFrame"
    """As `warmup.evaluation.result_tables.CURVES` reads them."""
    claims: "pd.DataFrame"
    """As `warmup.reporting.paper.reported.read` returns them."""
    methods: Methods
    """Order of the methods, and which starts from which."""
    tested: "pd.DataFrame | None" = None
    """As `warmup.evaluation.result_tables.COMPARISONS` reads them; None for no tests."""
    warmups: "pd.DataFrame | None" = None
    """As `warmup.evaluation.result_tables.WARMUPS` reads them, without controls; None for none."""
    decodings: Decodings = UNKNOWN
    """Order of the decodings."""


class FigureModule(Protocol):
    """What the module of a figure holds."""

    TITLE: str
    """A few words."""
    CAPTION: str
    """What is shown and how to read it."""

    def draw(self, data: Data) -> "Figure":
        """Return the figure; where the data lack what it shows, one that says so."""


def names() -> list[str]:
    """Return the names of all figures, sorted."""
    return plugins.names("figure")


def load(name: str) -> FigureModule:
    """Return the figure of that name.

    Raises:
        InputError: there is none; the message lists the valid names.
    """
    return cast(FigureModule, plugins.load("figure", name))
