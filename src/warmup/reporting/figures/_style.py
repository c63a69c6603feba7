"""The style of all figures: settings of matplotlib, and a colour and a marker per method."""

import hashlib
from typing import Any

from warmup.config.methods import UNKNOWN, Methods

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.linewidth": 0.6,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "figure.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "warmup",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
}
WIDTH = 5.5
"""Inches: the text width of a page with one column, so that letters keep their size there."""
TITLE: dict[str, Any] = {"x": 0.01, "ha": "left", "fontsize": 10, "fontweight": "bold"}
"""How the title of a figure is written."""

# The eight colours of Okabe and Ito (2008), distinct with every common kind of colour blindness.
# Grey replaces their yellow, because yellow lines are hardly visible on white.
_KNOWN = {
    "sft": ("#555555", "o"),
    "sft_continued": ("#56B4E9", "s"),
    "sft_compute": ("#0072B2", "^"),
    "empty_warmup": ("#009E73", "v"),
    "filler": ("#CC79A7", "P"),
    "keywords": ("#E69F00", "X"),
    "no_score_term": ("#000000", "p"),
    "warmup": ("#D55E00", "D"),
}
_MARKERS = "h<>*8d"
MOST = len(_KNOWN)
"""Largest number of methods in one panel: one per colour."""


def look(method: str, methods: Methods = UNKNOWN) -> tuple[str, str]:
    """Return colour and marker of a method, the same in all figures of an experiment.

    A method that is not listed above gets a colour that no listed method of the experiment has. If
    there are more methods than colours, methods that vary different settings share colours: they
    are in different panels.
    """
    colour, marker = _usual(method, methods)
    return methods.colours.get(method, colour), marker


def _usual(method: str, methods: Methods) -> tuple[str, str]:
    if method in _KNOWN:
        return _KNOWN[method]
    used = {_KNOWN[name][0] for name in methods.order if name in _KNOWN}
    free = [colour for colour, _ in _KNOWN.values() if colour not in used]
    free = free or [colour for colour, _ in _KNOWN.values()]
    others = methods.sort(name for name in methods.order if name not in _KNOWN)
    if len(methods.order) > MOST:
        others = [name for name in others if methods.aspect(name) == methods.aspect(method)]
    if method in others:
        hue = shape = others.index(method)
    else:
        hue, shape = hashlib.sha256(method.encode()).digest()[:2]
    return free[hue % len(free)], _MARKERS[shape % len(_MARKERS)]
