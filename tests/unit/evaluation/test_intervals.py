"""Intervals equal scipy's, and hold the true value as often as they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from warmup.evaluation import intervals
from warmup.evaluation.intervals import bootstrap_interval, resampled_sums, seed_interval

FLOATS = st.floats(-1e3, 1e3)


@given(values=st.lists(FLOATS, min_size=2, max_size=9), level=st.floats(0.5, 0.99))
def test_seed_interval_equals_scipy(values, level):
    found = seed_interval(values, level)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    scale = stats.sem(values)
    if scale > 1e-9:
        expected = stats.t.interval(level, len(values) - 1, np.mean(values), scale)
        assert found[1:] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    else:
        assert found.low == pytest.approx(found.high, abs=1e-6)


def test_seed_interval_covers_the_mean_as_often_as_its_level_says():
    generator = np.random.default_rng(0)
    intervals = [seed_interval(list(row)) for row in generator.normal(5, 2, (2000, 3))]
    held = np.mean([low <= 5 <= high for _, low, high in intervals])
    assert held == pytest.approx(0.95, abs=0.015)  # three standard errors of 2,000 draws


def test_one_seed_has_a_mean_and_no_interval():
    mean, low, high = seed_interval([3.5])
    assert mean == 3.5 and math.isnan(low) and math.isnan(high)


def test_no_seed_is_an_error():
    with pytest.raises(ValueError, match="no values"):
        seed_interval([])


def mean(sums):
    return sums[..., 0] / sums[..., 1]


def columns(values):
    return np.stack([values, np.ones(len(values))], axis=-1)


def test_bootstrap_interval_is_near_the_normal_one_for_a_mean():
    values = np.random.default_rng(1).normal(10, 3, 400)
    low, high = bootstrap_interval(columns(values), mean)
    half = 1.96 * values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.05)
    assert high == pytest.approx(values.mean() + half, abs=0.05)


def test_bootstrap_interval_covers_the_mean_as_often_as_its_level_says():
    generator = np.random.default_rng(2)
    held = [
        low <= 0.3 <= high
        for seed in range(300)
        for low, high in [
            bootstrap_interval(columns(generator.random(80) < 0.3), mean, resamples=200, seed=seed)
        ]
    ]
    assert np.mean(held) == pytest.approx(0.94, abs=0.04)


def test_bootstrap_interval_depends_on_the_seed_alone():
    statistics = columns(np.arange(50.0))
    assert bootstrap_interval(statistics, mean) == bootstrap_interval(statistics, mean)
    assert bootstrap_interval(statistics, mean) != bootstrap_interval(statistics, mean, seed=1)


def test_bootstrap_of_equal_items_has_no_width():
    assert bootstrap_interval(columns(np.full(20, 7.0)), mean) == (7, 7)


def test_bootstrap_of_one_item_is_an_error():
    with pytest.raises(ValueError, match="two items"):
        bootstrap_interval(columns(np.ones(1)), mean)


def test_resamples_of_two_systems_are_paired():
    ours, theirs = np.arange(30.0), np.arange(30.0) + 2
    differences = mean(resampled_sums(columns(theirs), 50, 0)) - mean(
        resampled_sums(columns(ours), 50, 0)
    )
    assert differences == pytest.approx(np.full(50, 2.0))


def test_resampled_sums_are_the_same_in_any_order_and_block(monkeypatch):
    statistics = columns(np.random.default_rng(0).random(70) * 100)
    whole = resampled_sums(statistics, 40, 0)
    both = resampled_sums(np.hstack([statistics[:, ::-1], statistics]), 40, 0)
    assert (both[:, 2:] == whole).all() and (both[:, :2] == whole[:, ::-1]).all()
    monkeypatch.setattr(intervals, "_BLOCK", 70 * 7)
    assert (resampled_sums(statistics, 40, 0) == whole).all()
    draws = np.random.default_rng(0)
    by_hand = [statistics[draws.integers(70, size=70)].sum(axis=0) for _ in range(40)]
    assert whole == pytest.approx(np.array(by_hand), abs=1e-6)


def test_resampled_sums_draw_n_items():
    sums = resampled_sums(columns(np.arange(30.0)), 50, 0)
    assert sums.shape == (50, 2)
    assert (sums[:, 1] == 30).all()
    assert sums[:, 0].std() > 0
