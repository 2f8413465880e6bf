# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.record_order."""

import collections

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.data import record_order


def chain(order, num_steps):
    """Returns records and passes of the first steps, one after the other."""
    steps = [order.indices(step) for step in range(num_steps)]
    return tuple(np.concatenate(parts) for parts in zip(*steps, strict=True))


@hypothesis.given(st.integers(1, 3000), st.lists(st.integers(0, 2**63), max_size=4))
def test_permutes(size, key):
    permuted = record_order.permute(np.arange(size), size, key)
    assert sorted(permuted) == list(range(size))


def test_permutes_well():
    size, count = 2000, 400
    places = np.stack(
        [record_order.permute(np.arange(size), size, [k]) for k in range(count)]
    )
    # Uniform: the mean place of each number, in standard errors of it.
    deviation = (places.mean(axis=0) - (size - 1) / 2) / (size / np.sqrt(12 * count))
    assert np.abs(deviation).max() < 5
    assert 0.9 < deviation.std() < 1.1
    # Neighbours in the files are none in the order.
    steps = np.abs(np.diff(places, axis=1)) / size
    assert abs(steps.mean() - 1 / 3) < 0.01  # That of two uniform numbers.
    pairs = places.reshape(-1, 2, size)
    correlations = [np.corrcoef(one, two)[0, 1] for one, two in pairs]
    assert abs(np.mean(correlations)) < 0.01


def test_permutes_numbers_of_any_size():
    size = 10**15
    numbers = np.arange(size - 1000, size)
    permuted = record_order.permute(numbers, size, [1])
    assert len(set(permuted)) == 1000
    assert 0 <= permuted.min() < permuted.max() < size
    assert 0.45 < permuted.mean() / size < 0.55


@hypothesis.given(st.integers(1, 20), st.integers(1, 40), st.integers(0, 2**63 - 1))
def test_each_pass_has_every_record_once(count, batch_size, seed):
    order = record_order.RecordOrder([count], batch_size, seed)
    records, passes = chain(order, count)
    assert (passes == np.repeat(np.arange(batch_size), count)).all()
    assert (np.sort(records.reshape(batch_size, count)) == np.arange(count)).all()


def test_without_weights_all_are_one_source():
    one = record_order.RecordOrder([60], 7, 3)
    many = record_order.RecordOrder([10, 30, 20], 7, 3)
    assert np.equal(chain(one, 20), chain(many, 20)).all()


def test_passes_and_seeds_differ():
    found = set()
    for seed in range(3):
        records, _ = chain(record_order.RecordOrder([50], 50, seed), 3)
        found |= {tuple(records) for records in records.reshape(3, 50)}
    assert len(found) == 9


@pytest.mark.slow
@hypothesis.given(
    st.lists(st.integers(1, 30), min_size=2, max_size=4),
    st.integers(1, 50),
    st.lists(st.integers(0, 100), max_size=5),
)
@hypothesis.settings(deadline=None)
def test_a_step_depends_on_nothing_before_it(counts, batch_size, steps):
    weights = range(1, len(counts) + 1)
    order = record_order.RecordOrder(counts, batch_size, 1, weights=weights)
    records, passes = chain(order, 101)
    jumping = record_order.RecordOrder(counts, batch_size, 1, weights=weights)
    for step in steps:
        rows = slice(step * batch_size, (step + 1) * batch_size)
        assert np.equal(jumping.indices(step), (records[rows], passes[rows])).all()


def test_draws_by_weight_and_each_source_evenly():
    counts = [10, 1000, 7]
    order = record_order.RecordOrder(counts, 50, 0, weights=[3, 1, 0.5])
    records, _ = chain(order, 90)  # 4,500 draws.
    source = np.searchsorted([10, 1010], records, side="right")
    # Exact but for the last block, half of which is drawn.
    assert np.abs(np.bincount(source) - [3000, 1000, 500]).max() < 50
    for first, size in ((0, 10), (1010, 7)):
        seen = collections.Counter(
            records[(records >= first) & (records < first + size)]
        )
        assert len(seen) == size
        assert max(seen.values()) - min(seen.values()) <= 1
    assert len(set(records[source == 1])) == min(1000, (source == 1).sum())
    # The sources are mixed, not one after the other.
    runs = np.count_nonzero(np.diff(source))
    assert runs > 1500


def test_a_tiny_weight_is_drawn():
    order = record_order.RecordOrder([5, 5], 1000, 0, weights=[1, 1e-9])
    records, _ = order.indices(0)
    assert np.count_nonzero(records >= 5) == 1


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ([3, 4], [1], "2 groups, weights \\[1\\]"),
        ([3, 4], [1, 0], "one weight above 0"),
        ([3, 4], [1, float("nan")], "one weight above 0"),
        ([3, 4], [1, float("inf")], "one weight above 0"),
        ([3, 0], [1, 1], "groups of \\[3, 0\\] records"),
    ],
)
def test_refuses(counts, weights, message):
    with pytest.raises(errors.InputError, match=message):
        record_order.RecordOrder(counts, 2, 0, weights=weights)
