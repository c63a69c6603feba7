"""Which panels a figure has: one a setting; with many methods one a setting and ablated aspect."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.reporting.figures._style import MOST

CONTEXT = (BASELINE, "sft_continued", FOCUS)
"""Methods that stand in every panel: what all others are to be compared with."""
_OTHERS = "others"
MANY = (
    " Where there are more methods than colours, each column has those ablations that vary the "
    "same, beside SFT and warmup."
)
"""What the caption of a figure that is split so says."""

T = TypeVar("T")


class Panel(NamedTuple):
    """What one panel shows."""

    setting: Setting
    aspect: str
    """What the ablations in it vary; nothing where the panel has all methods."""


def split(
    items: Iterable[T], methods: Methods, of: Callable[[T], tuple[Setting, str]]
) -> dict[Panel, list[T]]:
    """Return the items of each panel, panels and items in the order in which they come.

    Up to as many methods as there are colours share a panel. More are split by what they vary, and
    each panel also has the methods of `CONTEXT`.

    Args:
        items: what is to be shown.
        methods: order of the methods, and what ablations vary.
        of: returns setting and method of an item.
    """
    items = list(items)
    settings = group(items, lambda item: of(item)[0])
    names = methods.sort(of(item)[1] for item in items)
    if not crowded(names, methods):
        return {Panel(setting, ""): found for setting, found in settings.items()}
    aspects = dict.fromkeys(_aspect(name, methods) for name in names if name not in CONTEXT)
    panels = {}
    for setting, found in settings.items():
        for aspect in aspects:
            here = [item for item in found if belongs(of(item)[1], aspect, methods)]
            panels[Panel(setting, aspect)] = here
    return panels


def crowded(names: Iterable[str], methods: Methods) -> bool:
    """Return whether an experiment has more methods than there are colours."""
    return len({*methods.order, *names}) > MOST


def belongs(method: str, aspect: str, methods: Methods) -> bool:
    """Return whether a method is shown in the panels of an aspect."""
    return not aspect or _aspect(method, methods) in (aspect, "")


def _aspect(name: str, methods: Methods) -> str:
    return "" if name in CONTEXT else methods.aspect(name) or _OTHERS
