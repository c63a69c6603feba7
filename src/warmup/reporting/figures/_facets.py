"""Panels of a figure: one per setting; with many methods one per setting and ablated aspect."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.methods import BASELINE, FOCUS, Methods
from warmup.reporting.figures._style import MOST

CONTEXT = (BASELINE, "sft_continued", FOCUS)
"""Methods in every panel: all others are compared with them."""
_OTHERS = "others"
MANY = (
    " If there are more methods than colours, each panel shows the ablations that vary the same "
    "setting, with SFT and warmup."
)
"""Sentence for the caption of a figure that is divided in this way."""

T = TypeVar("T")


class Panel(NamedTuple):
    """Setting and methods of a panel."""

    setting: Setting
    aspect: str
    """What its ablations vary; empty if the panel has all methods."""


def split(
    items: Iterable[T], methods: Methods, of: Callable[[T], tuple[Setting, str]]
) -> dict[Panel, list[T]]:
    """Return the items of each panel; panels and items keep the order of `items`.

    If there are at most as many methods as colours, all share a panel. Otherwise they are divided
    by what they vary, and each panel also has the methods of `CONTEXT`.

    Args:
        items: what the panels show.
        methods: order of the methods, and what ablations vary.
        of: returns setting and method of an item.
    """
    items = list(items)
    settings = group(items, lambda item: of(item)[0])
    names = methods.sort(of(item)[1] for item in items)
    if not crowded(names, methods):
        return {Panel(setting, ""): of_setting for setting, of_setting in settings.items()}
    aspects = dict.fromkeys(_aspect(name, methods) for name in names if name not in CONTEXT)
    panels = {}
    for setting, of_setting in settings.items():
        for aspect in aspects:
            panels[Panel(setting, aspect)] = [
                item for item in of_setting if belongs(of(item)[1], aspect, methods)
            ]
    return panels


def crowded(names: Iterable[str], methods: Methods) -> bool:
    """Return whether an experiment has more methods than there are colours."""
    return len({*methods.order, *names}) > MOST


def belongs(method: str, aspect: str, methods: Methods) -> bool:
    """Return whether a method is shown in the panels of an aspect."""
    return not aspect or _aspect(method, methods) in (aspect, "")


def _aspect(name: str, methods: Methods) -> str:
    return "" if name in CONTEXT else methods.aspect(name) or _OTHERS
