# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.optimizers."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.training import optimizers

STEPS = 5
ROWS, D = 7, 3

# Checkpoint name: whether its values are decayed.
NAMES = {
    "bert/embeddings/word_embeddings": True,
    "bert/embeddings/LayerNorm/gamma": False,
    "bert/embeddings/LayerNorm/beta": False,
    "bert/encoder/layer_0/output/dense/kernel": True,
    "bert/encoder/layer_0/output/dense/bias": False,
    "other/layer_norm/scale": False,
    "output_weights": True,
    "output_bias": False,
}


@pytest.fixture
def variables(rng):
    return [
        tf.Variable(rng.standard_normal([ROWS, D]), dtype=tf.float32, name=name)
        for name in NAMES
    ]


@pytest.fixture
def gradients(rng):
    """Returns [steps, variables, rows, columns], of very different sizes."""
    sizes = 10.0 ** rng.integers(-6, 2, size=[1, len(NAMES), ROWS, 1])
    return rng.standard_normal([STEPS, len(NAMES), ROWS, D]) * sizes


RATES = [0.0, 0.1, 0.2, 0.15, 0.1]
SCALES = [1.0, 0.5, 1.0, 0.25, 1.0]


def reference(weights, gradients, *, decay, bias_correction):
    """The same updates in NumPy, one variable at a time."""
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step, gradient in enumerate(gradients):
        rate = RATES[step]
        scaled = gradient * SCALES[step]
        mean = 0.9 * mean + 0.1 * scaled
        square = 0.999 * square + 0.001 * scaled**2
        correction = 1.0
        if bias_correction:
            t = step + 1
            correction = np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        update = correction * mean / (np.sqrt(square) + 1e-6)
        if decay:
            update = update + 0.01 * weights
        weights = weights - rate * update
    return weights, mean, square


@pytest.mark.parametrize("bias_correction", [False, True])
def test_equals_numpy_over_several_steps(variables, gradients, bias_correction):
    optimizer = optimizers.AdamWeightDecay(variables, bias_correction=bias_correction)
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
    for i, (name, decay) in enumerate(NAMES.items()):
        expected = reference(
            before[i], gradients[:, i], decay=decay, bias_correction=bias_correction
        )
        slots = optimizer.slots
        received = (variables[i], slots[f"{name}/adam_m"], slots[f"{name}/adam_v"])
        for one, two in zip(received, expected, strict=True):
            # Rows differ in size by up to 10^14. The kernel's 1 - 0.999 is
            # 1.3e-5 off, as it is computed in float32.
            size = np.abs(two).max(-1, keepdims=True)
            np.testing.assert_allclose(one / size, two / size, atol=3e-5, err_msg=name)


def test_decay_depends_on_the_name_and_not_on_the_gradient(variables):
    optimizer = optimizers.AdamWeightDecay(variables)
    before = [variable.numpy() for variable in variables]
    optimizer.apply(
        [tf.zeros([ROWS, D])] * len(variables),
        scale=tf.constant(1.0),
        rate=tf.constant(0.5),
        step=tf.constant(0, tf.int64),
    )
    for old, new, (name, decay) in zip(before, variables, NAMES.items(), strict=True):
        kept = 1 - 0.5 * 0.01 if decay else 1
        np.testing.assert_allclose(new, old * kept, rtol=1e-6, err_msg=name)


def test_first_update_with_bias_correction_is_as_large_as_the_rate():
    def update(*, bias_correction):
        weights = tf.Variable([0.0, 0.0, 0.0])
        optimizer = optimizers.AdamWeightDecay(
            [weights], bias_correction=bias_correction
        )
        optimizer.apply(
            [tf.constant([3.0, -200.0, 0.5])],
            scale=tf.constant(1.0),
            rate=tf.constant(0.1),
            step=tf.constant(0, tf.int64),
        )
        return weights.numpy()

    signs = np.array([-1, 1, -1])
    np.testing.assert_allclose(update(bias_correction=True), 0.1 * signs, rtol=1e-3)
    # Without, the means of one gradient are 0.1 g and sqrt(0.001) |g|.
    first = 0.1 * 0.1 / np.sqrt(0.001)
    np.testing.assert_allclose(update(bias_correction=False), first * signs, rtol=1e-3)


@pytest.fixture
def sparse():
    """Rows 2 and 4 of seven, row 2 looked up twice, one look-up undoing another."""
    return tf.IndexedSlices(
        values=tf.constant([[1.0, 2.0, 0.0], [0.0, 3.0, 5.0], [-1.0, 2.0, 0.0]]),
        indices=tf.constant([2, 4, 2]),
        dense_shape=tf.constant([ROWS, D]),
    )


def test_sparse_norm_counts_rows_before_they_are_added_up(sparse):
    assert float(optimizers.squared_norm(sparse)) == 5 + 34 + 5
    assert float(optimizers.squared_norm(optimizers.to_dense(sparse))) == 16 + 34


def test_to_dense_adds_up_rows_of_one_id(sparse):
    expected = np.zeros([ROWS, D])
    expected[2], expected[4] = [0, 4, 0], [0, 3, 5]
    np.testing.assert_array_equal(optimizers.to_dense(sparse), expected)
    dense = tf.ones([ROWS, D])
    assert optimizers.to_dense(dense) is dense


def test_to_dense_takes_the_gradient_of_a_look_up():
    table = tf.Variable(tf.ones([ROWS, D]))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.gather(table, [[2, 4], [2, 0]]))
    gradient = tape.gradient(total, table)
    assert isinstance(gradient, tf.IndexedSlices)
    counts = [1, 0, 2, 0, 1, 0, 0]
    np.testing.assert_array_equal(
        optimizers.to_dense(gradient), np.outer(counts, np.ones(D))
    )


@pytest.mark.parametrize("bias_correction", [False, True])
def test_sparse_gradients_update_as_their_dense_sum(sparse, bias_correction):
    def trained(gradient):
        table = tf.Variable(tf.ones([ROWS, D]), name="word_embeddings")
        optimizer = optimizers.AdamWeightDecay([table], bias_correction=bias_correction)
        for i in range(3):
            optimizer.apply(
                [gradient],
                scale=tf.constant(0.5),
                rate=tf.constant(0.1),
                step=tf.constant(i, tf.int64),
            )
        return table.numpy()

    np.testing.assert_array_equal(trained(sparse), trained(optimizers.to_dense(sparse)))
    # Rows that were not looked up are decayed like all others.
    np.testing.assert_allclose(trained(sparse)[0], 0.999**3, rtol=1e-6)


@pytest.mark.parametrize("bias_correction", [False, True])
def test_replicas_update_as_one_process_does(variables, gradients, bias_correction):
    def make(names):
        copies = [
            tf.Variable(variable.numpy(), name=name)
            for variable, name in zip(variables, names, strict=True)
        ]
        return optimizers.AdamWeightDecay(copies, bias_correction=bias_correction)

    def step(optimizer, values, number):
        optimizer.apply(
            values, scale=tf.constant(0.5), rate=tf.constant(0.1), step=number
        )

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    single = make(NAMES)
    with strategy.scope():
        mirrored = make(NAMES)
    run = tf.function(lambda *args: strategy.run(step, args=(mirrored, *args)))
    for i in range(2):
        values = [tf.constant(gradient, tf.float32) for gradient in gradients[i]]
        step(single, values, tf.constant(i, tf.int64))
        run(values, tf.constant(i, tf.int64))
    expected = [*single.variables, *single.slots.values()]
    received = [*mirrored.variables, *mirrored.slots.values()]
    for one, copies in zip(expected, received, strict=True):
        assert len(copies.values) == 2
        for copy in copies.values:
            np.testing.assert_allclose(copy, one, rtol=1e-6)


@pytest.mark.parametrize(
    ("norm", "expected"),
    [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (4.0, 0.25), (1e30, 1e-30)],
)
def test_clip_scale_brings_the_norm_to_at_most_one(norm, expected):
    assert float(optimizers.clip_scale(tf.constant(norm))) == pytest.approx(expected)


@pytest.mark.parametrize("norm", [float("nan"), float("inf"), float("-inf")])
def test_a_norm_that_is_not_finite_reaches_the_weights(norm):
    scale = optimizers.clip_scale(tf.constant(norm))
    assert np.isnan(scale)
    weights = tf.Variable([1.0, 2.0])
    optimizers.AdamWeightDecay([weights]).apply(
        [tf.constant([0.0, 1.0])],
        scale=scale,
        rate=tf.constant(0.1),
        step=tf.constant(0, tf.int64),
    )
    assert np.isnan(weights).all()


def test_slots_have_checkpoint_names_and_start_at_zero(variables):
    optimizer = optimizers.AdamWeightDecay(variables)
    assert set(optimizer.slots) == {
        f"{name}/{slot}" for name in NAMES for slot in ("adam_m", "adam_v")
    }
    for name, slot in optimizer.slots.items():
        assert optimizers.name_of(slot) == name
        assert not slot.trainable
        np.testing.assert_array_equal(slot, np.zeros([ROWS, D]))


def test_refuses_another_number_of_gradients(variables):
    optimizer = optimizers.AdamWeightDecay(variables)
    with pytest.raises(ValueError, match="zip"):
        optimizer.apply(
            [tf.zeros([ROWS, D])],
            scale=tf.constant(1.0),
            rate=tf.constant(0.1),
            step=tf.constant(0, tf.int64),
        )


def test_by_name_drops_the_number_of_the_output(variables):
    named = optimizers.by_name(variables)
    assert list(named) == list(NAMES)
    assert all(one is two for one, two in zip(named.values(), variables, strict=True))


def test_by_name_refuses_two_variables_of_one_name():
    twins = [tf.Variable(1.0, name="a/b"), tf.Variable(2.0, name="a/b")]
    with pytest.raises(ValueError, match=r"^Two variables are named 'a/b'\.$"):
        optimizers.by_name(twins)
