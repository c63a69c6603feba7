"""Language pairs: `en-de` is a direction of translation, `en` is one language for both sides."""

import re
from dataclasses import dataclass

from warmup.errors import InputError

LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
"""ISO 639 code, with an optional script or region: `en`, `qaa`, `zho_Hans`, `pt_BR`."""


@dataclass(frozen=True)
class Pair:
    """The language of the source text and that of the target text."""

    source: str
    target: str

    @property
    def monolingual(self) -> bool:
        """Whether source and target are in the same language."""
        return self.source == self.target

    def __str__(self) -> str:
        return self.source if self.monolingual else f"{self.source}-{self.target}"


def parse(text: str) -> Pair:
    """Return the pair written as `en-de` or `en`.

    Raises:
        InputError: anything else, also a pair of a language with itself.
    """
    codes = text.split("-")
    valid = all(LANGUAGE_CODE.fullmatch(code) for code in codes)
    if not valid or len(codes) > 2 or (len(codes) == 2 and codes[0] == codes[1]):
        raise InputError(
            f"pairs: {text!r} is neither a language code such as 'en' or 'pt_BR' nor two of them "
            "such as 'en-de'"
        )
    return Pair(codes[0], codes[-1])
