"""Worked examples: one test item per data set, with what SFT and warmup made of it."""

import difflib
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

_LONGEST = 400
"""Characters of a text that are shown."""


class Worked(NamedTuple):
    """An item with the outputs of the baseline and of warmup."""

    cell: dict[str, Any]
    item: dict[str, Any]
    baseline: dict[str, Any] | None
    focus: dict[str, Any]
    decides: bool
    """Whether warmup is right and the baseline is not."""


def worked(cells: Iterable[dict[str, Any]]) -> list[Worked]:
    """Return one item per data set: the first that warmup answers right and the baseline does not.

    If there is none, it is the first item. The first model that has warmups counts.

    Args:
        cells: as `warmup.reporting.report.examples.collect` returns them.
    """
    chosen: dict[str, Worked] = {}
    for cell in cells:
        items = [*_items(cell)]
        if items and cell["data"] not in chosen:
            chosen[cell["data"]] = next((item for item in items if item.decides), items[0])
    return [*chosen.values()]


def _items(cell: dict[str, Any]) -> Iterator[Worked]:
    names = cell["methods"]
    if cell["focus"] not in names:
        return
    for item in cell["items"]:
        focus = item["outputs"][names.index(cell["focus"])]
        base = item["outputs"][names.index(cell["baseline"])] if cell["baseline"] in names else None
        if focus is not None:
            decides = base is not None and focus["right"] and not base["right"]
            yield Worked(cell, item, base, focus, decides)


def to_html(example: Worked) -> str:
    """Return a list of the item's texts; words that differ from the reference are marked."""
    cell, item = example.cell, example.item
    reference = next(iter(item["references"]), "")
    lines = [("input", _text(item["source"])), ("reference", _text(reference))]
    if example.baseline:
        written = _output(example.baseline, reference, cell)
        lines.append((f"output of {cell['baseline']}", written))
    if example.focus["warmup"] is not None:
        lines.append(
            ("warmup", f'<span class="warmup" dir="auto">{_text(example.focus["warmup"])}</span>')
        )
    lines.append((f"output after {cell['focus']}", _output(example.focus, reference, cell)))
    rows = "".join(
        f'<dt>{html.escape(name)}</dt><dd dir="auto">{text}</dd>' for name, text in lines
    )
    return f'<dl class="worked">{rows}</dl>'


def _text(text: str) -> str:
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} […]"
    return html.escape(text) or "<em>(empty)</em>"


def _output(output: dict[str, Any], reference: str, cell: dict[str, Any]) -> str:
    words, wanted = output["output"][:_LONGEST].split(), reference[:_LONGEST].split()
    if cell["answerOnly"]:  # what follows the answer explains it
        marked = [*_marked(words[:1], wanted[:1]), *map(html.escape, words[1:])]
    else:
        marked = [*_marked(words, wanted)]
    kind, verdict = ("right", "✓ right") if output["right"] else ("wrong", "✗ not right")
    text = " ".join(marked) or "<em>(empty)</em>"
    return f'{text} <small class="{kind}">{verdict}</small>'


def _marked(words: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    """Yield words as HTML: `ins` if they are only in the output, `del` if only in the reference."""

    def key(word: str) -> str:
        return re.sub(r"^\W+|\W+$", "", word) or word

    matcher = difflib.SequenceMatcher(None, [*map(key, words)], [*map(key, wanted)], False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield from map(html.escape, words[a:b])
            continue
        yield from (f"<ins>{html.escape(word)}</ins>" for word in words[a:b])
        yield from (f"<del>{html.escape(word)}</del>" for word in wanted[c:d])
