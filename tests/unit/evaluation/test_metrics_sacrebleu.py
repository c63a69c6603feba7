"""BLEU, chrF and chrF++ are sacrebleu's, to the last digit."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from helpers.metrics_data import data_file, data_lines
from warmup.common.errors import InputError
from warmup.evaluation import metrics
from warmup.evaluation.metrics import Corpus

PEERS = {"bleu": BLEU, "chrf": CHRF, "chrf++": lambda **_: CHRF(word_order=2)}


def peer(name, lang):
    return BLEU(trg_lang=lang) if name == "bleu" else PEERS[name]()


def score(name, corpus):
    metric = metrics.load(name)
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


def corpus_of_streams(hypotheses, streams, lang):
    items = [[text for text in texts if text is not None] for texts in zip(*streams, strict=True)]
    return Corpus(hypotheses, items, lang)


words = st.lists(st.sampled_from(["the", "cat", "sat.", "mat", "猫", "Straße", "-"]), max_size=7)
texts = words.map(" ".join)


@pytest.mark.parametrize("name", PEERS)
@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts, st.none() | texts), min_size=1, max_size=6),
    lang=st.sampled_from(["de", "zh"]),
)
def test_equals_corpus_score_with_varying_numbers_of_references(name, rows, lang):
    hypotheses, *streams = map(list, zip(*rows, strict=True))
    reference = peer(name, lang)
    expected = reference.corpus_score(hypotheses, streams).score
    corpus = corpus_of_streams(hypotheses, streams, lang)
    assert score(name, corpus) == expected
    assert metrics.load(name).signature(corpus) == str(reference.get_signature())


def test_signature_is_kept_verbatim():
    corpus = Corpus(["a"], [["a"]], "de")
    assert metrics.load("bleu").signature(corpus) == (
        "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
    )
    assert metrics.load("chrf++").signature(corpus) == (
        "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0"
    )
    varying = Corpus(["a", "b"], [["a"], ["b", "c"]], "zho_Hans")
    assert metrics.load("bleu").signature(varying).startswith("nrefs:var|case:mixed|eff:no|tok:zh|")


def test_chinese_is_split_into_characters():
    near = Corpus(["猫坐在红色的垫子上"], [["猫坐在绿色的垫子上"]], "zh")
    assert score("bleu", near) > 50
    assert score("bleu", Corpus(near.hypotheses, near.references, "de")) == 0


@pytest.mark.parametrize("lang", ["ja", "ko"])
def test_a_missing_tokenizer_says_what_to_install(lang, monkeypatch):
    def missing(*_args, **_options):
        raise RuntimeError("extra dependencies")

    monkeypatch.setattr("sacrebleu.metrics.bleu.BLEU.__init__", missing)
    with pytest.raises(InputError, match=rf"'{lang}' is not installed.*sacrebleu\[{lang}\]"):
        metrics.load("bleu").statistics(Corpus(["a"], [["a"]], lang))


def test_text_that_looks_tokenized_makes_no_warning(caplog):
    metrics.load("bleu").statistics(Corpus(["a b ."] * 200, [["a b ."]] * 200, "de"))
    assert not caplog.records


def cases():
    with data_file("sacrebleu_values/cases.json").open(encoding="utf-8") as stream:
        for group in json.load(stream)["groups"]:
            for case in group["cases"]:
                yield group, case


def test_published_unit_values_with_our_settings():
    """Those of the 61 cases whose options are the ones that we use."""
    ours = {"smooth_method": "exp", "tokenize": "13a", "max_ngram_order": 4}
    checked = 0
    for group, case in cases():
        if group["level"] != "corpus" or group["metric"] != "bleu":
            continue
        if any(ours.get(key) != value for key, value in case["options"].items()):
            continue
        corpus = corpus_of_streams(case["hypotheses"], case["references"], "en")
        assert score("bleu", corpus) == pytest.approx(case["expected"], abs=group["tolerance"])
        checked += 1
    assert checked == 4


def test_published_unit_values_through_our_statistics_and_sums():
    """All 61 cases: sacrebleu's metric with their options, our rows and our sums."""
    from warmup.evaluation.metrics import _sacrebleu

    checked = 0
    for group, case in cases():
        options = {k: v for k, v in case["options"].items() if v is not None}
        metric = (BLEU if group["metric"] == "bleu" else CHRF)(**options)
        hypotheses, streams = case["hypotheses"], case["references"]
        if group["level"] == "sentence":
            hypotheses = hypotheses if isinstance(hypotheses, list) else [hypotheses]
        corpus = corpus_of_streams(hypotheses, streams, "en")
        sums = _sacrebleu.statistics(metric, corpus).sum(axis=0)
        found = _sacrebleu.aggregate(
            lambda row, m=metric: m._compute_score_from_stats(row).score, sums
        )
        assert float(found) == pytest.approx(case["expected"], abs=group["tolerance"])
        checked += 1
    assert checked == 61


WMT22 = [
    *(("en-de", name) for name in ("JDExploreAcademy", "Online-B", "OpenNMT", "PROMT")),
    *(("zh-en", name) for name in ("AISP-SJTU", "LanguageX", "NiuTrans", "Online-W")),
]


@pytest.mark.parametrize(("pair", "system"), WMT22)
def test_published_bleu_of_wmt22(pair, system):
    assert_published("bleu", pair, system)


@pytest.mark.slow  # chrF takes ten times as long as BLEU
@pytest.mark.parametrize(("pair", "system"), WMT22)
def test_published_chrf_of_wmt22(pair, system):
    assert_published("chrf", pair, system)


def assert_published(name, pair, system):
    """Compare with what WMT22 published, against references A, B and both."""
    lang = pair.split("-")[1]
    with data_file("wmt22_outputs/automatic-scores.tsv").open(encoding="utf-8") as stream:
        published = {
            row["metric"]: float(row["score"])
            for row in csv.DictReader(stream, delimiter="\t")
            if (row["pair"], row["system"]) == (pair, system)
        }
    base = f"wmt22_outputs/generaltest2022.{pair}"
    hypotheses = data_lines(f"{base}.hyp.{system}.{lang}.gz")
    first, second = (data_lines(f"{base}.ref.{letter}.{lang}.gz") for letter in "AB")
    # B before A: of references that tie in a sentence's chrF, sacrebleu counts the first
    for kind, streams in (("A", [first]), ("B", [second]), ("all", [second, first])):
        corpus = corpus_of_streams(hypotheses, streams, lang)
        assert score(name, corpus) == published[f"{name}-{kind}"]


def test_resampled_sums_score_as_sacrebleu_scores_the_drawn_segments():
    generator = np.random.default_rng(3)
    base = [
        "the",
        "cat",
        "sat",
        "on",
        "the",
        "mat",
        "and",
        "the",
        "dog",
        "lay",
        "under",
        "the",
        "old",
        "table",
        ".",
    ]
    hypotheses = [" ".join(generator.choice(base, size=9)) for _ in range(30)]
    references = [" ".join(generator.choice(base, size=8)) for _ in range(30)]
    corpus = Corpus(hypotheses, [[text] for text in references], "en")
    draw = generator.integers(30, size=30)
    for name in PEERS:
        metric = metrics.load(name)
        expected = peer(name, "en").corpus_score(
            [hypotheses[i] for i in draw], [[references[i] for i in draw]]
        )
        sums = np.bincount(draw, minlength=30) @ metric.statistics(corpus)
        assert float(metric.aggregate(sums)) == expected.score
