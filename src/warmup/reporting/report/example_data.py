"""The compact form of examples in the page: each text once, and outputs in columns."""

from collections.abc import Iterable, Sequence
from typing import Any

_TEXTS = ("warmup", "output")
_TOKENS = ("warmupByToken", "outputByToken")
_PLAIN = ("score", "right", "warmupLogProbability", "outputLogProbability", "warmupLength")


def pack(cells: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return `texts`, and `cells` with the place of each text in that list.

    Models share inputs and references, and outputs are often equal to each other or to a
    reference. A token is the pair of its text and −100 log P, rounded.

    Args:
        cells: as `warmup.reporting.report.examples.collect` returns them.
    """
    texts = _Texts()
    packed = [
        {
            **{name: value for name, value in cell.items() if name != "items"},
            "ids": [item["id"] for item in cell["items"]],
            "sources": [texts.number(item["source"]) for item in cell["items"]],
            "references": [list(map(texts.number, item["references"])) for item in cell["items"]],
            "lookaheads": [item["lookahead"] for item in cell["items"]],
            "outputs": [
                _columns([item["outputs"][place] for item in cell["items"]], texts)
                for place in range(len(cell["methods"]))
            ],
        }
        for cell in cells
    ]
    return {"texts": list(texts.known), "cells": packed}


class _Texts:
    """Distinct texts, numbered in the order of their first use."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))


def _columns(outputs: Sequence[dict[str, Any] | None], texts: _Texts) -> dict[str, list[Any]]:
    """Return one list for each property of a method's outputs; None for items without output."""

    def column(name: str) -> list[Any]:
        return [None if output is None else output[name] for output in outputs]

    return {
        **{name: [_number(text, texts) for text in column(name)] for name in _TEXTS},
        **{name: [_tokens(tokens, texts) for tokens in column(name)] for name in _TOKENS},
        **{name: column(name) for name in _PLAIN},
    }


def _number(text: str | None, texts: _Texts) -> int | None:
    return None if text is None else texts.number(text)


def _tokens(tokens: Sequence[tuple[str, float]] | None, texts: _Texts) -> list[int] | None:
    """Return text, −100 log P, text, −100 log P, …"""
    if tokens is None:
        return None
    return [number for text, p in tokens for number in (texts.number(text), round(-100 * p))]
