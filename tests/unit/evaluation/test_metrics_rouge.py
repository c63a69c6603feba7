"""ROUGE is rouge-score's on ASCII text, and reads every script."""

import itertools
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer
from rouge_score import tokenize
from rouge_score.rouge_scorer import RougeScorer

from helpers.metrics_data import data_lines
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus, _porter
from warmup.evaluation.words import words

NAMES = ("rouge1", "rouge2", "rougeL")
SCORER = RougeScorer(NAMES, use_stemmer=True)
ASCII = st.text(st.characters(max_codepoint=127), max_size=60)
SENTENCES = st.lists(
    st.sampled_from(
        [
            "the",
            "cats",
            "were",
            "running,",
            "Running",
            "home",
            "to",
            "their",
            "2",
            "houses",
            "relationally",
            "!",
        ]
    ),
    max_size=12,
).map(" ".join)


def score(name, corpus):
    metric = metrics.load(name)
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


@given(text=ASCII | SENTENCES)
def test_words_equal_rouge_score_on_ascii(text):
    assert list(words(text, "en")) == tokenize.tokenize(text, PorterStemmer())
    assert list(words(text, "de")) == tokenize.tokenize(text, None)


@settings(deadline=None)
@given(output=SENTENCES, references=st.lists(SENTENCES, min_size=1, max_size=3))
def test_f_equals_rouge_score_with_the_best_reference(output, references):
    expected = SCORER.score_multi(references, output)
    corpus = Corpus([output], [references], "en")
    for name in NAMES:
        assert score(name, corpus) == 100 * expected[name].fmeasure


def test_stems_equal_nltk_on_every_ending():
    ends = [
        *_porter._PLURAL, *_porter._DERIVED, *_porter._FORMED, *_porter._ENDINGS,
        "ed", "eed", "ied", "ing", "logi", "y", "e", "ll", "",
    ]  # fmt: skip
    chance = random.Random(1)
    starts = ["".join(chance.choices("aeiouybcllstzzx", k=chance.randint(0, 5))) for _ in range(12)]
    made = {"".join(parts) for parts in itertools.product(starts, ends, ends)}
    vocabulary = [word for word in made | set(_porter._IRREGULAR) if len(word) > 2]
    nltk = PorterStemmer().stem
    assert len(vocabulary) > 10_000
    assert {w: _porter.stem(w) for w in vocabulary} == {w: nltk(w) for w in vocabulary}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Über Straße, café!", ["über", "straße", "café"]),
        ("Кошка сидела", ["кошка", "сидела"]),
        ("猫坐在mat上。", ["猫", "坐", "在", "mat", "上"]),
        ("ねこが〇々", ["ね", "こ", "が", "〇", "々"]),
        ("고양이가 앉았다", ["고양이가", "앉았다"]),
        ("किताब पढ़ो", ["किताब", "पढ़ो"]),
        ("اللُّغة العربية", ["اللُّغة", "العربية"]),
        ("cafe\u0301", ["café"]),
        ("so ☺\ufe0f good_bye", ["so", "good", "bye"]),
        ("", []),
        (" ？！ ", []),
    ],
)
def test_no_letter_of_any_script_is_lost(text, expected):
    assert list(words(text, "und")) == expected


def test_only_english_is_stemmed():
    assert words("running runs", "en") == ("run", "run")
    assert words("running runs", "eng_Latn") == ("run", "run")
    assert words("running runs", "fr") == ("running", "runs")


def test_signature_tells_stemming_and_references():
    rouge = metrics.load("rougeL")
    assert rouge.signature(Corpus(["a"], [["a"]], "en")) == (
        "rougeL|f|nrefs:1|refs:best|stem:porter|tok:unicode|as:rouge-score-0.1.2"
    )
    varying = Corpus(["a", "b"], [["a"], ["b", "c"]], "de")
    assert "|nrefs:var|refs:best|stem:no|" in rouge.signature(varying)


def test_published_rouge_of_dialogsum():
    outputs = data_lines("dialogsum/bart_baseline.test_output.txt.gz")
    rows = [json.loads(line) for line in data_lines("dialogsum/dialogsum.test.jsonl.gz")]
    corpus = Corpus(outputs, [[row["summary1"]] for row in rows], "en")
    found = [score(name, corpus) for name in NAMES]
    assert [round(value, 3) for value in found] == [45.909, 21.320, 38.710]  # with rouge-score
    assert found == pytest.approx([45.9458, 21.3612, 38.7189], abs=0.5)  # as published


@pytest.mark.parametrize(
    ("system", "published"), [("lead", (16.30, 1.60, 11.95)), ("convs2s", (31.27, 11.07, 25.23))]
)
def test_published_rouge_of_xsum(system, published):
    outputs = data_lines(f"xsum_outputs/{system}-test-output.txt.gz")
    gold = data_lines("xsum_outputs/gold-test-sentences.txt.gz")
    corpus = Corpus(outputs, [[text] for text in gold], "en")
    for name, value in zip(NAMES, published, strict=True):
        assert score(name, corpus) == pytest.approx(value, abs=0.5)


def test_published_rouge_of_each_summary_of_realsumm():
    """ROUGE-1 and 2 of the Perl script; its ROUGE-L is sentence by sentence, and no other is here.

    Most summaries are equal to the last published digit. The others, such as those with numbers
    that the script splits otherwise, move the mean of a system by 0.5 at most.
    """
    rows = [json.loads(line) for line in data_lines("realsumm/summaries_with_rouge.jsonl.gz")]
    texts = [(" ".join(row["summary"]), [" ".join(row["reference"])]) for row in rows]
    corpus = Corpus([output for output, _ in texts], [gold for _, gold in texts], "en")
    systems = np.array([row["system"] for row in rows])
    for name, key, equal in (("rouge1", "rouge_1", 0.70), ("rouge2", "rouge_2", 0.85)):
        metric = metrics.load(name)
        found = metric.aggregate(metric.statistics(corpus))
        published = np.array([100 * row["scores"][f"{key}_f_score"] for row in rows])
        assert np.mean(np.abs(found - published) <= 0.001) >= equal
        for system in sorted(set(systems)):
            here = systems == system
            assert here.sum() == 100
            assert found[here].mean() == pytest.approx(published[here].mean(), abs=0.505)


def test_several_references_of_scitldr_equal_rouge_score():
    rows = [json.loads(line) for line in data_lines("scitldr/SciTLDR-A.test.jsonl.gz")]
    rows = [
        row for row in rows if all(text.isascii() for text in [row["source"][0], *row["target"]])
    ]
    rows = rows[:150]
    outputs = [row["source"][0] for row in rows]
    corpus = Corpus(outputs, [row["target"] for row in rows], "en")
    expected = [
        SCORER.score_multi(row["target"], output) for row, output in zip(rows, outputs, strict=True)
    ]
    assert {len(row["target"]) for row in rows} == {2, 3, 4}
    for name in NAMES:
        mean = sum(scores[name].fmeasure for scores in expected) / len(expected)
        assert score(name, corpus) == pytest.approx(100 * mean, abs=1e-9)
