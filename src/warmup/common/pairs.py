"""Language pairs: `en-de` is a direction of translation, `en` is one language for both sides."""

import re
from dataclasses import dataclass

from warmup.common import languages
from warmup.common.errors import InputError

_PAIR = re.compile(rf"(?P<source>{languages.CODE})(-(?P<target>{languages.CODE}))?")


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
    """Return the pair written as `en-de` or `en`; codes are as `warmup.common.languages` has them.

    Raises:
        InputError: anything else, also a pair of a language with itself, or an unknown language.
    """
    found = _PAIR.fullmatch(text)
    if not found or found["source"] == found["target"]:
        raise InputError(
            f"pairs: {text!r} is neither a language code such as 'en' or 'pt_BR' nor two of them "
            "such as 'en-de'"
        )
    pair = Pair(found["source"], found["target"] or found["source"])
    for code in (pair.source, pair.target):
        try:
            languages.find(code)
        except InputError as error:
            raise InputError(f"pairs: {text!r}: {error}") from None
    return pair
