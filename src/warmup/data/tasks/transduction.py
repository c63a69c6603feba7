"""Transduction: `z e e` -> `z eː`, one string of symbols into another, letters into sounds.

White space separates symbols. With features, the task is inflection: of the lemma `z e e` and the
features `N;NOM(PL)` the model reads `+N +NOM( +PL +) z e e`. Each feature is a symbol of its own
that no character and no phone equals.
"""

import re

from warmup.common.errors import InputError
from warmup.data.records import Record
from warmup.data.tasks import Input, Rendered

METRICS: tuple[str, ...] = ("wer", "ser")

# `NOM(`, `2`, `PL`, `)` of NOM(2,PL): a feature that has others in brackets begins with its name
_FEATURE = re.compile(r"[^\s;,()]+\(?|\)")
_VALUE = r"[^\s;,()]+"
_SIMPLE = re.compile(_VALUE)
_LAYERED = re.compile(rf"({_VALUE})\((?:{_VALUE}[;,])*{_VALUE}\)(?![^;,)])")


def check(record: Record) -> None:
    """Raise an `InputError` if the record cannot be a transduction."""
    if not record.targets:
        raise InputError(f"record {record.id!r} has no target, which transduction needs")
    model_input(record)


def model_input(record: Record) -> Input:
    """Return what the model reads; if it is too long, the end of the source is cut.

    Raises:
        InputError: the features are not in UniMorph's format.
    """
    if not record.features:
        return Input("", record.source)
    try:
        symbols = feature_symbols(record.features)
    except InputError as error:
        raise InputError(f"record {record.id!r}: {error}") from None
    return Input("".join(f"{symbol} " for symbol in symbols), record.source)


def render(record: Record) -> Rendered:
    """Return the record as text; errors as `check`."""
    check(record)
    return Rendered(
        input=model_input(record),
        target=record.targets[0],
        references=record.targets,
    )


def feature_symbols(features: str) -> list[str]:
    """Return the symbols of features in UniMorph's format (Batsuren et al. 2022).

    `V;NOM(2,PL)` gives `+V`, `+NOM(`, `+2`, `+PL`, `+)`. Semicolons and commas separate features.

    Raises:
        InputError: an empty feature, a space, or brackets that do not match.
    """
    layered = features
    while (flat := _LAYERED.sub(r"\1", layered)) != layered:  # the innermost brackets first
        layered = flat
    if not all(_SIMPLE.fullmatch(feature) for feature in layered.split(";")):
        raise InputError(
            f"features {features!r} are not in UniMorph's format, such as V;PST or V;NOM(2,PL)"
        )
    return [f"+{symbol}" for symbol in _FEATURE.findall(features)]
