"""Translation between two invented languages, in which a sentence opens with an agreement particle.

    qab   ga sazo-p gapa-k duku-p gazu-d      (written without the hyphens)
    qaa   lo teti-r mamo-r mine-w lomi-r
    meta  lookahead: 2                        (the target words that change the state)

The languages are `qaa` and `qab` (private-use codes of ISO 639), in both directions. Their content
words correspond one to one and in the same order. Each language carries an *agreement state*, one
of `states` numbers, from left to right through the sentence, beginning at 0. A word is *neutral*,
or it changes the state: it adds a number to the state (s -> s + b), or turns it around
(s -> b - s), modulo `states`. What a word does is learnt with the word, and is independent between
the languages. Every content word ends in a consonant that shows the state after it, and the
particle that opens the sentence shows the state after the last word.

So an ending follows from its word and the ending before it, but the particle, which comes first,
needs the whole sentence, and the particle and the endings of the source say nothing about it. The
changes do not commute, so the particle cannot be had by counting words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, cycle
from random import Random
from typing import Any

from warmup.common.errors import InputError
from warmup.common.languages import Pair
from warmup.data.generators._settings import Range, at_least, at_most, fill
from warmup.data.records import Record

LANGUAGES = ("qaa", "qab")
_CONSONANTS = {"qaa": "mnlrtw", "qab": "kpsgdz"}
_VOWELS = {"qaa": "aeio", "qab": "aiou"}
_MOST_STATES, _MOST_ROOTS = 6, 40


@dataclass(frozen=True)
class Settings:
    """Settings of the generator, with their defaults."""

    roots: int = 20
    """Content words of the vocabulary; a language has roots x states word forms."""
    states: int = 5
    """Number of agreement states."""
    words: Range = (3, 8)
    """Content words in a sentence."""
    changes: Range = (1, 6)
    """Target words that change the state, drawn uniformly for each example: the look-ahead."""

    def __post_init__(self) -> None:
        at_least("roots", self.roots, 4)
        at_most("roots", self.roots, _MOST_ROOTS, "words have two syllables")
        at_least("states", self.states, 2)
        at_most("states", self.states, _MOST_STATES, "an ending is one consonant")
        at_least("words", self.words[0], 1)
        at_least("changes", self.changes[0], 1)
        at_most("changes", self.changes[1], self.words[1], "the largest number of words")


@dataclass(frozen=True)
class Language:
    """A lexicon: what a root is called, and what it does to the state."""

    roots: list[str]
    next_state: list[list[int]]
    """[roots][states]: the state after the word, by the state before it."""
    particles: list[str]
    endings: list[str]

    def changes(self, root: int) -> bool:
        """Whether the root changes the state."""
        return self.next_state[root] != list(range(len(self.particles)))

    def sentence(self, roots: list[int]) -> str:
        """Return the particle and the inflected words."""
        state, words = 0, []
        for root in roots:
            state = self.next_state[root][state]
            words.append(self.roots[root] + self.endings[state])
        return " ".join([self.particles[state], *words])


def language(code: str, roots: int, states: int) -> Language:
    """Return the lexicon of a language: always the same one for the same arguments."""
    random = Random(f"{code} {roots} {states}")
    consonants, vowels = _CONSONANTS[code], _VOWELS[code]
    syllables = [consonant + vowel for consonant in consonants for vowel in vowels]
    particles = random.sample(syllables, states)
    names = random.sample([a + b for a in syllables for b in syllables], roots)
    shifts = [[(state + b) % states for state in range(states)] for b in range(1, states)]
    turns = [[(b - state) % states for state in range(states)] for b in range(states)]
    identity = list(range(states))
    changes = [change for change in shifts + turns if change != identity]
    random.shuffle(changes)
    # Half of the roots are neutral, and half of those in the other language too: independence.
    block = 2 ** LANGUAGES.index(code)
    in_turn = cycle(changes)
    next_state = [identity if root // block % 2 else next(in_turn) for root in range(roots)]
    return Language(names, next_state, particles, random.sample(consonants, states))


def generate(pair: Pair, seed: int, settings: Mapping[str, Any]) -> Iterator[Record]:
    """Yield examples without end.

    Raises:
        InputError: a setting is not valid, or the pair is not of `qaa` and `qab`.
    """
    if {pair.source, pair.target} != set(LANGUAGES):
        raise InputError(f"generator agreement: pair must be qaa-qab or qab-qaa, not '{pair}'")
    chosen = fill(Settings, settings)
    source, target = (
        language(code, chosen.roots, chosen.states) for code in (pair.source, pair.target)
    )
    changing = [root for root in range(chosen.roots) if target.changes(root)]
    neutral = [root for root in range(chosen.roots) if not target.changes(root)]
    random = Random(seed)
    for number in count(1):
        changes = random.randint(*chosen.changes)
        length = random.randint(max(chosen.words[0], changes), chosen.words[1])
        roots = random.choices(changing, k=changes)
        roots += random.choices(neutral, k=length - changes)
        random.shuffle(roots)
        yield Record(
            id=str(number),
            source=source.sentence(roots),
            targets=[target.sentence(roots)],
            source_lang=pair.source,
            target_lang=pair.target,
            meta={"lookahead": changes},
        )
