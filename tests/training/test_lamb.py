# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.lamb."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.training import lamb, optimizers

STEPS = 5
ROWS, D = 7, 3

# Checkpoint name: whether it is decayed, and its update as long as itself.
NAMES = {
    "bert/embeddings/word_embeddings": True,
    "bert/embeddings/LayerNorm/gamma": False,
    "bert/encoder/layer_0/output/dense/kernel": True,
    "bert/encoder/layer_0/output/dense/bias": False,
    "other/layer_norm/scale": False,
    "output_weights": True,
}
RATES = [0.0, 0.1, 0.2, 0.15, 0.1]
SCALES = [1.0, 0.5, 1.0, 0.25, 1.0]


def reference(weights, gradients, *, is_adapted):
    """The paper's algorithm 2 in NumPy, for one variable."""
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for t, gradient in enumerate(gradients, start=1):
        scaled = gradient * SCALES[t - 1]
        mean = 0.9 * mean + 0.1 * scaled
        square = 0.999 * square + 0.001 * scaled**2
        update = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-6)
        if is_adapted:
            update = update + 0.01 * weights
            update *= np.sqrt((weights**2).sum()) / np.sqrt((update**2).sum())
        weights = weights - RATES[t - 1] * update
    return weights, mean, square


def test_equals_numpy_over_several_steps(rng):
    sizes = 10.0 ** rng.integers(-3, 3, size=[1, len(NAMES), 1, 1])
    gradients = rng.standard_normal([STEPS, len(NAMES), ROWS, D]) * sizes
    variables = [
        tf.Variable(rng.standard_normal([ROWS, D]), dtype=tf.float32, name=name)
        for name in NAMES
    ]
    optimizer = lamb.Lamb(variables)
    before = [variable.numpy().astype(np.float64) for variable in variables]
    step = tf.function(optimizer.apply)
    for i in range(STEPS):
        step(
            [tf.constant(gradient, tf.float32) for gradient in gradients[i]],
            scale=tf.constant(SCALES[i]),
            rate=tf.constant(RATES[i]),
            step=tf.constant(i, tf.int64),
        )
    assert step.experimental_get_tracing_count() == 1
    for i, (name, is_adapted) in enumerate(NAMES.items()):
        expected = reference(before[i], gradients[:, i], is_adapted=is_adapted)
        received = (variables[i], *optimizer.slots_of(variables[i]))
        for one, two in zip(received, expected, strict=True):
            size = np.abs(two).max()
            np.testing.assert_allclose(one / size, two / size, atol=1e-6, err_msg=name)


def apply(weights, gradient, *, name="kernel", rate=0.5, steps=1):
    """Returns what weights become by equal gradients."""
    variable = tf.Variable(weights, name=name)
    optimizer = lamb.Lamb([variable])
    for i in range(steps):
        optimizer.apply(
            [gradient],
            scale=tf.constant(1.0),
            rate=tf.constant(rate),
            step=tf.constant(i, tf.int64),
        )
    return variable.numpy()


def test_a_step_is_as_long_as_the_weights_times_the_rate():
    # The length of the weights is 5, whatever that of the gradient.
    for size in (1e-3, 1.0, 1e4):
        new = apply([3.0, 0.0, 4.0], size * tf.constant([1.0, -2.0, 0.5]))
        assert np.linalg.norm(new - [3, 0, 4]) == pytest.approx(2.5, rel=1e-5)


def test_weights_of_zero_move_as_by_adam():
    new = apply([0.0, 0.0], tf.constant([3.0, -200.0]))
    np.testing.assert_allclose(new, [-0.5, 0.5], rtol=1e-5)


def test_an_update_of_zero_changes_nothing():
    np.testing.assert_array_equal(apply([0.0, 0.0], tf.zeros([2])), [0, 0])
    bias = apply([3.0, 4.0], tf.zeros([2]), name="bias")
    np.testing.assert_array_equal(bias, [3, 4])


def test_biases_move_as_by_adam_with_bias_correction(rng):
    weights = rng.standard_normal(3).astype(np.float32)
    gradient = tf.constant([3.0, -200.0, 0.5])
    bias = tf.Variable(weights, name="bias")
    adam = optimizers.AdamWeightDecay([bias], bias_correction=True)
    for i in range(3):
        adam.apply(
            [gradient],
            scale=tf.constant(1.0),
            rate=tf.constant(0.5),
            step=tf.constant(i, tf.int64),
        )
    np.testing.assert_allclose(
        apply(weights, gradient, name="bias", steps=3), bias, rtol=1e-4
    )


def test_a_look_up_updates_as_its_dense_sum(rng):
    table = rng.standard_normal([ROWS, D]).astype(np.float32)
    sparse = tf.IndexedSlices(
        values=tf.constant([[1.0, 2.0, 0.0], [0.0, 3.0, 5.0], [-1.0, 2.0, 0.0]]),
        indices=tf.constant([2, 4, 2]),
        dense_shape=tf.constant([ROWS, D]),
    )
    dense = optimizers.to_dense(sparse)
    np.testing.assert_array_equal(
        apply(table, sparse, steps=3), apply(table, dense, steps=3)
    )


@pytest.mark.parametrize("name", ["kernel", "bias"])
def test_a_gradient_that_is_not_finite_reaches_the_weights(name):
    assert np.isnan(apply([1.0, 2.0], tf.constant([float("nan"), 1.0]), name=name)[0])


def test_slots_are_those_of_adam(rng):
    variables = [tf.Variable(rng.standard_normal(2), name=name) for name in NAMES]
    adam = optimizers.AdamWeightDecay(variables)
    assert list(lamb.Lamb(variables).slots) == list(adam.slots)


def test_replicas_update_as_one_process_does(rng):
    weights = rng.standard_normal([ROWS, D]).astype(np.float32)
    gradient = tf.constant(rng.standard_normal([ROWS, D]), tf.float32)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        variable = tf.Variable(weights, name="kernel")
        optimizer = lamb.Lamb([variable])

    def step(number):
        optimizer.apply(
            [gradient], scale=tf.constant(1.0), rate=tf.constant(0.5), step=number
        )

    run = tf.function(lambda number: strategy.run(step, args=(number,)))
    for i in range(2):
        run(tf.constant(i, tf.int64))
    for copy in variable.values:
        np.testing.assert_array_equal(copy, apply(weights, gradient, steps=2))
