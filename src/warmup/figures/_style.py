"""The look that all figures share: settings of matplotlib, and a colour and marker a method."""

import colorsys
import hashlib
from typing import Any

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 8,
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
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "figure.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "warmup",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
}
WIDTH = 7.2
"""Inches: the text width of a two-column page."""

# Colours of Okabe and Ito (2008), told apart with every common kind of colour blindness.
_KNOWN = {
    "sft": ("#555555", "o"),
    "sft_continued": ("#56B4E9", "s"),
    "sft_compute": ("#0072B2", "^"),
    "empty_warmup": ("#009E73", "v"),
    "filler": ("#CC79A7", "P"),
    "warmup": ("#D55E00", "D"),
}
_MARKERS = "Xph*<>8d"


def look(method: str) -> tuple[str, str]:
    """Return colour and marker of a method; one that is not known gets its own by its name."""
    if method in _KNOWN:
        return _KNOWN[method]
    hue, marker = hashlib.sha256(method.encode()).digest()[:2]
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue / 256, 0.38, 0.6))
    return f"#{red:02X}{green:02X}{blue:02X}", _MARKERS[marker % len(_MARKERS)]
