"""Figures: one file per figure, found by its name; each has the members of `FigureModule`."""

from typing import TYPE_CHECKING, Protocol, cast

from warmup.common import plugins
from warmup.reporting.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureModule(Protocol):
    """What the module of a figure has."""

    TITLE: str
    """A few words."""
    CAPTION: str
    """What the figure shows and how to read it."""

    def draw(self, results: Results) -> "Figure":
        """Return the figure; if the results lack what it shows, a figure that says so."""


def names() -> list[str]:
    """Return the names of all figures, sorted."""
    return plugins.names("figure")


def load(name: str) -> FigureModule:
    """Return the figure of that name.

    Raises:
        InputError: there is none; the message lists the valid names.
    """
    return cast(FigureModule, plugins.load("figure", name))
