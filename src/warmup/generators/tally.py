"""Summarization: a headline that opens with the tally of reports scattered over a document.

    source  north gained 3 . lakes lost 4 . east gained 2 . coast kept 1 . south gained 4 .
    target  4 tallied : north 3 east 0 south 4
    meta    lookahead: 3                      (the number of reports that count)

What was *gained* counts; what was lost, kept or sold does not. The tally is kept on a counter of
five numbers, 0 to 4, which begins again after the last. The headline opens with what it shows at
the end; then it gives what it shows after each report that counts, in the order of the document. A
step needs one report and the step before it; the opening, which comes first, needs all of them. No
place reports twice.

Why a counter: a plain total is an attention-weighted sum, which a model of one layer learns to
write at once. With a counter that never begins again (`counter: 100`, amounts to 5), supervised
fine-tuning of a 1+1-layer T5 of 64 dimensions had 0.84 of the openings right for five reports after
3,000 updates; with a counter of five numbers it stayed at chance (0.2) for four and five reports
after 4,000.
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
    amounts: Range = (1, 4)
    """The number in a report."""
    counter: int = 5
    """Numbers of the counter, which shows 0 to one less; above any total, it is the total."""

    def __post_init__(self) -> None:
        at_least("reports", self.reports[0], 1)
        at_least("distractors", self.distractors[0], 0)
        at_least("amounts", self.amounts[0], 0)
        at_least("counter", self.counter, 2)
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
        shown, document, steps = 0, [], []
        for place, counts in zip(random.sample(PLACES, len(gained)), gained, strict=True):
            amount = random.randint(*knobs.amounts)
            verb = "gained" if counts else random.choice(OTHER_VERBS)
            document.append(f"{place} {verb} {amount} .")
            if counts:
                shown = (shown + amount) % knobs.counter
                steps.append(f"{place} {shown}")
        yield Record(
            id=str(number),
            source=" ".join(document),
            targets=[f"{shown} tallied : {' '.join(steps)}"],
            source_lang=pair.source,
            target_lang=pair.target,
            meta={"lookahead": relevant},
        )
