"""Counts of texts that were left out, normalised, cut, unknown or changed, and their sentences."""

import collections
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from warmup.common import grouping
from warmup.common.texts import Normaliser

if TYPE_CHECKING:
    import pandas as pd

    from warmup.data.encoding import Encoded, Encoder

SUBSET = "texts"
"""Subset of the rows of scores.tsv that count texts."""
NONE = "-"
"""Model, method and decoding of the rows that count the texts of data."""
KINDS = {
    "left_out_same_source": "records left out, their source is in another split",
    "left_out_same_target": "records left out, only their target is in another split",
    "normalised": "texts brought into Unicode's form NFC",
    "inputs_cut": "inputs cut",
    "inputs_too_long": "inputs longer than max_source_tokens, which cutting does not help",
    "inputs_unknown": "inputs with unknown tokens",
    "targets_cut": "targets cut",
    "targets_too_long": "targets longer than max_target_tokens",
    "targets_unknown": "targets with unknown tokens",
    "targets_changed": "targets that come back from their tokens as another text",
}
"""What is counted, and how notes name it."""
NO_SCORE = {
    **{"subset": SUBSET, "low": None, "high": None},
    **dict.fromkeys(("signature", "hypotheses_sha256", "references_sha256"), ""),
}
"""Values of a row that counts texts in the columns of a score."""
FEW = 0.01
"""Share of texts that may be cut without a warning."""
CHECKED = 1000
"""Number of targets that are encoded and decoded as a check."""


@dataclass(frozen=True)
class Counts:
    """What happened to the inputs or the targets of a split."""

    texts: int
    limit: int
    """The most tokens: `max_source_tokens` or `max_target_tokens`."""
    cut: int
    """Texts that were cut."""
    too_long: int
    """Texts that have more tokens than the limit although they were cut, or are never cut."""
    fitting_limit: int
    """The smallest limit that at most 1% of the texts exceed."""
    unknown: int
    """Texts with an unknown token: the vocabulary cannot spell them."""
    unknown_example: str | None
    """The first word with an unknown token."""


class RoundTrip(NamedTuple):
    """What encoding and decoding changes in the first targets."""

    checked: int
    changed: int
    """Targets that decode to another text."""
    example: tuple[str, str] | None
    """The first such target, and the text it decodes to."""


class Counter:
    """Counts texts that were cut, are too long, or have unknown tokens, some texts at a time.

    Args:
        encoder: the one that encodes them.
        limit: the most tokens.
    """

    def __init__(self, encoder: "Encoder", limit: int) -> None:
        self.texts = 0
        self._encoder, self._limit = encoder, limit
        self._lengths: collections.Counter[int] = collections.Counter()
        self._cut = self._too_long = self._unknown = 0
        self._unknown_example: str | None = None

    def add(self, texts: Sequence[str], encoded: "Encoded") -> None:
        """Count texts, which are also given as tokens."""
        self.texts += len(texts)
        self._lengths.update(encoded.lengths)
        self._cut += sum(number > 0 for number in encoded.cut)
        self._too_long += sum(number > 0 for number in encoded.excess(self._limit))
        unknown = [text for text, number in zip(texts, encoded.unknown, strict=True) if number]
        if unknown and not self._unknown:
            self._unknown_example = self._encoder.unknown_part(unknown[0])
        self._unknown += len(unknown)

    def counts(self) -> Counts:
        """Return the counts of at least one text."""
        within = math.ceil((1 - FEW) * self.texts)
        up_to = itertools.accumulate(number for _, number in sorted(self._lengths.items()))
        return Counts(
            texts=self.texts,
            limit=self._limit,
            cut=self._cut,
            too_long=self._too_long,
            fitting_limit=next(
                length
                for length, number in zip(sorted(self._lengths), up_to, strict=True)
                if number >= within
            ),
            unknown=self._unknown,
            unknown_example=self._unknown_example,
        )


def count(encoder: "Encoder", texts: Sequence[str], encoded: "Encoded", limit: int) -> Counts:
    """Count texts that were cut, are too long, or have unknown tokens; see `Counter`."""
    counter = Counter(encoder, limit)
    counter.add(texts, encoded)
    return counter.counts()


def check_round_trip(encoder: "Encoder", targets: Sequence[str]) -> RoundTrip:
    """Encode and decode the first targets; white space at their ends does not count."""
    first = [target.strip() for target in targets[:CHECKED]]
    pairs = zip(first, encoder.decoded(first), strict=True)
    changed = [pair for pair in pairs if pair[0] != pair[1]]
    return RoundTrip(len(first), len(changed), changed[0] if changed else None)


def sentences(split: str, inputs: Counts, targets: Counts | None) -> list[str]:
    """Return the sentences for the terminal about a split; none if nothing was lost."""
    found = []
    for name, key, of in (("inputs", "source", inputs), ("targets", "target", targets)):
        if of is None:
            continue
        limit = f"max_{key}_tokens ({of.limit})"
        if of.cut:
            warning = "warning: " if of.cut > FEW * of.texts else ""
            found.append(
                f"{warning}{split}: {of.cut} of {of.texts} {name} are longer than {limit} and cut; "
                f"at most 1% are longer than {of.fitting_limit}"
            )
        if of.too_long:
            why = "in what is never cut" if key == "source" else "where outputs end"
            found.append(
                f"warning: {split}: {of.too_long} of {of.texts} {name} are longer than {limit}, "
                f"{why}; at most 1% are longer than {of.fitting_limit}"
            )
        if of.unknown:
            found.append(
                f"warning: {split}: {of.unknown} of {of.texts} {name} have unknown tokens: the "
                f"tokenizer cannot spell, for example, {of.unknown_example!r}"
            )
    return found


def said_of(trip: RoundTrip) -> list[str]:
    """Return the sentence about encoding and decoding; none if nothing changed."""
    if not trip.example:
        return []
    before, after = trip.example
    return [
        f"warning: train: {trip.changed} of the first {trip.checked} targets come back from their "
        f"tokens as another text: {before!r} as {after!r}"
    ]


def of_training(
    splits: dict[str, tuple[Counts, Counts]], trip: RoundTrip | None
) -> dict[str, dict[str, Any]]:
    """Return the counts of a training run's texts, for training.json; None without targets."""
    found: dict[str, dict[str, Any]] = {
        split: {"inputs": asdict(inputs), "targets": asdict(targets)}
        for split, (inputs, targets) in splits.items()
    }
    return found | ({"round_trip": trip._asdict()} if trip else {})


def rows_of_training(texts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `split`, `metric`, `value` and `n` of what training.json counts, without zeros."""
    trip = texts.get("round_trip", {"changed": 0, "checked": 0})
    rows = [("train", "targets_changed", trip["changed"], trip["checked"])]
    for split in texts.keys() - {"round_trip"}:
        for side, counts in texts[split].items():
            rows += [
                (split, f"{side}_{kind}", counts[kind], counts["texts"])
                for kind in ("cut", "too_long", "unknown")
            ]
    return _without_zeros(rows)


def _without_zeros(rows: list[tuple[str, str, int, int]]) -> list[dict[str, Any]]:
    return [
        {"split": split, "metric": metric, "value": value, "n": n}
        for split, metric, value, n in rows
        if value
    ]


def rows_of_data(splits: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `split`, `metric`, `value` and `n` of what summary.json counts, without zeros."""
    rows = []
    for split, facts in splits.items():
        left_out: dict[str, int] = facts["left_out"]
        all_records = facts["records"] + sum(left_out.values())
        rows += [(split, f"left_out_{why}", count, all_records) for why, count in left_out.items()]
        # absent in files of earlier revisions, which did not normalise
        rows.append((split, "normalised", facts.get("normalised", 0), facts.get("texts", 0)))
    return _without_zeros(rows)


def rows_of_predictions(
    items: Sequence[dict[str, int]], normaliser: Normaliser
) -> list[dict[str, Any]]:
    """Return `metric`, `value` and `n` of what scoring counts, without zeros.

    Args:
        items: `as_tokens` of each prediction.
        normaliser: the one that read their texts.
    """
    rows = [(kind, sum(item.get(kind, 0) > 0 for item in items), len(items)) for kind in KINDS]
    rows.append(("normalised", normaliser.changed, normaliser.read))
    return [{"metric": kind, "value": value, "n": n} for kind, value, n in rows if value]


def notes(scores: "pd.DataFrame") -> list[str]:
    """Return a sentence for each data set, pair, model and split with changed texts.

    If runs of a model differ, it gives the largest count.

    Args:
        scores: as `warmup.evaluation.result_tables.SCORES` reads them.
    """
    rows: list[dict[Any, Any]] = scores[scores["subset"] == SUBSET].to_dict("records")
    groups = grouping.group(
        rows, lambda row: (row["dataset"], row["pair"], row["model"], row["split"])
    )
    return [
        f"{_what(dataset, pair, model)}, {split}: {_listed(found)}."
        for (dataset, pair, model, split), found in sorted(groups.items())
    ]


def _what(dataset: str, pair: str, model: str) -> str:
    if model == NONE:
        return f"Data, {dataset} {pair}"
    return f"Texts, {dataset} {pair}, {model}"


def _listed(rows: Iterable[dict[Any, Any]]) -> str:
    by_kind = grouping.group(rows, lambda row: row["metric"])
    return "; ".join(
        "{value:,.0f} of {n:,} ".format(**max(by_kind[kind], key=lambda row: row["value"])) + words
        for kind, words in KINDS.items()
        if kind in by_kind
    )
