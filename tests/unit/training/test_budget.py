"""How many updates a run may make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmup.common.errors import InputError
from warmup.config.settings import Budget
from warmup.training import budget


def training(updates, flops, batch_size=8):
    cost = {"flops": flops, "seconds": 1.0, "examples": updates * batch_size}
    return {"updates": updates, "cost": cost}


def test_a_number_is_that_number_whatever_else_is_given():
    assert budget.updates(Budget(updates=7), 8, None, None) == 7
    assert budget.updates(Budget(updates=7), 8, training(1, 1.0), training(2, 1.0)) == 7


def test_the_same_updates_are_those_that_were_made():
    assert budget.updates(Budget(same_updates_as="warmup"), 8, training(123, 9.0), None) == 123


@pytest.mark.parametrize(
    ("flops", "expected"),
    [(1000.0, 10), (1001.0, 11), (999.0, 10), (1.0, 1), (100.0, 1), (100.5, 2)],
)
def test_the_same_compute_is_rounded_up(flops, expected):
    # the baseline takes 100 operations an update
    made = budget.updates(
        Budget(same_compute_as="warmup"), 8, training(5, flops), training(20, 2000.0)
    )
    assert made == expected
    assert isinstance(made, int)


def test_batches_of_another_size_cost_in_proportion():
    reference, baseline = training(5, 1000.0), training(20, 2000.0)
    assert budget.updates(Budget(same_compute_as="warmup"), 16, reference, baseline) == 5


@given(st.floats(1, 1e18), st.floats(1, 1e18), st.integers(1, 10**6))
def test_the_same_compute_is_never_less_and_at_most_an_update_more(flops, other, updates):
    reference, baseline = training(1, flops), training(updates, other)
    made = budget.updates(Budget(same_compute_as="x"), 8, reference, baseline)
    each = other / updates
    assert made * each >= flops * (1 - 1e-9)
    assert (made - 1) * each <= flops * (1 + 1e-9)


@pytest.mark.parametrize(
    ("key", "reference", "message"),
    [
        ("same_updates_as", None, "--reference training.json is needed"),
        ("same_compute_as", None, "--reference training.json is needed"),
        ("same_compute_as", training(1, 1.0), "--baseline training.json is needed"),
    ],
)
def test_what_a_budget_needs_is_asked_for(key, reference, message):
    with pytest.raises(InputError, match=message):
        budget.updates(Budget(**{key: "warmup"}), 8, reference, None)


@pytest.mark.parametrize("other", [{}, [], {"updates": 3}, {"updates": 3, "cost": {}}])
def test_another_file_than_training_json_is_refused(other):
    with pytest.raises(InputError, match=r"is not a training\.json"):
        budget.updates(Budget(same_compute_as="x"), 8, other, training(1, 1.0))
    with pytest.raises(InputError, match=r"is not a training\.json"):
        budget.updates(Budget(same_compute_as="x"), 8, training(1, 1.0), other)
