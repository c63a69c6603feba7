"""Tables of what warmups say, and every number of them in long form."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warmup.common.files import write_text
from warmup.common.grouping import group
from warmup.common.keys import Setting
from warmup.config.decodings import UNKNOWN, Decodings
from warmup.config.methods import Methods
from warmup.reporting.display_names import METHODS, TASKS, label
from warmup.reporting.estimates import Estimate, means_of, ordered
from warmup.reporting.table import Cell, Table, interval, latex, markdown, number

if TYPE_CHECKING:
    import pandas as pd

NAME = "warmups"
"""Of the files."""
FORM = {
    "length": "length (tokens)",
    "surprisal": "surprisal (nats per token)",
    "distinct": "distinct (%)",
    "empty": "empty (%)",
    "constant": "constant (%)",
    "copied_beginning": "begins the output (%)",
    "copied_whole": "is the output (%)",
}
CONTENT = {
    "precision_reference": "in reference (%)",
    "recall_reference": "of reference (%)",
    "precision_source": "in source (%)",
    "novelty": "in neither source nor output (%)",
    "agreement": "of output's beginning (%)",
    "names_answer_given": "names answer given (%)",
    "names_answer_right": "names right answer (%)",
}
CLASSES = {
    "gain_function_words": "function words (points)",
    "gain_content_words": "content words (points)",
    "gain_content_minus_function": "content − function (points)",
}
_DIGITS = {"length": 1, "surprisal": 2}
"""Of quantities that are no shares."""
_INTERVAL = "[95% interval]: over seeds (Student t) with two seeds or more, over items with one."
_TITLES: dict[str, tuple[str, Mapping[str, str], Sequence[str]]] = {
    "form": (
        "What warmups are like",
        FORM,
        (
            "Surprisal: −log P(c|x) per token; low where the model always writes what it is sure "
            "of. Distinct: different warmups per input. Constant: one word again and again.",
            "Begins the output: the output begins with the same words; the last column is part of "
            "it.",
        ),
    ),
    "content": (
        "Words of warmups",
        CONTENT,
        (
            "In reference, in source: share of the warmups' words which are there (precision). Of "
            "reference: share of the reference's words which are in the warmup (recall).",
            "Of output's beginning: share of the output's first words, as many as the warmup has, "
            "which are in the warmup.",
        ),
    ),
    "classes": (
        "Gain over SFT in recalled words of the reference",
        CLASSES,
        (
            "Words of the reference which are in the output, in points above SFT of the same seed; "
            "an interval that leaves out 0 speaks for a difference. Last column: how much more is "
            "gained on content words than on function words.",
        ),
    ),
}
_LABELS = ("task", "data", "model", "method")
_COLUMNS = (
    *("quantity", *Setting._fields, "method", "decoding"),
    *("value", "low", "high", "interval", "seeds", "n"),
)


def estimates(
    rows: "pd.DataFrame", methods: Methods, decodings: Decodings = UNKNOWN
) -> list[Estimate]:
    """Return each quantity over all items: mean over seeds, and interval; without controls.

    Args:
        rows: as `warmup.evaluation.result_tables.WARMUPS` reads them.
        methods: order of the methods.
        decodings: their order, and which are controls of which.
    """
    scores = decodings.without_controls(rows).rename(columns={"quantity": "metric"})
    return ordered(map(_cut, means_of(scores)), methods)


def _cut(item: Estimate) -> Estimate:
    """Return a quantity with its interval cut at 0, and at 1 where it is a share."""
    if item.metric.startswith("gain_"):
        return item
    is_share = not item.metric.startswith(tuple(_DIGITS))
    high = min(item.high, 1.0) if is_share else item.high
    return replace(item, low=max(item.low, 0.0), high=high)


def tables(
    rows: "pd.DataFrame", methods: Methods, decodings: Decodings = UNKNOWN
) -> dict[str, list[Table]]:
    """Return the tables of each decoding, the first decoding's first; arguments as `estimates`."""
    found = estimates(rows, methods, decodings)
    made = {}
    for decoding in decodings.sort(item.decoding for item in found):
        here = [item for item in found if item.decoding == decoding]
        made[decoding] = [
            _table(f"{NAME}-{decoding}-{name}", f"{title}, {decoding} decoding", here, words, notes)
            for name, (title, words, notes) in _TITLES.items()
            if any(item.metric in words for item in here)
        ]
    return made


def _table(
    name: str,
    title: str,
    found: Sequence[Estimate],
    words: Mapping[str, str],
    notes: Sequence[str],
) -> Table:
    known = {item.metric for item in found}
    shown = [quantity for quantity in words if quantity in known]
    chosen = [item for item in found if item.metric in words]
    groups = group(chosen, lambda item: (item.setting, item.method))
    rows = []
    for (setting, method), here in groups.items():
        names = label(TASKS, setting.task), setting.data, setting.model, label(METHODS, method)
        of = {item.metric: item for item in here}
        counts = (max(item.seeds for item in here), max(item.n for item in here))
        rows.append(
            [
                *map(Cell, names),
                *(_cell(of.get(quantity), sign=words is CLASSES) for quantity in shown),
                *(Cell(number(count, 0), count) for count in counts),
            ]
        )
    header = [*_LABELS, *(words[quantity] for quantity in shown), "seeds", "n items"]
    return Table(name, title, header, rows, len(_LABELS), [_INTERVAL, *notes])


def _cell(item: Estimate | None, sign: bool) -> Cell:
    if item is None:
        return Cell("–")
    digits, factor = _DIGITS.get(item.metric, 1), 1 if item.metric in _DIGITS else 100
    mean, low, high = (factor * value for value in (item.mean, item.low, item.high))
    return Cell(f"{number(mean, digits, sign)} {interval(low, high, digits, sign)}", mean)


def write(
    rows: "pd.DataFrame", methods: Methods, folder: Path, decodings: Decodings = UNKNOWN
) -> None:
    """Write `warmups.md`, `warmups.tex` and `warmups.csv`; other arguments as `estimates`."""
    found = [table for made in tables(rows, methods, decodings).values() for table in made]
    nothing = "" if found else "No warmups and no recall of words were analysed.\n"
    text = f"# What warmups say\n\n{nothing}" + "\n".join(map(markdown, found))
    write_text(folder / f"{NAME}.md", text)
    needs = "% needs \\usepackage{booktabs,graphicx}; include with \\input\n"
    write_text(folder / f"{NAME}.tex", needs + "\n".join(map(latex, found)))
    write_text(folder / f"{NAME}.csv", _csv(estimates(rows, methods, decodings)))


def _csv(found: Sequence[Estimate]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for item in found:
        numbers = ["" if math.isnan(x) else f"{x:.6g}" for x in (item.mean, item.low, item.high)]
        names = item.metric, *item.setting, item.method, item.decoding
        writer.writerow([*names, *numbers, item.interval, item.seeds, item.n])
    return text.getvalue()
