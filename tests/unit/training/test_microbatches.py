"""Micro-batches: none has more tokens than allowed, and no example is lost."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from warmup.config.settings import SamplingConfig
from warmup.data.batches import IGNORED, pad
from warmup.training.microbatches import count_tokens, split

SAMPLING = SamplingConfig(
    samples=3, max_tokens=4, temperature=1.0, predefined=None, backprop_samples=None,
    adaptive_samples=None, settle=0,
)  # fmt: skip
LENGTHS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


def batch_of(lengths, pads_left=False):
    """Return examples with inputs and targets of the given lengths."""
    inputs = [list(range(10, 10 + source)) for source, _ in lengths]
    return {
        "input_ids": pad(inputs, 0, pads_left),
        "mask": pad([[1] * len(row) for row in inputs], 0, pads_left),
        "labels": pad([list(range(30, 30 + target)) for _, target in lengths], IGNORED),
        "index": torch.arange(len(lengths)),
    }


@pytest.mark.parametrize(
    ("sampling", "expected"), [(None, 2 * (5 + 4)), (SAMPLING, 2 * (5 + 3 * 9))]
)
def test_an_input_counts_once_and_a_target_for_each_warmup(sampling, expected):
    assert count_tokens(batch_of([(5, 2), (3, 4)]), sampling) == expected


@given(LENGTHS, st.integers(1, 200), st.sampled_from([None, SAMPLING]), st.booleans())
def test_micro_batches_have_all_examples_and_no_more_tokens_than_allowed(
    lengths, limit, sampling, left
):
    batch = batch_of(lengths, left)
    parts = split(batch, sampling, limit)
    assert sorted(torch.cat([part["index"] for part in parts]).tolist()) == [*range(len(lengths))]
    for part in parts:
        assert len(part["index"]) == 1 or count_tokens(part, sampling) <= limit
        for i, ids, mask, labels in zip(
            part["index"].tolist(), *(part[name] for name in ("input_ids", "mask", "labels")),
            strict=True,
        ):  # fmt: skip
            source, target = lengths[i]
            assert ids[mask.bool()].tolist() == [*range(10, 10 + source)]
            assert labels[labels != IGNORED].tolist() == [*range(30, 30 + target)]
            assert ids[-1] != 0 or not left


def test_long_inputs_are_split_too():
    parts = split(batch_of([(90, 2), (5, 2), (6, 2)]), None, 30)
    assert [part["index"].tolist() for part in parts] == [[1, 2], [0]]


@pytest.mark.parametrize("left", [False, True])
def test_columns_that_are_only_padding_are_cut_off(left):
    short, long = split(batch_of([(9, 8), (3, 2), (2, 3)], left), None, 12)
    assert [short[name].shape for name in ("input_ids", "mask", "labels")] == [(2, 3)] * 3
    assert long["input_ids"].shape == (1, 9)


def test_without_a_limit_a_batch_is_passed_on_as_it_is():
    batch = batch_of([(9, 8), (3, 2)])
    assert split(batch, SAMPLING, None)[0] is batch
