"""Text for LaTeX: every character prints as itself in plain `article`, also with pdfLaTeX.

No package is needed and no font encoding but the default one (OT1). A character that its fonts do
not have is written as its code, such as [U+4E2D]; XeLaTeX and LuaLaTeX print the character.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable

CODES = "A code such as [U+4E2D] stands for a character that the fonts of pdfLaTeX do not have."
"""Note for a text in which `escape` wrote codes."""

_IF_UNICODE = r"\ifdefined\Umathchardef "
"""Begins text that only XeLaTeX and LuaLaTeX read."""
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d",
    "\u0327": "c", "\u0331": "b",
}  # fmt: skip
"""Combining mark -> command of the accent. OT1 has no others."""
_STRAIGHT = r"{\fontencoding{OT1}\ttfamily\char%d}"
"""A straight quote: the other fonts of OT1 have only curly ones."""
_JOINER = "\u2060"
"""Separates two characters that a font would join: -- and ,,."""
_TEXT = {
    _JOINER: "{}",
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': _STRAIGHT % 34, "'": _STRAIGHT % 13, "`": _STRAIGHT % 18,
    "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\dots{}",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
    "‘": r"{}\textquoteleft{}", "’": r"\textquoteright{}",
    "†": r"\textdagger{}", "‡": r"\textdaggerdbl{}", "§": r"\S{}", "¶": r"\P{}",
    "©": r"\copyright{}", "£": r"\pounds{}", "¡": r"\textexclamdown{}",
    "¿": r"\textquestiondown{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}",
    "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
}  # fmt: skip
_MATHS = {
    "−": "-", "×": r"\times", "÷": r"\div", "±": r"\pm", "·": r"\cdot", "°": r"{}^\circ",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "∞": r"\infty", "∈": r"\in",
    "↑": r"\uparrow", "↓": r"\downarrow", "→": r"\rightarrow", "←": r"\leftarrow",
    "⟶": r"\longrightarrow", "µ": r"\mu", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma",
    "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta",
    "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi",
    "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "ς": r"\varsigma", "τ": r"\tau", "υ": r"\upsilon",
    "φ": r"\varphi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Δ": r"\Delta", "Σ": r"\Sigma",
}  # fmt: skip


def escape(text: str) -> str:
    """Return `text` as LaTeX reads it: no character is a command, and none is lost."""
    text = re.sub(r"[\t\n\v\f\r\u0085\u2028\u2029]", " ", unicodedata.normalize("NFC", text))
    text = re.sub(r"([-,])(?=\1)", "\\1" + _JOINER, text)
    runs = itertools.groupby(text, lambda character: _known(character) is None)
    return "".join(
        _codes(run) if unknown else "".join(_known(character) or "" for character in run)
        for unknown, run in runs
    )


def printed(text: str) -> str:
    """Return what pdfLaTeX prints of `escape(text)`: codes for characters it does not have."""
    normal = unicodedata.normalize("NFC", text)
    return "".join(
        f"[U+{ord(character):04X}]" if _known(character) is None else character
        for character in normal
    )


def _known(character: str) -> str | None:
    """Return the LaTeX of a character in OT1; None if OT1 does not have it."""
    if character in _TEXT:
        return _TEXT[character]
    if character in _MATHS:
        return f"${_MATHS[character]}$"
    if character.isascii() and character.isprintable():
        return character
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    if marks in _ACCENTS and base.isascii() and base.isalpha():
        above = marks not in "\u0323\u0327\u0331"
        letter = rf"\{base}" if base in "ij" and above else base
        return rf"\{_ACCENTS[marks]}{{{letter}}}"
    return None


def _codes(characters: Iterable[str]) -> str:
    text = "".join(characters)
    codes = "".join(f"[U+{ord(character):04X}]" for character in text)
    return rf"{_IF_UNICODE}{text}\else {codes}\fi{{}}"


def has_codes(latex: str) -> bool:
    """Return whether `escape` wrote a code for some character."""
    return _IF_UNICODE in latex
