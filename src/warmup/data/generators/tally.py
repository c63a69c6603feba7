"""Summarization: a headline that opens with the tally of reports scattered over a document.

    source  north gained:3 lakes lost:4 east mirrored:1 coast kept:1 south gained:4
    target  2 tallied north:3 east:3 south:2
    meta    lookahead: 3                      (the number of reports that count)

The tally is kept on a dial of five numbers, 0 to 4, and begins at 0. What a place *gained* moves it
on (t -> t + n); what a place *mirrored* puts it opposite (t -> n - t), both modulo 5. What was
lost, kept or sold does not count. The headline opens with the tally at the end; then it gives the
tally after each report that counts, in the order of the document. A step needs one report and the
step before it; the opening, which comes first, needs all of them. No place reports twice.

The tally is not a plain total, because that is an attention-weighted sum, which a shallow model
learns at once. After supervised fine-tuning, a 1+1-layer T5 of 64 dimensions (3,000 updates) had
0.84 of the totals of five reports right. With the openings described here it was at chance (0.2)
for three reports and more, in two runs of 4,000 updates, when nearly all of its steps were right.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from warmup.common.errors import InputError
from warmup.common.languages import Pair
from warmup.data.generators._settings import Range, at_least, at_most, fill
from warmup.data.records import Record

PLACES = (
    "north", "south", "east", "west", "coast", "lakes", "hills", "plains", "woods", "islands",
    "harbour", "valley",
)  # fmt: skip
VERBS = ("gained", "mirrored")
OTHER_VERBS = ("lost", "kept", "sold")


@dataclass(frozen=True)
class Settings:
    """Settings of the generator, with their defaults."""

    reports: Range = (1, 5)
    """Reports that count, drawn uniformly for each example: the look-ahead."""
    distractors: Range = (1, 3)
    """Reports that do not count."""
    amounts: Range = (1, 4)
    """The number in a report."""
    dial: int = 5
    """Numbers on the dial, from 0 to one less."""

    def __post_init__(self) -> None:
        at_least("reports", self.reports[0], 1)
        at_least("distractors", self.distractors[0], 0)
        at_least("amounts", self.amounts[0], 0)
        at_least("dial", self.dial, 2)
        together = self.reports[1] + self.distractors[1]
        at_most("reports and distractors", together, len(PLACES), "the number of places")


def generate(pair: Pair, seed: int, settings: Mapping[str, Any]) -> Iterator[Record]:
    """Yield examples without end.

    Raises:
        InputError: a setting is not valid, or the pair is not `en`.
    """
    if str(pair) != "en":
        raise InputError(f"generator tally: language must be en, not '{pair}'")
    chosen = fill(Settings, settings)
    random = Random(seed)
    for number in count(1):
        relevant = random.randint(*chosen.reports)
        counts = [True] * relevant + [False] * random.randint(*chosen.distractors)
        random.shuffle(counts)
        tally, document, steps = 0, [], []
        for place, is_counted in zip(random.sample(PLACES, len(counts)), counts, strict=True):
            amount = random.randint(*chosen.amounts)
            verb = random.choice(VERBS if is_counted else OTHER_VERBS)
            document.append(f"{place} {verb}:{amount}")
            if is_counted:
                tally = (amount + (tally if verb == "gained" else -tally)) % chosen.dial
                steps.append(f"{place}:{tally}")
        yield Record(
            id=str(number),
            source=" ".join(document),
            targets=[f"{tally} tallied {' '.join(steps)}"],
            source_lang=pair.source,
            target_lang=pair.target,
            meta={"lookahead": relevant},
        )
