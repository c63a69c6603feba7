"""Simulated experiments: p-values are uniform where nothing differs, intervals hold the truth.

A Kolmogorov-Smirnov distance of N uniform numbers is above 1.95 / sqrt(N) once in 1,000. A share
of N trials is within three standard errors, 3 sqrt(share (1 - share) / N), in 997 of 1,000. Seeds
are fixed, so that a failure is a change of the code.
"""

import math

import numpy as np
import pytest
from scipy import stats

from warmup.evaluation import metrics
from warmup.evaluation.intervals import bootstrap_interval, resampled_sums
from warmup.evaluation.significance.difference import PAIRED_T, Difference, assess_difference
from warmup.evaluation.significance.hierarchical import deviations
from warmup.evaluation.significance.hypothesis_tests import (
    holm,
    mcnemar,
    p_value,
    paired_t,
    percentile_interval,
    randomized_differences,
)
from warmup.evaluation.significance.power import minimum_detectable_effect

BLEU = metrics.load("bleu").aggregate
MACRO_F1 = metrics.load("macro_f1").aggregate


def mean(sums):
    return sums[..., 0] / sums[..., 1]


def columns(values):
    return np.stack([values, np.ones(len(values))], axis=-1)


def is_uniform(p):
    return stats.kstest(p, "uniform").statistic < 1.95 / math.sqrt(len(p))


def near(share, trials):
    return pytest.approx(share, abs=3 * math.sqrt(share * (1 - share) / trials))


def spread_out(p, resamples, generator):
    """Return p-values that are multiples of 1 / (R + 1) as continuous ones."""
    return np.array(p) - generator.random(len(p)) / (resamples + 1)


def segments(generator, n, share):
    """Return BLEU's statistics of n random segments, most words right, [n, 10]."""
    length = generator.integers(4, 25, n)
    reference = np.maximum(1, length + generator.integers(-2, 3, n))
    # items differ in how hard they are, which both systems share
    chance = np.clip(share, 0, 1)
    totals = np.maximum(length[:, None] - np.arange(4), 0)
    right = generator.binomial(totals, chance[:, None] ** np.arange(1, 5))
    return np.column_stack([length, reference, right, totals]).astype(float)


def two_systems(generator, n, gain=0.0):
    hard = generator.beta(8, 3, n)
    return segments(generator, n, hard + gain), segments(generator, n, hard)


def test_randomization_of_bleu_is_uniform_under_the_null():
    generator, trials, resamples = np.random.default_rng(10), 500, 199
    p = []
    for trial in range(trials):
        ours, theirs = two_systems(generator, 60)
        null = randomized_differences(ours, theirs, BLEU, resamples, trial)
        p.append(p_value(null, BLEU(ours.sum(0)) - BLEU(theirs.sum(0))))
    assert is_uniform(spread_out(p, resamples, generator))
    assert np.mean(np.array(p) <= 0.05) == near(0.05, trials)


def test_randomization_and_t_test_of_a_mean_are_uniform_under_the_null():
    generator, trials, resamples = np.random.default_rng(11), 1500, 199
    swapped, student, unpaired = [], [], []
    for trial in range(trials):
        hard = generator.gamma(2, 10, 80)
        ours, theirs = hard + generator.exponential(5, (2, 80))
        null = randomized_differences(columns(ours), columns(theirs), mean, resamples, trial)
        swapped.append(p_value(null, ours.mean() - theirs.mean()))
        student.append(paired_t(ours - theirs))
        unpaired.append(stats.ttest_ind(ours, theirs).pvalue)
    assert is_uniform(spread_out(swapped, resamples, generator))
    assert is_uniform(student)
    assert not is_uniform(unpaired)  # what these checks are able to find


def test_mcnemar_errs_as_often_as_the_binomial_distribution_says():
    generator, trials, share = np.random.default_rng(12), 4000, 0.3
    counts = generator.multinomial(400, [share / 2, share / 2, 1 - share], trials)[:, :2]
    p = np.array([mcnemar(*map(int, row)) for row in counts])
    for level in (0.01, 0.05, 0.2):
        # exact tests of counts err a little less often than their level
        sizes = [2 * stats.binom.cdf(np.arange(d // 2), d, 0.5) for d in range(60, 190)]
        weights = stats.binom.pmf(np.arange(60, 190), 400, share)
        size = sum(
            w * np.max(s[s <= level], initial=0) for w, s in zip(weights, sizes, strict=True)
        )
        assert size <= level
        assert np.mean(p <= level) == near(size, trials)


def test_holm_gives_a_false_alarm_in_five_of_a_hundred_tables():
    generator, trials = np.random.default_rng(13), 4000
    alarms = [min(holm(list(row))) < 0.05 for row in generator.random((trials, 12))]
    assert np.mean(alarms) == near(0.05, trials)
    # the same without a correction: 1 - 0.95^12
    assert np.mean(generator.random((trials, 12)).min(axis=1) < 0.05) == near(0.4596, trials)


def test_paired_bootstrap_of_a_mean_covers_the_truth():
    generator, trials = np.random.default_rng(14), 1500
    held = 0
    for trial in range(trials):
        hard = generator.random(200)
        ours, theirs = generator.random((2, 200)) < np.stack([hard, 0.8 * hard])  # 50% and 40%
        rows = columns(100.0 * ours - 100.0 * theirs)
        low, high = percentile_interval(mean(resampled_sums(rows, 400, trial)))
        held += low <= 10 <= high
    assert 0.93 <= held / trials <= 0.97


def test_paired_bootstrap_of_bleu_covers_the_truth():
    generator, trials = np.random.default_rng(15), 500
    large = two_systems(generator, 400_000, gain=0.03)
    truth = BLEU(large[0].sum(0)) - BLEU(large[1].sum(0))
    held = 0
    for trial in range(trials):
        ours, theirs = two_systems(generator, 150, gain=0.03)
        drawn = BLEU(resampled_sums(ours, 250, trial)) - BLEU(resampled_sums(theirs, 250, trial))
        low, high = percentile_interval(drawn)
        held += low <= truth <= high
    assert truth > 2
    assert 0.93 <= held / trials <= 0.97


def test_bootstrap_of_macro_f1_covers_the_truth():
    """Classes of different size, of which the system likes one too much."""
    generator, trials, n = np.random.default_rng(20), 1500, 200
    # reference in rows, output in columns; the last column is an output without a label
    share = np.array([[0.35, 0.08, 0.04, 0.03], [0.12, 0.15, 0.02, 0.01], [0.06, 0.03, 0.10, 0.01]])
    both, reference, output = np.diag(share), share.sum(axis=1), share.sum(axis=0)[:3]
    truth = 100 * np.mean(2 * both / (reference + output))
    held = 0
    for trial in range(trials):
        right, given = np.divmod(generator.choice(12, n, p=share.ravel()), 4)
        is_right, is_given = (found[:, None] == np.arange(3) for found in (right, given))
        rows = np.stack([is_right & is_given, is_given, is_right], axis=-1).reshape(n, -1)
        low, high = bootstrap_interval(rows.astype(float), MACRO_F1, 400, trial)
        held += low <= truth <= high
    assert 0.93 <= held / trials <= 0.97


def over_seeds(generator, seeds, luck, n=150):
    """Return differences of each seed and item, truth 0: luck of seeds, hard items, the rest."""
    of_seeds = generator.normal(0, luck, (seeds, 1))
    return of_seeds + generator.normal(0, 0.7, n) + generator.normal(0, 0.7, (seeds, n))


def drawn_over_seeds(values, trial, resamples=400):
    sums = resampled_sums(np.column_stack([values.T, np.ones(values.shape[1])]), resamples, trial)
    return (sums[:, :-1] / sums[:, -1:]).T


@pytest.mark.parametrize(
    ("seeds", "luck", "most"),
    [(5, 0.0, 0.97), (5, 0.06, 0.97), (5, 0.4, 0.97), (3, 0.06, 0.985), (3, 0.4, 0.97),
     (2, 0.06, 0.995), (2, 0.4, 0.98)],
)  # fmt: skip
def test_hierarchical_bootstrap_covers_the_truth(seeds, luck, most):
    """Whatever the luck of training: none, as large as the noise of items, or far larger."""
    generator, trials = np.random.default_rng(16), 800
    held, plain, p = 0, 0, []
    for trial in range(trials):
        values = over_seeds(generator, seeds, luck)
        observed, drawn = values.mean(axis=1), drawn_over_seeds(values, trial)
        draws = deviations(observed, drawn, trial)
        low, high = percentile_interval(draws)
        held += low <= -observed.mean() <= high
        p.append(p_value(draws, observed.mean()))
        # the usual way, seeds drawn with replacement
        chosen = generator.integers(seeds, size=(drawn.shape[1], seeds))
        low, high = percentile_interval(np.take_along_axis(drawn.T, chosen, axis=1).mean(axis=1))
        plain += low <= 0 <= high
    assert 0.93 <= held / trials <= most
    assert np.mean(np.array(p) <= 0.05) <= 0.07
    # never too small: one-sided distance from uniform
    assert stats.kstest(p, "uniform", alternative="greater").statistic < 1.95 / math.sqrt(trials)
    if luck > 0.1:
        assert plain / trials < 0.93


def test_a_detectable_difference_is_found_in_eighty_of_a_hundred_cases():
    generator, trials, n = np.random.default_rng(17), 2000, 300
    least = minimum_detectable_effect(1 / math.sqrt(n))
    samples = generator.normal(least, 1, (trials, n))
    assert np.mean([paired_t(row) < 0.05 for row in samples]) == near(0.8, trials)
    # accuracy: 20% of the items are right in one of two systems only
    least = minimum_detectable_effect(math.sqrt(0.2 / 1572))
    shares = [(0.2 + least) / 2, (0.2 - least) / 2, 0.8]
    counts = generator.multinomial(1572, shares, trials)[:, :2]
    found = [mcnemar(*map(int, row)) < 0.05 for row in counts]
    # an exact test of counts has a little less power than the normal formula
    assert 0.76 < np.mean(found) < 0.82


def test_the_detectable_difference_of_a_comparison_is_that_of_its_noise():
    generator, n = np.random.default_rng(18), 400
    for shift in (0.0, 1.0):
        values = generator.normal(shift, 2, n)
        drawn = mean(resampled_sums(columns(values), 2000, 0))[None]
        observed = values[None].mean(axis=1)
        found = assess_difference(Difference(n, (1,), observed, drawn, None, PAIRED_T, 0.5), 0)
        assert found.detectable == pytest.approx(2.8016 * 2 / math.sqrt(n), rel=0.12)


def test_five_seeds_find_the_detectable_difference_of_their_noise():
    """Luck of training and noise of items alike; the noise is estimated, so a wide margin."""
    generator, trials = np.random.default_rng(19), 300
    results = []
    for trial in range(trials):
        values = over_seeds(generator, 5, 0.06)
        drawn = drawn_over_seeds(values, trial, 300)
        results.append(
            assess_difference(Difference(150, tuple(range(5)), values.mean(1), drawn), trial)
        )
    least = np.median([result.detectable for result in results])
    found = 0
    for trial in range(trials):
        values = over_seeds(generator, 5, 0.06) + least
        drawn = drawn_over_seeds(values, trial, 300)
        made = assess_difference(Difference(150, tuple(range(5)), values.mean(1), drawn), trial)
        found += made.p <= 0.05
    assert 0.72 < found / trials < 0.92
