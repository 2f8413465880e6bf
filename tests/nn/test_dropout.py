# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.dropout."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from modeling.nn import dropout

SHAPE = (37, 41, 67)  # An odd number of values: the last draw serves one.
SIZE = 37 * 41 * 67


def kept(seed, rate=0.5, shape=SHAPE):
    """Returns which values of ones of this shape are kept."""
    return dropout.apply(tf.ones(shape), rate, seed).numpy() != 0


def agreement(one, other):
    """Returns the share of values on which two masks agree."""
    return (one == other).mean()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_drops_the_asked_share(rate):
    share = 1 - kept(dropout.step_seed(1, 2), rate).mean()
    assert share == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / SIZE))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_keeps_the_mean_in_expectation(rng, rate):
    inputs = rng.standard_normal(SHAPE).astype(np.float32)
    outputs = dropout.apply(inputs, rate, dropout.step_seed(1, 2)).numpy()
    rounded = round(rate * 2**16) / 2**16
    expected = np.where(outputs != 0, inputs / (1 - rounded), 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-6)


def test_is_the_identity_without_a_seed_or_a_rate(rng):
    inputs = tf.constant(rng.standard_normal([2, 3]), tf.float32)
    assert dropout.apply(inputs, 0.5, None) is inputs
    assert dropout.apply(inputs, 0.0, dropout.step_seed(1, 2)) is inputs
    assert dropout.place(None, 3) is None


def test_any_rate_below_one_leaves_finite_values():
    outputs = dropout.apply(tf.ones(SHAPE), 1 - 1e-9, dropout.step_seed(1, 2))
    assert set(np.unique(outputs)) <= {0, 2**16}


def test_same_seed_gives_the_same_mask():
    seed = dropout.place(dropout.step_seed(1, 2), 3)
    again = dropout.place(dropout.step_seed(tf.constant(1), tf.constant(2)), 3)
    np.testing.assert_array_equal(kept(seed), kept(again))


@pytest.mark.parametrize("other", [(0, 2, 3), (1, 3, 3), (1, 2, 4)])
def test_another_seed_step_or_place_gives_an_independent_mask(other):
    def mask(seed, step, place):
        return kept(dropout.place(dropout.step_seed(seed, step), place))

    # At a rate of one half, independent masks agree on half of the values.
    share = agreement(mask(1, 2, 3), mask(*other))
    assert share == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(SIZE))


def test_the_two_values_of_one_draw_are_independent():
    mask = kept(dropout.step_seed(1, 2)).ravel()
    share = agreement(mask[0:-1:2], mask[1::2])
    assert share == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(SIZE / 2))


steps = st.integers(0, 2**47 - 1)
places = st.integers(0, dropout.PLACES - 1)


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(steps, places, steps, places)
def test_places_of_different_steps_never_share_a_seed(step, index, step_2, index_2):
    one = dropout.place(dropout.step_seed(7, step), index).numpy()
    two = dropout.place(dropout.step_seed(7, step_2), index_2).numpy()
    assert (one[0], two[0]) == (7, 7)
    assert (one[1] == two[1]) == ((step, index) == (step_2, index_2))


def test_the_last_place_of_a_step_comes_before_the_next_step():
    last = dropout.place(dropout.step_seed(7, 4), dropout.PLACES - 1)
    np.testing.assert_array_equal(
        last + tf.constant([0, 1], tf.int64), dropout.step_seed(7, 5)
    )


def test_gradient_is_masked_as_the_output(rng):
    seed = dropout.step_seed(1, 2)
    inputs = tf.constant(rng.standard_normal([5, 7]), tf.float32)
    upstream = tf.constant(rng.standard_normal([5, 7]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = dropout.apply(inputs, 0.3, seed)
    np.testing.assert_allclose(
        tape.gradient(outputs, inputs, upstream),
        dropout.apply(upstream, 0.3, seed),
        rtol=1e-6,
    )


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_other_types_get_the_same_mask(dtype):
    seed = dropout.step_seed(1, 2)
    outputs = dropout.apply(tf.ones([5, 7], dtype), 0.5, seed)
    assert outputs.dtype == dtype
    np.testing.assert_array_equal(
        tf.cast(outputs, tf.float32), dropout.apply(tf.ones([5, 7]), 0.5, seed)
    )


def test_a_graph_with_unknown_sizes_gives_the_same_mask():
    step = tf.function(
        lambda inputs, number: dropout.apply(inputs, 0.5, dropout.step_seed(1, number)),
        input_signature=[
            tf.TensorSpec([None, None], tf.float32),
            tf.TensorSpec([], tf.int64),
        ],
    )
    for shape, number in (([5, 7], 2), ([3, 4], 6), ([0, 4], 6)):
        np.testing.assert_array_equal(
            step(tf.ones(shape), number) != 0,
            kept(dropout.step_seed(1, number), shape=shape),
        )
