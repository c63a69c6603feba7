"""Languages and pairs of them: one table of names and codes, for data, prompts and metrics.

`languages.csv` has for each language its English name as in Unicode's CLDR, its ISO 639-1 code, or
else its ISO 639-3 code, and its other codes. That includes codes of varieties that data sets name a
whole language by, such as `arb` for Arabic and `cmn` for Chinese.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib import resources

from warmup.common.errors import InputError

CODE = r"[a-z]{2,3}(_[A-Za-z]{4}|-[A-Z][a-z]{3})?(_([A-Za-z]{2}|[0-9]{3})|-([A-Z]{2}|[0-9]{3}))?"
"""Pattern of a code: language, script and region, such as `en`, `zho_Hans`, `pt-BR`, `en_XX`.

After a hyphen capitals are needed: `pt-br` is Portuguese and Breton.
"""
_CODE = re.compile(CODE)
_PAIR = re.compile(rf"(?P<source>{CODE})(-(?P<target>{CODE}))?")
_TAG = re.compile(r"([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?")
_PRIVATE = re.compile(r"q[a-t][a-z]")
_SHOWN = 3


@dataclass(frozen=True)
class Language:
    """A language, whatever its script or region."""

    code: str
    """ISO 639-1, or ISO 639-3 where that has none."""
    name: str
    """In English."""


@cache
def find(code: str) -> Language:
    """Return the language of a code; a script or region does not matter.

    A code for private use, `qaa` to `qtz`, is an invented language that is called by it.

    Raises:
        InputError: no such language; names those with the nearest codes and names.
    """
    tag = _TAG.fullmatch(code.lower())
    primary = tag[1] if tag else code
    if _PRIVATE.fullmatch(primary):
        return Language(primary, primary)
    if primary not in _by_code():
        language, *_ = re.split(r"[\W_]", code.lower())  # without what may be a script or region
        nearest = ", ".join(_nearest(language))
        raise InputError(f"unknown language {code!r}; the nearest codes are {nearest}")
    return _by_code()[primary]


def is_code(text: str) -> bool:
    """Return whether a text is the code of a language, with or without script and region."""
    primary = re.split("[-_]", text)[0]
    is_known = primary in _by_code() or _PRIVATE.fullmatch(primary)
    return bool(is_known and _CODE.fullmatch(text))


def names(source: str, target: str) -> tuple[str, str]:
    """Return what a prompt calls two languages; two forms of one language also by their codes.

    Raises:
        InputError: as `find`.
    """
    source_name, target_name = find(source).name, find(target).name
    if source_name == target_name and source != target:
        return f"{source_name} ({source})", f"{target_name} ({target})"
    return source_name, target_name


def primary_code(code: str) -> str:
    """Return the code of the language alone: `zh_CN` and `zho_Hans` are `zh`.

    Raises:
        InputError: the code is empty or unknown, so that a tokenizer cannot be chosen.
    """
    if not code:
        raise InputError(
            "the target language is empty (--target-lang): the tokenizer depends on it"
        )
    return find(code).code


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


def parse_pair(text: str) -> Pair:
    """Return the pair written as `en-de`, a direction of translation, or as `en`, one language.

    Raises:
        InputError: the text is neither, the language is unknown, or both are the same.
    """
    match = _PAIR.fullmatch(text)
    if not match or match["source"] == match["target"]:
        raise InputError(
            f"pairs: {text!r} is neither a language code such as 'en' or 'pt_BR' nor two of them "
            "such as 'en-de'"
        )
    pair = Pair(match["source"], match["target"] or match["source"])
    for code in (pair.source, pair.target):
        try:
            find(code)
        except InputError as error:
            raise InputError(f"pairs: {text!r}: {error}") from None
    return pair


@cache
def _by_code() -> dict[str, Language]:
    return {code: language for language, codes in _table() for code in codes}


def _table() -> Iterator[tuple[Language, list[str]]]:
    text = (resources.files(__package__) / "languages.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Language(row["code"], row["name"]), [row["code"], *row["other_codes"].split()]


def _nearest(code: str) -> list[str]:
    """Return the languages whose codes, or beginnings of names, are most like `code`."""

    def likeness(language: Language, codes: list[str]) -> float:
        spelled = [*codes, language.name.lower(), language.name.lower()[: len(code)]]
        return max(SequenceMatcher(None, code, other).ratio() for other in spelled)

    ranked = sorted(_table(), key=lambda row: (-likeness(*row), row[0].code))
    return [f"{language.code} ({language.name})" for language, _ in ranked[:_SHOWN]]
