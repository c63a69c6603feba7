"""Summarization: a headline that opens with the total of reports scattered over a document.

    source  north gained 3 . lakes lost 4 . east gained 2 . coast kept 1 . south gained 5 .
    target  10 gained : north 3 east 5 south 10
    meta    lookahead: 3                      (the number of reports that count)

What was *gained* counts; what was lost, kept or sold does not. After the total, the headline gives
the running tally at each report that counts, in the order of the document. A step adds one number
to the step before it; the total, which comes first, needs all of them. No place reports twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from warmup.errors import InputError
from warmup.generators._settings import Range, at_least, at_most, fill
from warmup.pairs import Pair
from warmup.records import Record

PLACES = (
    "north", "south", "east", "west", "coast", "lakes", "hills", "plains", "woods", "islands",
    "harbour", "valley",
)  # fmt: skip
OTHER_VERBS = ("lost", "kept", "sold")


@dataclass(frozen=True)
class Settings:
    """What can be set, with the defaults."""

    reports: Range = (1, 5)
    """Reports that count, drawn uniformly for each example: the look-ahead."""
    distractors: Range = (1, 3)
    """Reports that do not count."""
    amounts: Range = (1, 5)
    """The number in a report."""

    def __post_init__(self) -> None:
        at_least("reports", self.reports[0], 1)
        at_least("distractors", self.distractors[0], 0)
        at_least("amounts", self.amounts[0], 0)
        together = self.reports[1] + self.distractors[1]
        at_most("reports and distractors", together, len(PLACES), "the number of places")


def generate(pair: Pair, seed: int, settings: Mapping[str, Any]) -> Iterator[Record]:
    """Yield examples without end.

    Raises:
        InputError: a setting is not valid, or the pair is not `en`.
    """
    if str(pair) != "en":
        raise InputError(f"generator tally: language must be en, not '{pair}'")
    knobs = fill(Settings, settings)
    random = Random(seed)
    for number in count(1):
        relevant = random.randint(*knobs.reports)
        gained = [True] * relevant + [False] * random.randint(*knobs.distractors)
        random.shuffle(gained)
        total, document, steps = 0, [], []
        for place, counts in zip(random.sample(PLACES, len(gained)), gained, strict=True):
            amount = random.randint(*knobs.amounts)
            verb = "gained" if counts else random.choice(OTHER_VERBS)
            document.append(f"{place} {verb} {amount} .")
            if counts:
                total += amount
                steps.append(f"{place} {total}")
        yield Record(
            id=str(number),
            source=" ".join(document),
            targets=[f"{total} gained : {' '.join(steps)}"],
            source_lang=pair.source,
            target_lang=pair.target,
            meta={"lookahead": relevant},
        )
