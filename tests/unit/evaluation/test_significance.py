"""Tests and corrections equal scipy's, statsmodels' and sacrebleu's on the same numbers."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest
from scipy import stats
from statsmodels.stats import contingency_tables, multitest

from warmup.evaluation import metrics
from warmup.evaluation.intervals import resampled_sums
from warmup.evaluation.metrics import Corpus
from warmup.evaluation.significance.difference import MCNEMAR, PAIRED_T, RANDOMIZATION, item_test
from warmup.evaluation.significance.hypothesis_tests import (
    holm,
    mcnemar,
    p_value,
    paired_t,
    percentile_interval,
    randomized_differences,
    swapped_sums,
)
from warmup.evaluation.significance.power import effect_size, minimum_detectable_effect

SEED = 12345  # sacrebleu's own


def mean(sums):
    return sums[..., 0] / sums[..., 1]


def columns(values):
    return np.stack([values, np.ones(len(values))], axis=-1)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_equals_the_binomial_test(ours, theirs):
    expected = stats.binomtest(ours, ours + theirs).pvalue if ours + theirs else 1
    assert mcnemar(ours, theirs) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(ours, theirs) == mcnemar(theirs, ours)


# statsmodels 0.15.0, contingency_tables.mcnemar(exact=True)
MCNEMAR_OF = {(6, 2): 0.2890625, (86, 150): 3.7159361395713866e-05, (0, 5): 0.0625,
              (12, 12): 1.0, (40, 63): 0.02968221463162665, (1, 0): 1.0}  # fmt: skip


@pytest.mark.parametrize("counts", MCNEMAR_OF)
def test_mcnemar_equals_statsmodels(counts):
    assert mcnemar(*counts) == pytest.approx(MCNEMAR_OF[counts], rel=1e-12)


def test_holm_equals_statsmodels():
    p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.0001, 0.04, 0.9]
    # statsmodels 0.15.0, multitest.multipletests(method="holm")
    assert holm(p) == pytest.approx([0.06, 0.16, 0.15, 0.035, 0.4, 0.0008, 0.16, 0.9])
    assert holm([]) == []


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_and_mcnemar_equal_statsmodels(p):
    assert holm(p) == pytest.approx(list(multitest.multipletests(p, method="holm")[1]))
    b, c = len(p), round(10 * p[0])
    expected = contingency_tables.mcnemar([[3, b], [c, 5]], exact=True).pvalue
    assert mcnemar(b, c) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_holm_keeps_the_order_and_never_lowers(p, shuffler):
    adjusted = holm(p)
    assert all(a >= b and a <= 1 for a, b in zip(adjusted, p, strict=True))
    assert min(adjusted) == pytest.approx(min(1, min(p) * len(p)))
    places = list(range(len(p)))
    shuffler.shuffle(places)
    assert holm([p[i] for i in places]) == pytest.approx([adjusted[i] for i in places])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=40))
def test_paired_t_equals_scipy(differences):
    values = np.array(differences)
    if values.std() > 1e-6 and abs(values.mean()) > 1e-9:
        expected = stats.ttest_rel(values + 7, np.full(len(values), 7.0)).pvalue
        assert paired_t(values) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_paired_t_of_no_difference_and_of_a_constant_one():
    assert paired_t(np.zeros(5)) == 1
    assert paired_t(np.full(5, 2.0)) == 0
    assert paired_t(np.array([3.0])) == 1


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.9])
def test_randomization_equals_the_exact_permutation_test_of_scipy(shift):
    generator = np.random.default_rng(3)
    ours, theirs = generator.normal(shift, 1, 11), generator.normal(0, 1, 11)

    def difference(a, b, axis=-1):
        return a.mean(axis) - b.mean(axis)

    exact = stats.permutation_test(
        (ours, theirs), difference, permutation_type="samples", n_resamples=np.inf
    ).pvalue  # all 2^11 swaps
    resamples = 20_000
    null = randomized_differences(columns(ours), columns(theirs), mean, resamples, 0)
    error = math.sqrt(exact * (1 - exact) / resamples)
    assert p_value(null, difference(ours, theirs)) == pytest.approx(exact, abs=4 * error + 1e-4)


def test_randomization_counts_ties():
    """Of items with differences 1, 0 and -1 every swap of the middle one is a tie."""
    ours, theirs = np.array([1.0, 5.0, 2.0]), np.array([0.0, 5.0, 3.0])
    null = randomized_differences(columns(ours), columns(theirs), mean, 999, 0)
    assert p_value(null, 0.0) == 1
    exact = np.mean(np.abs([a + b for a in (1, -1) for b in (1, -1)]) / 3 >= 2 / 3 - 1e-9)
    assert p_value(null, 2 / 3) == pytest.approx(exact, abs=0.06)


def test_swaps_depend_on_the_seed_alone_and_take_half():
    rows = columns(np.arange(50.0))
    once, again = swapped_sums(rows, 500, 1), swapped_sums(rows, 500, 1)
    assert (once == again).all()
    assert not (once == swapped_sums(rows, 500, 2)).all()
    assert once[:, 1].mean() == pytest.approx(25, abs=4 * math.sqrt(50) / 2 / math.sqrt(500))


@pytest.fixture(scope="module")
def systems():
    """Return references and two systems' outputs that corrupt them a little differently."""
    shuffler = random.Random(0)
    words = [f"{a}{b}{c}" for a in "bdgkl" for b in "aeiou" for c in "mnrst"]
    references = [" ".join(shuffler.choices(words, k=shuffler.randint(5, 20))) for _ in range(150)]

    def corrupt(share):
        return [
            " ".join(shuffler.choice(words) if shuffler.random() < share else w for w in t.split())
            for t in references
        ]

    return references, corrupt(0.30), corrupt(0.32)


METRICS = {"bleu": BLEU, "chrf": CHRF}


def sacrebleu(systems, test, samples):
    references, ours, theirs = systems
    named = [("base", theirs), ("sys", ours)]
    made = {name: kind() for name, kind in METRICS.items()}
    _, results = PairedTest(named, made, [references], test_type=test, n_samples=samples)()
    # after the names of the systems, one list a metric
    found = [column for name, column in results.items() if name != "System"]
    return {name: column[1] for name, column in zip(METRICS, found, strict=True)}


def statistics(systems, name):
    references, *outputs = systems
    metric = metrics.load(name)
    both = [metric.statistics(Corpus(out, [[r] for r in references], "en")) for out in outputs]
    score = [float(metric.aggregate(rows.sum(axis=0))) for rows in both]
    return *both, score[0] - score[1], metric.aggregate


def test_approximate_randomization_equals_sacrebleu(systems):
    samples = 1000
    for name, expected in sacrebleu(systems, "ar", samples).items():
        ours, theirs, difference, aggregate = statistics(systems, name)
        null = randomized_differences(ours, theirs, aggregate, samples, SEED)
        found = p_value(null, difference)
        assert 0.01 < found < 0.99
        assert found == pytest.approx(expected.p_value, abs=1e-12)


def test_paired_bootstrap_draws_what_sacrebleu_draws(systems):
    samples = 1000
    for name, expected in sacrebleu(systems, "bs", samples).items():
        ours, theirs, difference, aggregate = statistics(systems, name)
        drawn = [aggregate(resampled_sums(rows, samples, SEED)) for rows in (ours, theirs)]
        assert drawn[0].mean() == pytest.approx(expected.mean, abs=1e-3)  # it sums in 32 bits
        gap = np.abs(drawn[0] - drawn[1])  # its own p-value, from our draws
        beyond = (gap - gap.mean() > abs(difference)).sum()
        assert (beyond + 1) / (samples + 1) == pytest.approx(expected.p_value, abs=2 / samples)


def test_paired_bootstrap_interval_equals_scipy():
    generator = np.random.default_rng(5)
    ours, theirs = generator.normal(0.5, 1, (2, 200))
    rows = columns(ours - theirs)
    low, high = percentile_interval(mean(resampled_sums(rows, 20_000, 0)))
    expected = stats.bootstrap(
        (ours, theirs), lambda a, b, axis=-1: a.mean(axis) - b.mean(axis), paired=True,
        n_resamples=20_000, method="percentile", rng=generator,
    ).confidence_interval  # fmt: skip
    assert (low, high) == pytest.approx(tuple(expected), abs=0.01)


def test_the_test_of_a_metric_follows_from_its_statistics():
    right, wrong = columns(np.array([1.0, 1, 0, 1])), columns(np.array([0.0, 1, 1, 0]))
    assert item_test(right, wrong, mean) == (MCNEMAR, mcnemar(2, 1))
    ours, theirs = columns(np.array([0.5, 1, 0, 0])), columns(np.array([0.0, 1, 1, 0]))
    assert item_test(ours, theirs, mean) == (PAIRED_T, paired_t(np.array([0.5, 0, -1, 0])))
    counts = np.ones((4, 10))
    assert item_test(counts, counts, mean)[0] == RANDOMIZATION
    ratio = np.array([[1.0, 3], [2, 4]])  # two columns, and no mean over items
    assert item_test(ratio, ratio, mean)[0] == RANDOMIZATION


def test_the_shipped_metrics_have_their_tests():
    corpus = Corpus(["A", "B", "the cat"], [["A"], ["A"], ["C"]], "en")
    found = {}
    for name in metrics.names():
        metric = metrics.load(name)
        ours = metric.statistics(corpus)
        theirs = metric.statistics(Corpus(["B", "A", "a dog C"], corpus.references, "en"))
        found[name] = item_test(ours, theirs, metric.aggregate)[0]
    assert found["accuracy"] == MCNEMAR
    assert {found[name] for name in ("bleu", "chrf", "chrf++", "macro_f1")} == {RANDOMIZATION}


def test_effect_size_of_a_mean_is_cohens_d_of_pairs():
    differences = np.random.default_rng(1).normal(1, 4, 500)
    error = differences.std(ddof=1) / math.sqrt(500)
    expected = differences.mean() / differences.std(ddof=1)
    assert effect_size(differences.mean(), error, 500) == pytest.approx(expected)
    assert math.isnan(effect_size(0.0, 0.0, 500))


def test_detectable_difference_has_the_power_it_says():
    """The power of a z test at the detectable difference, from the normal distribution alone."""
    for error, alpha, power in ((1.0, 0.05, 0.8), (0.3, 0.01, 0.9)):
        least = minimum_detectable_effect(error, alpha, power)
        limit = stats.norm.isf(alpha / 2) * error
        found = stats.norm.sf(limit, least, error) + stats.norm.cdf(-limit, least, error)
        assert found == pytest.approx(power, abs=1e-4)
    assert minimum_detectable_effect(1.0) == pytest.approx(2.8016, abs=1e-4)
    assert math.isnan(minimum_detectable_effect(0.0))
