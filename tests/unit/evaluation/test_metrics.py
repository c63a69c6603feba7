"""What all metrics promise: found by name, additive statistics, scores within their range."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.common.languages import primary_code
from warmup.evaluation import metric_properties, metrics
from warmup.evaluation.metrics import Corpus, Metric

NAMES = [
    "accuracy", "bleu", "cer", "chrf", "chrf++", "exact_match", "macro_f1", "rouge1", "rouge2",
    "rougeL", "ser", "ter", "wer", "wer_edits",
]  # fmt: skip
TEXTS = [
    "B because the ball went left",
    "C the cat sat on the mat.",
    "A 猫坐在垫子上。",
    "B Кошка сидела на коврике, über Straße",
    "A",
    "D किताब पढ़ो",
]


def corpus_of(texts, references=TEXTS):
    return Corpus(list(texts), [[text] for text in references], "de")


def value(name, corpus):
    metric = metrics.load(name)
    return float(metric.aggregate(metric.statistics(corpus).sum(axis=0)))


def test_names_are_the_agreed_ones():
    assert metrics.names() == NAMES


def test_an_unknown_metric_is_answered_with_the_names():
    with pytest.raises(
        InputError, match=r"unknown metric 'blue'; choose from: accuracy, bleu, .*L"
    ):
        metrics.load("blue")


@pytest.mark.parametrize("name", NAMES)
def test_each_module_has_the_members_and_parameters_of_the_protocol(name):
    metric = metrics.load(name)
    assert name == metric.NAME
    assert metric_properties.label(name) == metric.LABEL
    assert metric.KIND == "surface"
    for member in ("statistics", "aggregate", "signature"):
        wanted = list(inspect.signature(getattr(Metric, member)).parameters)[1:]
        assert list(inspect.signature(getattr(metric, member)).parameters) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_perfect_output_has_the_best_score_in_every_script(name):
    assert value(name, corpus_of(TEXTS * 4, TEXTS * 4)) == pytest.approx(
        # a text of one word has no word pair, and ROUGE-2 gives it nothing
        100 * 5 / 6 if name == "rouge2" else metric_properties.of(name).best
    )


@pytest.mark.parametrize("name", NAMES)
def test_empty_output_finds_nothing(name):
    nothing = 0 if metric_properties.of(name).higher_is_better else 100
    assert value(name, corpus_of([""] * len(TEXTS))) == nothing
    assert value(name, corpus_of(["  "] * len(TEXTS))) == nothing


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(items=st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=8))
def test_summed_statistics_of_drawn_items_score_as_those_items_do(name, items):
    corpus = corpus_of([*TEXTS[1:], TEXTS[0][:12]])
    metric = metrics.load(name)
    drawn = metric.statistics(corpus)[items].sum(axis=0)
    assert metric.aggregate(drawn) == pytest.approx(value(name, corpus.take(items)), abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_aggregate_works_over_leading_axes(name):
    metric = metrics.load(name)
    statistics = metric.statistics(corpus_of([*TEXTS[:3], *TEXTS[:3]]))
    sums = np.stack([statistics, statistics * 2, statistics * 5]) + statistics.sum(axis=0)
    scores = metric.aggregate(sums)
    assert scores.shape == (3, len(TEXTS))
    assert scores[2, 4] == metric.aggregate(sums[2, 4])
    properties = metric_properties.of(name)
    assert (scores >= properties.low).all() and (scores <= properties.high).all()


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_key_value_text_without_tabs(name):
    signature = metrics.load(name).signature(corpus_of(TEXTS))
    assert "\t" not in signature and "\n" not in signature
    assert all(":" in part for part in signature.split("|")[2:])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (([], [], "de"), "no items"),
        ((["a"], [["a"], ["b"]], "de"), "1 hypotheses but references for 2 items"),
        ((["a", "b"], [["a"], []], "de"), "item 2 has no reference"),
        ((["a"], [["a"]], "de", ["x", "y"]), "1 hypotheses but 2 sources"),
    ],
)
def test_a_corpus_that_does_not_fit_together_is_refused(fields, message):
    with pytest.raises(InputError, match=message):
        Corpus(*fields)


def test_take_keeps_items_together():
    corpus = Corpus(["a", "b", "c"], [["A"], ["B"], ["C"]], "de", ["1", "2", "3"])
    assert corpus.take([2, 0]) == Corpus(["c", "a"], [["C"], ["A"]], "de", ["3", "1"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("de", "de"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zho_Hans", "zh"),
        ("EN_us", "en"),
        ("qaa", "qaa"),
    ],
)
def test_language_ignores_region_and_script(code, expected):
    assert primary_code(code) == expected


@pytest.mark.parametrize("name", ["bleu", "rouge1", "rouge2", "rougeL", "ter"])
def test_a_metric_that_depends_on_the_language_asks_for_it(name):
    with pytest.raises(InputError, match="target language is empty"):
        metrics.load(name).statistics(Corpus(["a"], [["a"]], ""))


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "rougeL"])
def test_metrics_start_without_heavy_packages(name):
    code = (
        "import sys; from warmup.evaluation import metrics; "
        "from warmup.evaluation.metrics import Corpus; "
        f"metrics.load({name!r}).statistics(Corpus(['A'], [['A']], 'en')); "
        "print([m for m in ('sacrebleu', 'sklearn', 'scipy', 'pandas', 'nltk', 'torch') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_metric_is_found_without_importing_the_others():
    code = (
        "import sys; from warmup.evaluation import metrics; metrics.load('chrf++'); "
        "metrics.names(); "
        "print(*sorted(name for name in sys.modules if name.startswith('warmup.evaluation.metrics.')))"  # noqa: E501
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    imported = {name.removeprefix("warmup.evaluation.metrics.") for name in done.stdout.split()}
    assert "chrf_plus_plus" in imported
    assert not imported & {"bleu", "rouge1", "accuracy"}
