"""The embedded data sets: each is what its description says."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.common import plugins
from warmup.common.errors import InputError
from warmup.common.languages import parse_pair
from warmup.data.generators import agreement
from warmup.data.records import Record

PAIRS = {
    "shell_game": ["en", "de"],
    "agreement": ["qaa-qab", "qab-qaa"],
    "tally": ["en"],
}
EVERY = [(name, pair) for name, some in PAIRS.items() for pair in some]


def generate(name: str, pair: str, size: int, seed: int = 1, **knobs: Any) -> list[Record]:
    endless = plugins.load("generator", name).generate(parse_pair(pair), seed, knobs)
    return list(islice(endless, size))


def best_guess(pairs: Iterable[tuple[Hashable, Hashable]]) -> float:
    """Accuracy of always guessing the most frequent answer for what is seen."""
    answers: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    for seen, answer in pairs:
        answers[seen][answer] += 1
    right = sum(counter.most_common(1)[0][1] for counter in answers.values())
    return right / sum(counter.total() for counter in answers.values())


def test_every_generator_is_tested() -> None:
    assert sorted(PAIRS) == plugins.names("generator")


@pytest.mark.parametrize(("name", "pair"), EVERY)
def test_seed_decides_everything(name: str, pair: str) -> None:
    assert generate(name, pair, 50) == generate(name, pair, 50)
    assert generate(name, pair, 50) != generate(name, pair, 50, seed=2)


@pytest.mark.parametrize(("name", "pair"), EVERY)
def test_lookahead_is_uniform_and_texts_are_short(name: str, pair: str) -> None:
    records = generate(name, pair, 3000)
    counts = Counter(record.meta["lookahead"] for record in records)
    assert set(counts) == set(range(1, max(counts) + 1))
    assert min(counts.values()) > 0.85 * 3000 / len(counts)
    assert len({record.id for record in records}) == 3000
    for record in records:
        target = " ".join([record.explanation, *record.targets]).split()
        assert len(record.source.split()) <= 35
        assert len(target) <= 14
        assert record.source == " ".join(record.source.split())
        assert (record.source_lang, record.target_lang) == (pair[:3].strip("-"), pair[-3:])[:2]


@settings(max_examples=30)
@given(seed=st.integers(), places=st.integers(3, 26), swaps=st.integers(1, 9))
def test_shell_game_is_played_by_the_rules(seed: int, places: int, swaps: int) -> None:
    (record,) = generate("shell_game", "en", 1, seed, places=places, swaps=[swaps, swaps])
    words = record.source.split()
    place, steps = words[1], []
    for one, other in words[3:]:
        assert one != other
        place = other if place == one else one if place == other else place
        steps.append(place)
    assert words[0] == "start"
    assert words[2] == "swap"
    assert len(record.choices) == places
    assert record.answer is not None
    assert record.choices[record.answer] == place
    assert record.explanation.split() == steps
    assert record.meta == {"lookahead": swaps}


def test_shell_game_cannot_be_guessed() -> None:
    records = generate("shell_game", "en", 20_000, swaps=[6, 6])
    sources = [record.source.split() for record in records]
    answers = [record.answer for record in records]
    start = best_guess(zip((words[1] for words in sources), answers, strict=True))
    last = best_guess(zip((tuple(words[-2:]) for words in sources), answers, strict=True))
    assert start == pytest.approx(0.2125, abs=0.015)  # the value in the description
    assert last < 0.24


@settings(max_examples=30)
@given(seed=st.integers(), states=st.integers(2, 6), roots=st.integers(4, 40), data=st.data())
def test_agreement_follows_its_grammar(
    seed: int, states: int, roots: int, data: st.DataObject
) -> None:
    pair = data.draw(st.sampled_from(PAIRS["agreement"]))
    knobs = {"states": states, "roots": roots}
    for record in generate("agreement", pair, 5, seed, **knobs):
        understood = []
        for code, sentence in [
            (record.source_lang, record.source),
            (record.target_lang, record.targets[0]),
        ]:
            lexicon = agreement.language(code, roots, states)
            particle, *words = sentence.split()
            state, meanings = 0, []
            for word in words:
                meanings.append(lexicon.roots.index(word[:-1]))
                state = lexicon.next_state[meanings[-1]][state]
                assert word[-1] == lexicon.endings[state]
            assert particle == lexicon.particles[state]
            understood.append(meanings)
        assert understood[0] == understood[1]
        changes = sum(lexicon.changes(root) for root in understood[1])
        assert record.meta == {"lookahead": changes}


def test_agreement_vocabulary_is_small_and_the_languages_share_no_word() -> None:
    records = generate("agreement", "qaa-qab", 5000)
    source = {word for record in records for word in record.source.split()}
    target = {word for record in records for word in record.targets[0].split()}
    assert len(source) == len(target) == 105
    assert not source & target


@pytest.mark.parametrize("pair", PAIRS["agreement"])
def test_agreement_particle_cannot_be_guessed(pair: str) -> None:
    records = generate("agreement", pair, 20_000, changes=[4, 6])
    particles = [record.targets[0].split()[0] for record in records]
    sources = [record.source.split() for record in records]
    for seen in (
        [words[0] for words in sources],
        [words[1] for words in sources],
        [words[-1] for words in sources],
    ):
        assert best_guess(zip(seen, particles, strict=True)) < 0.24  # of 5 particles
    # nor from how often each word occurs: order matters
    first, last = agreement.language("qaa", 20, 5).next_state[:3:2]
    assert [last[state] for state in first] != [first[state] for state in last]


@settings(max_examples=30)
@given(
    seed=st.integers(),
    reports=st.integers(1, 8),
    distractors=st.integers(0, 4),
    dial=st.integers(2, 99),
)
def test_tally_follows_the_reports(seed: int, reports: int, distractors: int, dial: int) -> None:
    knobs = {"reports": [reports] * 2, "distractors": [distractors] * 2, "dial": dial}
    (record,) = generate("tally", "en", 1, seed, **knobs)
    words = record.source.split()
    sentences = [
        (place, *report.split(":")) for place, report in zip(words[::2], words[1::2], strict=True)
    ]
    assert len(sentences) == reports + distractors
    assert len({place for place, _, _ in sentences}) == len(sentences)
    tally, steps = 0, []
    for place, verb, amount in sentences:
        if verb in ("gained", "mirrored"):
            before = tally if verb == "gained" else dial - tally
            tally = (before + int(amount)) % dial
            steps.append(f"{place}:{tally}")
    assert record.targets == [f"{tally} tallied {' '.join(steps)}"]
    assert record.meta == {"lookahead": reports}


def test_tally_cannot_be_guessed() -> None:
    records = generate("tally", "en", 20_000, reports=[4, 5])
    tallies = [record.targets[0].split()[0] for record in records]
    sources = [record.source.split() for record in records]
    gained = [sum("gained" in word for word in words) for words in sources]
    mirrored = [sum("mirrored" in word for word in words) for words in sources]
    first = [words[1] for words in sources]
    last = [words[-1] for words in sources]
    for seen in (gained, mirrored, first, last):
        assert best_guess(zip(seen, tallies, strict=True)) < 0.24  # of 5 numbers


@pytest.mark.parametrize(
    ("name", "pair", "knobs", "message"),
    [
        ("shell_game", "en-de", {}, "shell_game: needs one language such as 'en', not 'en-de'"),
        ("agreement", "en-de", {}, "pair must be qaa-qab or qab-qaa, not 'en-de'"),
        ("tally", "de", {}, "language must be en, not 'de'"),
        ("shell_game", "en", {"place": 5}, "unknown setting 'place'; choose from: places, swaps"),
        ("shell_game", "en", {"places": "5"}, "places must be a whole number, not '5'"),
        ("shell_game", "en", {"places": True}, "places must be a whole number, not True"),
        ("shell_game", "en", {"places": 2}, "places must be at least 3, not 2"),
        ("shell_game", "en", {"places": 27}, r"places must be at most 26 \(they are letters\)"),
        ("shell_game", "en", {"swaps": 6}, r"swaps must be \[low, high\], not 6"),
        ("shell_game", "en", {"swaps": [1, 2, 3]}, r"swaps must be \[low, high\]"),
        ("shell_game", "en", {"swaps": [6, 1]}, r"swaps is \[6, 1\], but low must not exceed"),
        ("shell_game", "en", {"swaps": [0, 1]}, "swaps must be at least 1, not 0"),
        ("agreement", "qaa-qab", {"changes": [1, 9]}, "changes must be at most 8"),
        ("agreement", "qaa-qab", {"states": 7}, "states must be at most 6"),
        ("tally", "en", {"dial": 1}, "dial must be at least 2, not 1"),
        ("tally", "en", {"reports": [1, 12]}, "reports and distractors must be at most 12"),
    ],
)
def test_wrong_settings_are_refused(
    name: str, pair: str, knobs: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generate(name, pair, 1, **knobs)
