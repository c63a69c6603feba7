"""Multiple choice: where is the object after n swaps of places?

    source       start C swap AC BD AE
    choices      A B C D E
    answer       E
    explanation  A A E              (the place after each swap)
    meta         lookahead: 3       (the number of swaps)

The target is the answer, then the explanation: `E A A E`. Each step of the explanation follows
from one swap and the step before it; the answer, which comes first, needs all of them. The two
places of a swap are drawn uniformly, whether the object is there or not, and the start is uniform
too. So the swaps alone say nothing about the answer, and the start alone says little: the object is
still there with probability 1/S + (1 - 1/S) (1 - 2/(S-1))^n, which for S = 5 places and n = 6 swaps
is 0.21 (chance: 0.20).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from string import ascii_uppercase
from typing import Any

from warmup.common.errors import InputError
from warmup.common.languages import Pair
from warmup.data.generators._settings import Range, at_least, at_most, fill
from warmup.data.records import Record


@dataclass(frozen=True)
class Settings:
    """Settings of the generator, with their defaults."""

    places: int = 5
    """Number of places S, named A, B, …"""
    swaps: Range = (1, 6)
    """Number of swaps n, drawn uniformly for each example: the look-ahead."""

    def __post_init__(self) -> None:
        at_least("places", self.places, 3)
        at_most("places", self.places, 26, "they are letters")
        at_least("swaps", self.swaps[0], 1)


def generate(pair: Pair, seed: int, settings: Mapping[str, Any]) -> Iterator[Record]:
    """Yield examples without end.

    Raises:
        InputError: a setting is not valid, or the pair has two languages.
    """
    if not pair.monolingual:
        raise InputError(f"generator shell_game: needs one language such as 'en', not '{pair}'")
    chosen = fill(Settings, settings)
    random = Random(seed)
    places = ascii_uppercase[: chosen.places]
    for number in count(1):
        start = place = random.choice(places)
        words, steps = ["start", start, "swap"], []
        for _ in range(random.randint(*chosen.swaps)):
            one, other = sorted(random.sample(places, 2))
            words.append(one + other)
            place = {one: other, other: one}.get(place, place)
            steps.append(place)
        yield Record(
            id=str(number),
            source=" ".join(words),
            source_lang=pair.source,
            target_lang=pair.target,
            choices=list(places),
            answer=places.index(place),
            explanation=" ".join(steps),
            meta={"lookahead": len(steps)},
        )
