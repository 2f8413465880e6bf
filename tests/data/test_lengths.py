# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.lengths."""

import hypothesis
import numpy as np
from hypothesis import strategies as st

from modeling.data import lengths

LENGTHS = st.lists(st.integers(2, 128), min_size=1, max_size=200).map(np.array)


@hypothesis.given(LENGTHS, st.integers(8, 2048))
def test_groups_hold_each_row_once_within_the_budget(row_lengths, max_pieces):
    groups = lengths.group(row_lengths, max_pieces)
    np.testing.assert_array_equal(
        np.sort(np.concatenate(groups)), np.arange(len(row_lengths))
    )
    for rows in groups:
        padded = lengths.round_up(row_lengths[rows].max(), 128)
        assert len(rows) == 1 or len(rows) * padded <= max_pieces


def test_groups_are_fuller_where_lengths_need_not_be_rounded():
    row_lengths = np.full(64, 17)
    sizes = [len(rows) for rows in lengths.group(row_lengths, 240)]
    assert sizes == [10] * 6 + [4]  # As if they were 24 long.
    sizes = [len(rows) for rows in lengths.group(row_lengths, 240, multiple=1)]
    assert sizes == [14] * 4 + [8]


def test_trims_only_padding_and_only_along_positions(rng):
    mask = np.arange(32) < np.array([[3], [9], [20], [32]])
    arrays = {
        "input_ids": np.where(mask, rng.integers(1, 9, [4, 32]), 0),
        "input_mask": mask.astype(np.int32),
        "label": np.array([4, 5, 6, 7]),
    }
    row_lengths = lengths.row_lengths_of(arrays["input_mask"])
    np.testing.assert_array_equal(row_lengths, [3, 9, 20, 32])
    batch = lengths.trim(arrays, np.array([1, 0]), row_lengths)
    assert batch["input_ids"].shape == (2, 16)
    np.testing.assert_array_equal(batch["input_ids"], arrays["input_ids"][[1, 0], :16])
    np.testing.assert_array_equal(batch["label"], [5, 4])
    assert lengths.trim(arrays, np.array([3]), row_lengths)["input_ids"].shape == (
        1,
        32,
    )


def make_order(num_examples=1000, batch_size=7, seed=3):
    row_lengths = np.random.default_rng(0).integers(3, 129, num_examples)
    order = lengths.BucketedOrder(num_examples, batch_size, seed, row_lengths)
    return order, row_lengths


def test_every_example_is_seen_as_often_as_any_other():
    # 64 batches of 5 are a pool; 320 examples are a pass: pools are passes.
    order, _ = make_order(num_examples=320, batch_size=5)
    for epoch in range(3):
        seen = np.concatenate([order.indices(epoch * 64 + i) for i in range(64)])
        np.testing.assert_array_equal(np.sort(seen), np.arange(320))


def test_batches_are_of_similar_length_and_in_random_order():
    order, row_lengths = make_order()
    batches = [row_lengths[order.indices(step)] for step in range(128)]
    spread = np.mean([batch.max() - batch.min() for batch in batches])
    assert spread < 4  # Of 126; 7 random lengths are 95 apart.
    means = np.array([batch.mean() for batch in batches])
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


def test_order_depends_on_seed_and_step_only():
    one, _ = make_order()
    other, _ = make_order()
    steps = [200, 3, 64, 63, 3]
    forward = {step: one.indices(step) for step in sorted(set(steps))}
    for step in steps:
        np.testing.assert_array_equal(other.indices(step), forward[step])
    different, _ = make_order(seed=4)
    assert not np.array_equal(different.indices(3), forward[3])
